/**
 * Sessions over TCP against a running server, saying what stands in the dictionary, in every state; blind to what it
 * reaches. Each session follows from the seed and its number alone, so that one that broke something can be run again.
 * The server answers or closes in time, no process of it ends, and its log never tells of a bug.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { pop3Session, sendData, smtpSession } from '../support/mail-clients.js';
import type { Server } from '../support/server.js';
import { Dice, preludes, utterance, type ProtocolName } from './words.js';

/** How many clients there are at a time: refusals are made to wait, so that most of them only wait. */
const CLIENTS = 64;
/** Fewer than clients: some find their maildrop in use. */
const ACCOUNTS = 8;
const PASSWORD = 'fuzz';
const MAX_UTTERANCES = 16;
/** From the client's last byte to the server's close. A refusal may be made to wait, but not for ever. */
const PATIENCE_MS = 30_000;
/** Between two looks at the processes, with a session that must work. */
const CHECK_MS = 5_000;
/** The server greets after a moment in which it listens. */
const GREETING_MS = 5_000;
/** An utterance may have no answer. */
const ANSWER_MS = 200;
export const BUG = /a bug ended a session|uncaught|unhandled|FATAL|"level":60/i;

export interface Fuzz {
  readonly server: Server;
  readonly seed: number;
  readonly durationMs: number;
  /** One session of an earlier run, alone. */
  readonly only?: number | undefined;
  readonly tell?: (text: string) => void;
}

export interface Result {
  readonly sessions: number;
  readonly bytes: number;
  readonly states: ReadonlyMap<string, number>;
  readonly messages: number;
}

/** @throws Error that names the seed, and the sessions that ran when it was seen. */
export async function fuzz({ server, seed, durationMs, only, tell = () => undefined }: Fuzz): Promise<Result> {
  const names = Array.from({ length: ACCOUNTS }, (_, number) => `fuzz${number}@localhost`);
  await Promise.all(names.map((name) => server.addAccount(name, PASSWORD)));
  await check(server, names);
  const processes = await pids(server);
  const states = new Map<string, number>();
  const running = new Set<number>();
  const deadlineMs = Date.now() + durationMs;
  let next = 0;
  let bytes = 0;
  let failure: Error | undefined;

  const one = async (number: number): Promise<void> => {
    running.add(number);
    const account = names[number % ACCOUNTS] as string;
    const session = new FuzzSession(server, new Dice(seed * 1_000_003 + number), { account, password: PASSWORD });
    const said = await session.run();
    bytes += said;
    states.set(session.name, (states.get(session.name) ?? 0) + 1);
    running.delete(number);
  };
  const client = async (): Promise<void> => {
    while (Date.now() < deadlineMs && failure === undefined) await one(next++);
  };
  const guard = async (): Promise<void> => {
    while (Date.now() < deadlineMs && failure === undefined) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(CHECK_MS, Math.max(0, deadlineMs - Date.now()))));
      await look();
      tell(`${next} sessions, ${bytes} bytes`);
    }
  };
  const look = async (): Promise<void> => {
    const bug = BUG.exec(server.logs);
    if (bug !== null) throw new Error(`The log says: ${lineAt(server.logs, bug.index)}`);
    const now = await pids(server);
    if (now !== processes) throw new Error(`Processes were ${processes} and are ${now}`);
    await check(server, ['postmaster@localhost']);
  };
  /** The first failure ends them all. */
  const watched = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => void (failure ??= asError(error)));

  if (only !== undefined) await watched(one(only));
  else await Promise.all([watched(guard()), ...Array.from({ length: CLIENTS }, () => watched(client()))]);
  await watched(look().then(() => over(server, names)));
  if (failure !== undefined)
    throw new Error(`SEED=${seed}, sessions ${[...running].join(', ')} of ${next}: ${failure.message}`, {
      cause: failure,
    });
  const { messagesAccepted } = await server.status();
  return { sessions: next, bytes, states, messages: messagesAccepted };
}

/** A session that behaves: a message each, accepted. */
async function check(server: Server, accounts: readonly string[]): Promise<void> {
  const client = await smtpSession(server.smtpPort);
  for (const account of accounts)
    for (let count = 0; count < 2; count++)
      await sendData(client, account, Buffer.from('Subject: still there\r\n\r\n.\r\nyes\r\n'));
  client.destroy();
  const reader = await LineClient.greeted(server.pop3Port);
  await reader.ask('QUIT', /^\+OK/);
}

