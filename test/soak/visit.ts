/**
 * One connection of a client of any manners, with all that was said on it, so that what the server acknowledged can be looked for
 * afterwards and compared. Every wait has a limit; what never comes is no error here.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { Condition } from '../support/condition.js';

/** The ids under which the server took messages, in all that it said. */
export function acknowledgedIn(heard: string): readonly string[] {
  return [...heard.matchAll(/^250 2\.\d+\.\d+ .*[Aa]ccepted as (\S+)\r$/gm)].map(([, id = '']) => id);
}

export class Visit {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly #said: Buffer[] = [];
  #heard = '';
  #isOver = false;
  readonly #more = new Condition();

  constructor(port: number, from: string) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress: from, allowHalfOpen: true });
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      this.#heard += text;
      this.#more.notify();
    });
    this.socket.on('error', () => undefined).on('end', () => this.socket.end());
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        this.#isOver = true;
        this.#more.notify();
        resolve();
      });
    });
  }

  get said(): Buffer {
    return Buffer.concat(this.#said);
  }

  get heard(): string {
    return this.#heard;
  }

  /** The ids under which the server took messages. */
  get acknowledged(): readonly string[] {
    return acknowledgedIn(this.#heard);
  }

  say(bytes: Uint8Array | string): void {
    const octets = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    this.#said.push(octets);
    if (this.socket.writable) this.socket.write(octets);
  }

  /** False when so many lines never came. */
  async lines(count: number, patienceMs: number): Promise<boolean> {
    return this.until(() => this.#heard.split('\r\n').length > count, patienceMs);
  }

  /** Says a line and waits for what ends an answer. */
  async ask(line: string, answer: RegExp, patienceMs = ANSWER_MS): Promise<boolean> {
    const from = this.#heard.length;
    this.say(`${line}\r\n`);
    return this.until(() => answer.test(this.#heard.slice(from)), patienceMs);
  }

  async until(condition: () => boolean, patienceMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + patienceMs;
    while (!condition()) {
      const leftMs = deadlineMs - performance.now();
      if (this.#isOver || leftMs <= 0) return false;
      await this.#more.wait(leftMs);
    }
    return true;
  }

  /** False when the server never closed, whichever way the client went. */
  async end(how: 'reset' | 'gone' | 'half-close'): Promise<boolean> {
    if (how === 'reset') this.socket.resetAndDestroy();
    else if (how === 'gone') this.socket.destroy();
    else this.socket.resume().end();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), CLOSE_MS)));
    const inTime = await Promise.race([this.closed.then(() => true), late]);
    clearTimeout(timer);
    this.socket.destroy();
    return inTime;
  }
}

const ANSWER_MS = 20_000;
/** A login may wait a minute for its turn, and half a minute for its hash. */
export const CLOSE_MS = 120_000;
