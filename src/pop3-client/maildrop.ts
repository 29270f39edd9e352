/**
 * A maildrop on another server as mail that is found (formats/found.ts): its messages by their unique-ids, of which only those are fetched
 * that are not known here. Nothing is removed there but, where it is wanted, what is durable here.
 */
import { NoMail, type FoundMail, type FoundMessage } from '../formats/found.js';
import { Pop3Connection, Pop3Failure, type TlsOptions } from './connection.js';
import { USUAL_PORTS, type Pop3Maildrop } from './url.js';

export interface FetchOptions {
  readonly password: string;
  /** Whether a message is removed there that is durable here since then. */
  readonly removes: (sinceMs: number) => boolean;
  /** Larger ones are not asked for, as far as the server says how large they are. */
  readonly maxOctets: number;
  /** Of each name (FoundMessage) when its message came, if it did. */
  readonly known: (names: readonly string[]) => Promise<readonly (number | undefined)[]>;
  /** Breaks it off: whatever it waits for fails. */
  readonly signal?: AbortSignal;
}

/** The server knows no such user and password, as far as it says. */
export class LoginRefused extends Pop3Failure {}

interface Listed {
  readonly number: number;
  readonly octets: number;
  readonly uidl: string;
}

/** Commands that are sent ahead where the server takes them (RFC 2449 §6.6), and octets that they may ask for. */
const AHEAD = { commands: 32, octets: 1024 * 1024 };

