/**
 * One side of a comparison: a raw connection that says octets and takes what is answered by its class. What stands in lists and
 * messages of POP3 is passed over: there no line begins as an answer does.
 */
import { connect, type Socket } from 'node:net';
import { Condition } from '../support/condition.js';
import type { ServiceName } from './kind.js';

/** `closed`: the connection ended before an answer; `silence`: nothing came in time. */
export type AnswerClass =
  '2xx' | '3xx' | '4xx' | '5xx' | '+OK' | '-ERR' | '+' | 'something else' | 'closed' | 'silence';

export interface Answer {
  readonly class: AnswerClass;
  /** Its last line. */
  readonly text: string;
}

const CONNECT_MS = 10_000;

export class Client {
  readonly #socket: Socket;
  readonly #service: ServiceName;
  #heard = '';
  #isOver = false;
  readonly #more = new Condition();

  private constructor(socket: Socket, service: ServiceName) {
    this.#socket = socket;
    this.#service = service;
    socket.setNoDelay(true);
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#heard += text;
      this.#more.notify();
    });
    socket
      .on('error', () => undefined)
      .on('close', () => {
        this.#isOver = true;
        this.#more.notify();
      });
  }

  /** Connected; the greeting is still to be heard. @throws Error when it cannot connect. */
  static connect(port: number, from: string, service: ServiceName): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: from, timeout: CONNECT_MS });
      socket.once('error', reject).once('connect', () => {
        socket.off('error', reject).setTimeout(0);
        resolve(new Client(socket, service));
      });
    });
  }

  say(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  async answer(patienceMs: number): Promise<Answer> {
    const deadlineMs = performance.now() + patienceMs;
    for (;;) {
      const text = this.#line();
      if (text !== undefined) return { class: classOf(text), text };
      if (this.#isOver) return { class: 'closed', text: '(closed)' };
      if (performance.now() >= deadlineMs) return { class: 'silence', text: '(nothing)' };
      await this.#more.wait(deadlineMs - performance.now());
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The next line that ends an answer. */
  #line(): string | undefined {
    for (let end = this.#heard.indexOf('\n'); end !== -1; end = this.#heard.indexOf('\n')) {
      const line = this.#heard.slice(0, end).replace(/\r$/, '');
      this.#heard = this.#heard.slice(end + 1);
      if (this.#service === 'pop3' ? /^(\+OK|-ERR|\+ |\+$)/.test(line) : !/^\d{3}-/.test(line)) return line;
    }
    return undefined;
  }
}

function classOf(line: string): AnswerClass {
  const code = /^([2-5])\d\d(?: |$)/.exec(line)?.[1];
  if (code !== undefined) return `${code}xx` as AnswerClass;
  return (/^(\+OK|-ERR|\+)/.exec(line)?.[1] ?? 'something else') as AnswerClass;
}