/** Every session has ended, also those whose clients were gone, and every maildrop is free. */
async function over(server: Server, accounts: readonly string[]): Promise<void> {
  const ended = async (): Promise<boolean> => (await server.status()).workers.every(({ sessions }) => sessions === 0);
  await eventually('every session to end', ended, PATIENCE_MS);
  for (const account of accounts) (await pop3Session(server.pop3Port, account, PASSWORD)).destroy();
}

async function pids(server: Server): Promise<string> {
  const { supervisor, store, workers } = await server.status();
  return [supervisor?.pid, store?.pid, ...workers.map(({ pid }) => pid).toSorted()].join(' ');
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function lineAt(text: string, index: number): string {
  return text.slice(text.lastIndexOf('\n', index) + 1, index + 2000).split('\n')[0] ?? '';
}

export interface FuzzOptions {
  /** Takes mail in SMTP, and is read in POP3. */
  readonly account: string | Readonly<Record<ProtocolName, string>>;
  readonly password: string;
  /** How long the server may take to close; half a minute unless told. */
  readonly patienceMs?: number;
  /** Another address of this machine than the usual one. */
  readonly from?: string;
  /** Who wants to know what was said and heard. */
  readonly said?: (bytes: Buffer) => void;
  readonly heard?: (bytes: Buffer) => void;
}

export class FuzzSession {
  readonly #server: Pick<Server, 'smtpPort' | 'pop3Port'>;
  readonly #dice: Dice;
  readonly #account: string;
  readonly #options: FuzzOptions;
  readonly #protocol: ProtocolName;
  readonly #state: string;
  readonly #prelude: readonly string[];
  #bytes = 0;

  constructor(server: Pick<Server, 'smtpPort' | 'pop3Port'>, dice: Dice, options: FuzzOptions) {
    const { account, password } = options;
    this.#server = server;
    this.#dice = dice;
    this.#options = options;
    this.#protocol = dice.pick(['smtp', 'smtp', 'pop3']);
    this.#account = typeof account === 'string' ? account : account[this.#protocol];
    [this.#state, this.#prelude] = dice.pick([...preludes(this.#protocol, this.#account, password)]);
  }

  get name(): string {
    return `${this.#protocol} ${this.#state}`;
  }

  /** How many bytes it said. */
  async run(): Promise<number> {
    const { from, heard } = this.#options;
    const socket = connect({
      port: this.#server[this.#protocol === 'smtp' ? 'smtpPort' : 'pop3Port'],
      allowHalfOpen: true,
      ...(from !== undefined && { host: '127.0.0.1', localAddress: from }),
    });
    if (heard !== undefined) socket.on('data', heard);
    const closed = new Promise<void>((resolve) => {
      socket.on('error', () => undefined).on('close', () => resolve());
    });
    // When the server ends its side, so do we.
    socket.on('end', () => socket.end());
    await this.#heard(socket, GREETING_MS);
    this.#say(socket, Buffer.from(this.#prelude.map((line) => `${line}\r\n`).join('')));
    await this.#heard(socket, ANSWER_MS);
    for (let left = 1 + this.#dice.roll(MAX_UTTERANCES); left > 0 && socket.writable; left--) {
      this.#say(socket, utterance(this.#protocol, this.#dice, this.#account));
      if (this.#dice.roll(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#leave(socket, closed);
    return this.#bytes;
  }

  #say(socket: Socket, bytes: Buffer): void {
    this.#options.said?.(bytes);
    socket.write(bytes);
    this.#bytes += bytes.length;
  }

  /** The server closes in time, whichever way the client goes. */
  async #leave(socket: Socket, closed: Promise<void>): Promise<void> {
    const how = this.#dice.pick(['reset', 'reset', 'gone', 'half-close', 'half-close', 'half-close', 'quit']);
    if (how === 'reset') socket.resetAndDestroy();
    else if (how === 'gone') socket.destroy();
    else {
      if (how === 'quit') this.#say(socket, Buffer.from('\r\n.\r\nQUIT\r\n'));
      socket.end();
    }
    const { patienceMs = PATIENCE_MS } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        socket.destroy();
        reject(new Error(`${this.name}: neither answered nor closed for ${patienceMs} ms after ${how}`));
      }, patienceMs);
    });
    await Promise.race([closed, late]).finally(() => clearTimeout(timer));
  }

  /** Something came, or the connection is over, or the server had enough time. What it says is dropped. */
  #heard(socket: Socket, patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      socket.once('data', done).once('close', done);
    });
  }
}