/** Greeted, under TLS and logged in. @throws Pop3Failure */
export async function openMaildrop(to: Pop3Maildrop, options: FetchOptions): Promise<FoundMail> {
  const connection = await Pop3Connection.connect(to, options.signal);
  try {
    const capabilities = await logIn(connection, to, options);
    const all = await list(connection);
    const [named, nameless] = byName(all);
    const known = await options.known(named.map((one) => nameOf(to, one)));
    const pipelines = capabilities.has('PIPELINING');
    return new RemoteMaildrop({ connection, to, named, nameless, known, options, pipelines });
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function logIn(
  connection: Pop3Connection,
  to: Pop3Maildrop,
  { password }: FetchOptions,
): Promise<ReadonlySet<string>> {
  const tls: TlsOptions = { name: to.tlsName, mustVerify: to.tls !== 'opportunistic' };
  if (to.tls === 'implicit') await connection.secure(tls);
  await connection.reply('the connection');
  if (to.tls === 'required' || to.tls === 'opportunistic') await startTls(connection, to, tls);
  await connection.ask(`USER ${to.user}`, 'USER').catch(loginRefused);
  connection.hide(password);
  await connection.ask(`PASS ${password}`, 'the password').catch(loginRefused);
  return capabilitiesOf(connection);
}

/** What of a maildrop passes: that somebody else is there, or has been just now, or that the server is unwell (RFC 2449 §8.1, RFC 3206 §4). */
const PASSING = /: \[(IN-USE|LOGIN-DELAY|SYS\/(TEMP|PERM))\]/i;

function loginRefused(error: unknown): never {
  const isRefused = error instanceof Pop3Failure && isRefusal(error) && !PASSING.test(error.message);
  throw isRefused ? new LoginRefused(error.message) : error;
}

async function startTls(connection: Pop3Connection, { tls }: Pop3Maildrop, options: TlsOptions): Promise<void> {
  if ((await capabilitiesOf(connection)).has('STLS')) {
    await connection.ask('STLS');
    await connection.secure(options);
  } else if (tls === 'required')
    throw new Pop3Failure('does not offer STLS, and TLS is wanted; ?tls=none in the URL does without');
}

/** None of a server that does not know CAPA (RFC 2449). */
async function capabilitiesOf(connection: Pop3Connection): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  connection.send('CAPA');
  const isKnown = await connection.reply('CAPA').then(() => true, refused); // prettier-ignore
  if (isKnown) for await (const line of connection.lines()) found.add((line.split(' ', 1)[0] as string).toUpperCase());
  return found;
}

async function list(connection: Pop3Connection): Promise<readonly Listed[]> {
  const octets = new Map<number, number>();
  await connection.ask('LIST');
  for await (const line of connection.lines()) {
    const [number, size] = line.split(' ').map(Number);
    if (!Number.isInteger(number) || !Number.isInteger(size))
      throw new Pop3Failure('lists its messages in a way that is not understood');
    octets.set(number as number, size as number);
  }
  const found: Listed[] = [];
  await connection.ask('UIDL'); // Without it nobody could tell what came before.
  for await (const line of connection.lines()) {
    const [, text, uidl] = /^(\d+) +(\S+)/.exec(line) ?? [];
    const number = Number(text);
    const size = octets.get(number);
    if (uidl === undefined || size === undefined)
      throw new Pop3Failure('lists its messages in a way that is not understood');
    found.push({ number, octets: size, uidl });
  }
  return found;
}

/** A unique-id that several messages have (RFC 1939 §7 lets those that are the same have one) is no name of any. */
function byName(all: readonly Listed[]): readonly [named: readonly Listed[], nameless: readonly Listed[]] {
  const counts = new Map<string, number>();
  for (const { uidl } of all) counts.set(uidl, (counts.get(uidl) ?? 0) + 1);
  const isNamed = ({ uidl }: Listed): boolean => counts.get(uidl) === 1;
  return [all.filter(isNamed), all.filter((one) => !isNamed(one))];
}

/** One message that the server does not give is no reason to leave the others there. */
async function* unreadable(error: unknown): AsyncGenerator<Buffer, void> {
  refused(error);
  yield* nothing(`the server ${(error as Error).message}`);
}

/** @throws NoMail */
async function* nothing(why: string): AsyncGenerator<Buffer, void> {
  yield await Promise.reject<Buffer>(new NoMail(why));
}

/** A refusal is one of that command alone; anything else is a failure still. */
function refused(error: unknown): false {
  if (error instanceof Pop3Failure && isRefusal(error)) return false;
  throw error;
}

function isRefusal({ message }: Pop3Failure): boolean {
  return message.startsWith('refuses');
}

interface RemoteOptions {
  readonly connection: Pop3Connection;
  readonly to: Pop3Maildrop;
  readonly named: readonly Listed[];
  readonly nameless: readonly Listed[];
  /** Of each that is named. */
  readonly known: readonly (number | undefined)[];
  readonly options: FetchOptions;
  readonly pipelines: boolean;
}

class RemoteMaildrop implements FoundMail {
  readonly kind: string;
  readonly bytes: number;
  readonly side = undefined;
  readonly passedOver: number;
  readonly #remote: RemoteOptions;
  readonly #wanted: readonly Listed[];
  readonly #tooLarge: readonly Listed[];
  readonly #nameless: readonly Listed[];
  /** Those that are to be removed there. */
  readonly #taken: number[] = [];
  #isBroken = false;

  constructor(remote: RemoteOptions) {
    const { named, nameless, known, to, options } = remote;
    this.#remote = remote;
    const isTooLarge = ({ octets }: Listed): boolean => octets > options.maxOctets;
    const unknown = named.filter((_, at) => known[at] === undefined);
    this.#wanted = unknown.filter((one) => !isTooLarge(one));
    this.#nameless = nameless.filter((one) => !isTooLarge(one));
    this.#tooLarge = [...unknown, ...nameless].filter(isTooLarge);
    this.passedOver = named.length - unknown.length;
    this.kind = `${to.user} at ${to.host}`;
    this.bytes = [...this.#wanted, ...this.#nameless].reduce((sum, { octets }) => sum + octets, 0);
    for (const [at, one] of named.entries()) {
      const sinceMs = known[at];
      if (sinceMs !== undefined) this.#take(one, sinceMs);
    }
  }

  async *messages(): AsyncGenerator<FoundMessage, void> {
    yield* this.#named();
    for (const one of this.#nameless) yield { ...this.#found(one), read: () => this.#octetsOf(one) };
    const why = `it is larger than --max-message-size, ${this.#remote.options.maxOctets} octets`;
    for (const one of this.#tooLarge) yield { ...this.#found(one), read: () => nothing(why) };
  }

  #found(one: Listed): Omit<FoundMessage, 'read'> {
    const { to } = this.#remote;
    return {
      place: `message ${one.number} of ${to.user} at ${to.host}`,
      bytes: one.octets,
      taken: (sinceMs) => this.#take(one, sinceMs),
    };
  }

  #take({ number }: Listed, sinceMs: number): void {
    if (this.#remote.options.removes(sinceMs)) this.#taken.push(number);
  }

  /** Each has to be read before the next is asked for. */
  async *#named(): AsyncGenerator<FoundMessage, void> {
    const { connection, to } = this.#remote;
    let sent = 0;
    for (const [at, one] of this.#wanted.entries()) {
      sent = this.#askAhead(at, sent);
      this.#isBroken = true;
      const octets = await connection.reply(`RETR ${one.number}`).then(() => connection.octets(), unreadable);
      yield {
        ...this.#found(one),
        ...{ uidl: one.uidl, name: nameOf(to, one) },
        read: () => ({ [Symbol.asyncIterator]: () => ({ next: () => octets.next() }) }), // Ended below, whatever its reader does.
      };
      while ((await octets.next()).done !== true); // What nobody wanted.
      this.#isBroken = sent > at + 1;
    }
  }

  /** Asked for whenever it is read: what is known by its octets may be read twice. */
  async *#octetsOf({ number }: Listed): AsyncGenerator<Buffer, void> {
    const { connection } = this.#remote;
    connection.send(`RETR ${number}`);
    this.#isBroken = true;
    const octets = await connection.reply(`RETR ${number}`).then(() => connection.octets(), unreadable);
    let hasFailed = false;
    try {
      yield* { [Symbol.asyncIterator]: () => ({ next: () => octets.next() }) };
    } catch (error) {
      hasFailed = !(error instanceof NoMail);
      throw error;
    } finally {
      while ((await octets.next()).done !== true); // What nobody wanted.
      this.#isBroken = hasFailed;
    }
  }

  async close(): Promise<void> {
    const { connection } = this.#remote;
    try {
      if (this.#isBroken) return;
      for (const number of this.#taken) await connection.ask(`DELE ${number}`);
      await connection.ask('QUIT');
    } finally {
      connection.close();
    }
  }

  /** How many were asked for: the message at `at`, and some behind it. */
  #askAhead(at: number, before: number): number {
    const { connection, pipelines } = this.#remote;
    let sent = Math.max(before, at);
    const until = pipelines ? at + AHEAD.commands : at + 1;
    let octets = 0;
    for (const { number, octets: size } of this.#wanted.slice(sent, until)) {
      octets += size;
      if (sent > at && octets > AHEAD.octets) break;
      connection.send(`RETR ${number}`);
      sent += 1;
    }
    return sent;
  }
}

/** A unique-id is one in its maildrop alone (RFC 1939 §7). The usual ports lead to one server, any other may be another's. */
function nameOf({ host, port, user }: Pop3Maildrop, { uidl }: Listed): string {
  const server = USUAL_PORTS.includes(port) ? host : `${host}:${port}`;
  return `pop3 ${user}@${server} ${uidl}`;
}
