/**
 * A small model of RFC 5321 with CHUNKING (RFC 3030) and PIPELINING (RFC 2920): what a server answers to a client's
 * stream of bytes, and which messages are there afterwards. It looks at the whole stream at once and knows no sockets,
 * no pieces and no store. Addresses are of a fixed vocabulary: the grammar of paths is tested elsewhere.
 * A message takes its envelope with it: whatever ends it, accepted or refused, `greeted` is all that is left.
 */
import { Buffer } from 'node:buffer';

/** Text as the bytes that travel, one character each. */
export const bytes = (text: string): string => Buffer.from(text).toString('latin1');

/** What a session that misbehaves can count on. */
export interface Manners {
  /** More refusals than this: a last 421, then the connection closes. */
  readonly errorLimit: number;
  readonly lineLimitBytes: number;
  /** A verb of HTTP, or a first line that is no command and no text, closes the connection at once. */
  readonly closesOnForeign: boolean;
}

export interface Mail {
  /** The addresses that get a copy each. */
  readonly to: readonly string[];
  readonly body: string;
}

export interface Forecast {
  readonly replies: readonly number[];
  readonly mail: readonly Mail[];
  readonly closed: boolean;
}

export const MESSAGE_LIMIT_BYTES = 200;

/** What MAIL answers to its argument, in lower case; anything else is a syntax error. */
export const SENDERS: ReadonlyMap<string, number> = vocabulary([
  ['from:<sender@client.example>', 250],
  ['from:<>', 250],
  ['from: <sender@client.example>', 250],
  ['from:<sender@client.example> size=10', 250],
  ['from:<sender@client.example> size=99999', 552],
  ['from:<sender@client.example> size=x', 501],
  ['from:<sender@client.example> body=8bitmime', 250],
  ['from:<sender@client.example> body=binarymime', 555],
  ['from:<sender@client.example> smtputf8', 250],
  ['from:<sender@client.example> ret=full', 555],
  ['from:<ünal@client.example> smtputf8', 250],
  ['from:<ünal@client.example>', 553],
  ['from:<sender>', 250],
  ['from:<sender@>', 501],
  ['from:<a..b.@my_client.example.>', 250],
  ['from:sender@client.example', 250],
  ['from: sender@client.example\tsize=10', 250],
  ['from:\t< sender@client.example\t>  size=10  body=8bitmime', 250],
  ['from:<sender @ client.example>', 250],
  ['from:< >', 250],
  ['from: <sender@client.example', 501],
]);

/** Whom RCPT leads to, or the code of its refusal. */
export const RECIPIENTS: ReadonlyMap<string, readonly string[] | number> = vocabulary<readonly string[] | number>([
  ['to:<anna@example.org>', ['anna']],
  ['to:<bert@example.org>', ['bert']],
  ['to:<anna+list@example.org>', ['anna+list']],
  ['to:<both@example.org>', ['anna', 'bert']],
  ['to:<@relay.example:bert@example.org>', ['bert']],
  ['to:<nobody@example.org>', 550],
  ['to:<an..na@example.org>', 550],
  ['to:<bert@example.org.>', ['bert']],
  ['to:<anna@elsewhere.example>', 550],
  ['to:<anna@example.org> notify=never', 555],
  ['to:  anna@example.org', ['anna']],
  ['to:\t<\tanna@example.org >', ['anna']],
  ['to:<anna', 501],
  ['to:<>', 501],
]);

const HTTP = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE)$/;

type State =
  | { readonly at: 'start' | 'greeted' }
  | { readonly at: 'mail'; readonly to: readonly string[] }
  | { readonly at: 'chunking'; readonly to: readonly string[]; readonly body: string };

