/**
 * Commands and their replies over one socket, in clear and then maybe under TLS. Each reply belongs to the command that was sent
 * first among those still unanswered, and has a deadline from when it is next. A server that speaks unasked, says what cannot be
 * read, takes too long or goes away breaks the dialogue: whatever is waited for then is answered by that, and nothing is sent
 * any more. No promise of it ever rejects.
 */
import type { Socket } from 'node:net';
import { broken, CLOSING, isNegative, type Answer, type Broken, type Reply } from './reply.js';
import { ReplyReader } from './reply-reader.js';
import { Secrets } from './secrets.js';

/** Output waiting above this makes a writer wait. */
const OUTPUT_HIGH_WATER_BYTES = 256 * 1024;
/** After goodbye was said, how long the server may take to close. */
const LINGER_MS = 2_000;

interface Expectation {
  readonly deadlineMs: number;
  readonly settle: (answer: Answer) => void;
  /** What comes behind this reply is not heard, if it is this one. */
  readonly deafAfter?: number | undefined;
}

export class Dialogue {
  /** What a login said: no later reply shows it. */
  readonly secrets = new Secrets();
  #socket: Socket;
  #reader = new ReplyReader(this.secrets);
  readonly #expected: Expectation[] = [];
  #timer: NodeJS.Timeout | undefined;
  #broken: Broken | undefined;
  /** Until TLS begins, nobody's words count (RFC 3207 §4.2, §6). */
  #deaf = false;
  /** What a writer or reader of something else waits for. */
  #waiting: (() => void) | undefined;

  readonly #listeners = {
    data: (bytes: Buffer) => this.#received(bytes),
    end: () => this.break(closed),
    error: (error: NodeJS.ErrnoException) => this.break(lost(error)),
    close: () => this.break(closed),
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  get broken(): Broken | undefined {
    return this.#broken;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Sends a line, and waits for its reply. */
  ask(line: string, deadlineMs: number, deafAfter?: number): Promise<Answer> {
    const answer = this.expect(deadlineMs, deafAfter);
    this.write(Buffer.from(`${line}\r\n`));
    return answer;
  }

  /** The reply to what is sent in this turn. */
  expect(deadlineMs: number, deafAfter?: number): Promise<Answer> {
    if (this.#broken !== undefined) return Promise.resolve(this.#broken);
    return new Promise((settle) => {
      this.#expected.push({ deadlineMs, settle, deafAfter });
      if (this.#expected.length === 1) this.#await();
    });
  }

  /** False when too much waits to be sent: see `drained`. */
  write(...pieces: readonly Buffer[]): boolean {
    if (this.#broken !== undefined) return true;
    if (pieces.length > 1) this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    if (pieces.length > 1) this.#socket.uncork();
    return this.#socket.writableLength < OUTPUT_HIGH_WATER_BYTES;
  }

  /** Resolves when everything has been sent, or never will be; it has to be in time. */
  async drained(deadlineMs: number): Promise<void> {
    const socket = this.#socket;
    if (this.#broken !== undefined || !socket.writableNeedDrain) return;
    const timer = setTimeout(() => this.break(timedOut('the server took no more of the message')), deadlineMs);
    await this.orBroken(new Promise<void>((resolve) => socket.once('drain', resolve)));
    clearTimeout(timer);
  }

  /** What it resolves with, or undefined once the dialogue is broken. Rejects as it does. One at a time. */
  orBroken<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting = () => resolve(undefined);
      promise.then(resolve, reject);
      if (this.#broken !== undefined) resolve(undefined);
    });
  }

  /** Hears nothing more of the socket: its octets are for the TLS library. */
  leave(): Socket {
    const { data, end, close } = this.#listeners;
    return this.#socket.off('data', data).off('end', end).off('close', close);
  }

  /** `secured` runs over the socket that was left, and goes on in its place; nothing that was heard before is known. */
  continueUnder(secured: Socket): void {
    this.#socket = secured;
    this.#reader = new ReplyReader(this.secrets);
    this.#deaf = false;
    this.#listen();
  }

  /** Ends it from this side, at once. */
  break(why: Broken): void {
    if (this.#broken !== undefined) return;
    this.#stop(why);
    this.#socket.destroy();
  }

  /** Says a last word, and waits for the server to close, but not for long. */
  async end(word: string): Promise<void> {
    if (this.#broken !== undefined) return;
    const socket = this.#socket;
    this.write(Buffer.from(`${word}\r\n`));
    this.#stop(ended);
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    await new Promise<void>((resolve) => void socket.once('close', resolve).end());
    clearTimeout(timer);
  }

  #stop(why: Broken): void {
    this.#broken = why;
    clearTimeout(this.#timer);
    for (const { settle } of this.#expected.splice(0)) settle(why);
    this.#waiting?.();
  }

  #listen(): void {
    const { data, end, error, close } = this.#listeners;
    this.#socket.on('data', data).on('end', end).on('error', error).on('close', close);
  }

  #received(bytes: Buffer): void {
    if (this.#deaf || this.#broken !== undefined) return;
    const violation = this.#reader.receive(bytes, (reply) => this.#reply(reply));
    if (violation !== undefined) this.#violated(violation);
  }

  /** Perhaps behind the last reply that counts. */
  #violated(violation: string): void {
    if (!this.#deaf) this.break(broken('4.5.0', violation));
  }

  #reply(reply: Reply): void {
    if (this.#deaf || this.#broken !== undefined) return;
    const expectation = this.#expected.shift();
    if (expectation === undefined) return this.break(unasked(reply));
    clearTimeout(this.#timer);
    this.#deaf = reply.code === expectation.deafAfter;
    expectation.settle(reply);
    if (reply.code === CLOSING) this.break(unasked(reply));
    else if (this.#expected.length > 0) this.#await();
  }

  #await(): void {
    const deadlineMs = this.#expected[0]?.deadlineMs ?? 0;
    this.#timer = setTimeout(() => this.break(timedOut('the server did not answer')), deadlineMs);
  }
}

const ended = broken('4.4.2', 'the connection was closed from this side');
const closed = broken('4.4.2', 'the server closed the connection');

export function timedOut(what: string): Broken {
  return broken('4.4.2', `${what} in time`);
}

function lost({ code }: NodeJS.ErrnoException): Broken {
  return broken('4.4.2', `the connection broke (${code ?? 'error'})`);
}

/** A refusal counts as one, whenever it comes; nothing else does. */
function unasked(reply: Reply): Broken {
  if (isNegative(reply)) return broken(reply.status ?? '4.3.2', reply.text, reply);
  return broken('4.5.0', `the server answered before it was asked: ${reply.code} ${reply.text}`);
}
