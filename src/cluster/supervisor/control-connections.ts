/**
 * The clients of the control socket: each says one line and is answered with one line, and then its connection ends. Who says nothing, too
 * much, or does not take its answer is cut off. Of those that have not asked yet, the oldest makes way for the next.
 */
import type { Socket } from 'node:net';
import { errorLine } from './control-requests.js';

/** Far more than any request needs. */
const LINE_LIMIT_BYTES = 4096;
/** Who has not asked by then is cut off. */
const REQUEST_LIMIT_MS = 2_000;
/** Who has not taken its answer by then. */
const ANSWER_LIMIT_MS = 5_000;
/** So many may be about to ask. */
const SILENT_LIMIT = 32;

export class ControlConnections {
  readonly #answer: (line: string) => Promise<string>;
  /** Those that have not asked yet, in the order in which they came. */
  readonly #silent = new Set<Socket>();

  /** `answer` never rejects. */
  constructor(answer: (line: string) => Promise<string>) {
    this.#answer = answer;
  }

  add(socket: Socket): void {
    const [oldest] = this.#silent;
    if (oldest !== undefined && this.#silent.size >= SILENT_LIMIT) this.#cut(oldest);
    this.#silent.add(socket);
    const timer = setTimeout(() => this.#cut(socket), REQUEST_LIMIT_MS);
    socket.on('error', () => undefined); // It is closed after it.
    socket.on('end', () => this.#silent.has(socket) && this.#cut(socket)); // It went without asking.
    socket.on('close', () => {
      clearTimeout(timer);
      this.#silent.delete(socket);
    });
    this.#read(socket, (line) => {
      clearTimeout(timer);
      this.#silent.delete(socket);
      void this.#reply(socket, line);
    });
  }

  #cut(socket: Socket): void {
    this.#silent.delete(socket);
    socket.destroy();
  }

  /** `asked` is told once: the line, or undefined when it is too long. Nothing is read behind it. */
  #read(socket: Socket, asked: (line: string | undefined) => void): void {
    let said = '';
    const hear = (more: string): void => {
      said += more;
      const end = said.indexOf('\n');
      if (end === -1 && said.length <= LINE_LIMIT_BYTES) return;
      socket.off('data', hear).pause();
      asked(end === -1 || end > LINE_LIMIT_BYTES ? undefined : said.slice(0, end));
    };
    socket.setEncoding('utf8').on('data', hear);
  }

  async #reply(socket: Socket, line: string | undefined): Promise<void> {
    const tooLong = errorLine(`a request has at most ${LINE_LIMIT_BYTES} characters`);
    const answer = line === undefined ? tooLong : await this.#answer(line);
    const timer = setTimeout(() => socket.destroy(), ANSWER_LIMIT_MS);
    socket.on('close', () => clearTimeout(timer));
    socket.end(answer, () => socket.destroy()); // The kernel has it; what came behind the line is read by nobody.
  }
}