/** What the client may expect when it has sent these bytes and waits. */
export function foresee(stream: string, manners: Manners): Forecast {
  const replies: number[] = [220];
  const mail: Mail[] = [];
  let state: State = { at: 'start' };
  let errors = 0;
  let closed = false;
  let unfinished = false;
  let rest = stream;

  const take = (count: number): string => {
    const taken = rest.slice(0, count);
    rest = rest.slice(count);
    return taken;
  };
  const close = (code: number): void => {
    replies.push(code);
    closed = true;
  };
  /** The one place where refusals count. */
  const say = (code: number, next: State = state): void => {
    replies.push(code);
    state = next;
    if (code >= 400 && ++errors > manners.errorLimit) close(421);
  };
  /** The end of data. */
  const conclude = (body: string, to: readonly string[]): void => {
    const code = verdict(body);
    if (code === 250) mail.push({ to: [...new Set(to)], body: begun(body) });
    say(code, { at: 'greeted' });
  };
  const data = (idle: boolean): void => {
    if (state.at !== 'mail') return say(503);
    if (!idle) return say(501);
    if (state.to.length === 0) return say(503);
    replies.push(354);
    const end = `\r\n${rest}`.indexOf('\r\n.\r\n');
    if (end === -1) unfinished = true;
    else conclude(unstuffed(take(end + 3).slice(0, -3)), state.to);
  };
  const bdat = (argument: string): void => {
    const [, length, last] = /^(\d{1,15})([ \t]+LAST)?$/i.exec(argument) ?? [];
    const to = state.at === 'mail' || state.at === 'chunking' ? state.to : undefined;
    // Where the octets end is not known: nothing behind can be told from commands.
    if (length === undefined) return close(to === undefined ? 503 : 501);
    if (rest.length < Number(length)) return void (unfinished = true);
    const chunk = take(Number(length));
    if (to === undefined || to.length === 0) return say(503);
    const body = (state.at === 'chunking' ? state.body : '') + chunk;
    if (last !== undefined) conclude(body, to);
    else if (body.length > MESSAGE_LIMIT_BYTES) say(552, { at: 'greeted' });
    else say(250, { at: 'chunking', to, body });
  };
  const rcpt = (found: readonly string[] | number): void => {
    if (state.at !== 'mail') say(503);
    else if (typeof found === 'number') say(found);
    else say(250, { at: 'mail', to: [...state.to, ...found] });
  };
  const carryOut = (verb: string, argument: string): void => {
    const idle = argument === '';
    switch (verb) {
      case 'EHLO':
      case 'HELO':
        return idle ? say(501) : say(250, { at: 'greeted' });
      case 'MAIL': {
        const code = state.at === 'greeted' ? (SENDERS.get(plain(argument)) ?? 501) : 503;
        return code === 250 ? say(code, { at: 'mail', to: [] }) : say(code);
      }
      case 'RCPT':
        return rcpt(RECIPIENTS.get(plain(argument)) ?? 501);
      case 'DATA':
        return data(idle);
      case 'BDAT':
        return bdat(argument);
      case 'RSET':
        return idle ? say(250, { at: state.at === 'start' ? 'start' : 'greeted' }) : say(501);
      case 'NOOP':
        return say(250);
      case 'VRFY':
        return say(idle ? 501 : 252);
      case 'EXPN':
        return say(502);
      case 'HELP':
        return say(/^(mail)?$/i.test(argument) ? 214 : 504);
      case 'QUIT':
        return close(221);
      default:
        return manners.closesOnForeign && HTTP.test(verb) ? close(500) : say(500);
    }
  };

  /** Undefined when the client has said no more, or nobody listens. */
  const nextLine = (): string | undefined => {
    const end = closed || unfinished ? -1 : rest.indexOf('\r\n');
    return end === -1 ? undefined : take(end + 2).slice(0, -2);
  };
  let first = true;
  for (let line = nextLine(); line !== undefined; line = nextLine()) {
    const [, verb = '', argument = ''] = /^[ \t]*([^ \t]*)([^]*)$/.exec(line) ?? [];
    if (first && manners.closesOnForeign && verb.includes('\0')) close(500);
    else if (line.length > manners.lineLimitBytes || /[\0\r\n]/.test(line)) say(500);
    else carryOut(verb.toUpperCase(), trimmed(argument));
    first = false;
  }
  return { replies, mail, closed };
}

/** What begins with neither a field nor an empty line is text, and parted from the trace headers. */
function begun(body: string): string {
  return body === '' || /^(?:\r\n|[!-9;-~]+[ \t]*:)/.test(body) ? body : `\r\n${body}`;
}

function verdict(body: string): number {
  if (body.length > MESSAGE_LIMIT_BYTES) return 552;
  return /\r(?!\n)|(?<!\r)\n/.test(body) ? 550 : 250;
}

/** RFC 5321 §4.5.2. */
function unstuffed(body: string): string {
  return body.replace(/(^|\r\n)\./g, '$1');
}

/** Blanks are spaces and tabs. */
function trimmed(argument: string): string {
  return argument.replace(/^[ \t]+|[ \t]+$/g, '');
}

/** Letters of ASCII in lower case, the octets of others as they are. */
function plain(argument: string): string {
  return argument.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function vocabulary<V>(entries: readonly (readonly [string, V])[]): ReadonlyMap<string, V> {
  return new Map(entries.map(([text, value]) => [bytes(text), value]));
}
