/** What the page asks the server: JSON in and out. Whatever is refused comes as a RequestFailure with the server's own sentence. */

export interface MailAddress {
  readonly Name: string;
  readonly Address: string;
}

export interface MessageSummary {
  readonly ID: string;
  readonly From: MailAddress | null;
  readonly To: readonly MailAddress[] | null;
  readonly Subject: string;
  readonly Created: string;
  readonly Size: number;
  readonly Attachments: number;
  readonly Snippet: string;
}

export interface MessagePage {
  /** Of the whole maildrop. */
  readonly total: number;
  /** Of what was asked for. */
  readonly messages_count: number;
  readonly start: number;
  readonly messages: readonly MessageSummary[];
}

export interface MessagePart {
  readonly PartID: string;
  readonly FileName: string;
  readonly ContentType: string;
  readonly ContentID: string;
  readonly Size: number;
}

export interface Message {
  readonly ID: string;
  readonly MessageID: string;
  readonly From: MailAddress | null;
  readonly To: readonly MailAddress[] | null;
  readonly Cc: readonly MailAddress[] | null;
  readonly ReplyTo: readonly MailAddress[] | null;
  readonly Subject: string;
  readonly Date: string;
  readonly Text: string;
  readonly HTML: string;
  readonly Size: number;
  readonly Inline: readonly MessagePart[] | null;
  readonly Attachments: readonly MessagePart[] | null;
}

export type Headers = Readonly<Record<string, readonly string[]>>;

export interface Session {
  readonly id: string;
  readonly current: boolean;
  readonly since: string;
  readonly lastSeen: string;
  readonly client: string;
  readonly agent: string;
}

export interface Credential {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly created: string;
  readonly lastUsed: string | null;
  readonly lastUsedFrom: string | null;
}

/** What to type into a mail program. */
export interface Service {
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly security: string;
}

/** Its message is for people. */
export class RequestFailure extends Error {
  /** 0 when the server did not answer. */
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

/** Where the server's paths begin: --web-base-path, which the server wrote into the page. */
export const basePath = document.querySelector<HTMLMetaElement>('meta[name=base-path]')?.content ?? '';

export const api = {
  whoAmI: () => ask<{ readonly address: string }>('GET', 'session'),
  logIn: (login: string, password: string) => ask<{ readonly address: string }>('POST', 'session', { login, password }),
  logOut: () => ask('DELETE', 'session'),

  list: (start: number, limit: number) => ask<MessagePage>('GET', `messages?${query({ start, limit })}`),
  read: (id: string) => ask<Message>('GET', messagePath(id)),
  headers: (id: string) => ask<Headers>('GET', messagePath(id, 'headers')),
  source: async (id: string) => (await send('GET', messagePath(id, 'raw'))).text(),
  part: async (id: string, part: string) =>
    (await send('GET', messagePath(id, `part/${encodeURIComponent(part)}`))).blob(),
  remove: (ids: readonly string[]) => ask('DELETE', 'messages', { IDs: ids }),
  restore: (ids: readonly string[]) => ask('POST', 'messages/restore', { IDs: ids }),

  sessions: () => ask<{ readonly sessions: readonly Session[] }>('GET', 'sessions'),
  endSession: (id: string) => ask('DELETE', `sessions/${id}`),
  setPassword: (password: string, next: string) => ask('PUT', 'password', { password, new: next }),
  credentials: () =>
    ask<{ readonly credentials: readonly Credential[]; readonly services: readonly Service[] }>('GET', 'credentials'),
  addCredential: (name: string, scopes: readonly string[]) =>
    ask<{ readonly password: string }>('POST', 'credentials', { name, scopes }),
  removeCredential: (name: string) => ask('DELETE', `credentials/${encodeURIComponent(name)}`),
};

function pathOf(path: string): string {
  return `${basePath}/api/v1/${path}`;
}

function messagePath(id: string, rest = ''): string {
  return `message/${encodeURIComponent(id)}${rest && `/${rest}`}`;
}

function query(values: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)])).toString();
}

/** What has no body answers with undefined, Mailpit's `ok` too. */
async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await send(method, path, body);
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json') ?? false;
  return (isJson ? await response.json() : undefined) as Answer;
}

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const sent =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  const response = await fetch(pathOf(path), { method, ...sent }).catch(() => {
    throw new RequestFailure(0, 'The server does not answer. Try again in a moment.');
  });
  if (!response.ok) throw new RequestFailure(response.status, await sentenceOf(response));
  return response;
}

async function sentenceOf(response: Response): Promise<string> {
  const said = (await response.json().catch(() => ({}))) as { error?: unknown; Error?: unknown };
  const sentence = said.error ?? said.Error;
  return typeof sentence === 'string' ? sentence : `The server answered ${response.status}.`;
}
