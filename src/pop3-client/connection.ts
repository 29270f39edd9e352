/**
 * One connection to a POP3 server (RFC 1939): commands, the first lines of replies, and the lines that follow some of them, which are
 * read no faster than they are wanted. Whatever the server does wrong, or does not do in time, is a Pop3Failure, after which nothing more
 * is read from it.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { DOT, LF, CR } from '../bytes/line-ends.js';

/** What went wrong, as the rest of a sentence that begins with the server's name. */
export class Pop3Failure extends Error {}

export interface Pop3Limits {
  readonly connectMs: number;
  /** For each reply to begin, and each piece of it to come. */
  readonly replyMs: number;
}

const POP3_LIMITS: Pop3Limits = { connectMs: 30_000, replyMs: 120_000 };
/** RFC 2449 §4 allows 512. */
const LINE_LIMIT_BYTES = 4096;
/** Of a list, which is held as a whole; nobody has so many messages. */
const LINES_LIMIT = 2_000_000;
const LIST_LIMIT_CHARACTERS = 128 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);
const LINE_DOT = Buffer.from('\n.');

export interface TlsOptions {
  /** The name that the certificate must be for. */
  readonly name: string;
  readonly mustVerify: boolean;
}

export class Pop3Connection {
  readonly #limits: Pop3Limits;
  #socket: Socket;
  /** What came and was not read. */
  #rest: Buffer = NOTHING;
  #failure: Pop3Failure | undefined;
  #secret = '';
  #wake: (() => void) | undefined;

  private constructor(socket: Socket, limits: Pop3Limits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#listen();
  }

  /** What is waited for fails when `signal` says that it is to. @throws Pop3Failure */
  static async connect(
    to: { readonly host: string; readonly port: number },
    signal?: AbortSignal,
    limits = POP3_LIMITS,
  ): Promise<Pop3Connection> {
    const socket = connectTcp({ ...to, noDelay: true });
    let breakOff = (): unknown => socket.destroy();
    signal?.addEventListener('abort', () => breakOff(), { once: true });
    await begun(socket, 'connect', limits.connectMs);
    const connection = new Pop3Connection(socket, limits);
    breakOff = () => connection.close(); // Of TLS on it too.
    return connection;
  }

  /** Nothing that came before is read after it (RFC 2595 §4). */
  async secure({ name, mustVerify }: TlsOptions): Promise<void> {
    if (this.#rest.length > 0 || this.#socket.readableLength > 0)
      throw new Pop3Failure('said more before TLS than it may');
    this.#socket.removeAllListeners();
    const secured = connectTls({
      socket: this.#socket,
      host: name,
      ...(isIP(name) === 0 && { servername: name }),
      rejectUnauthorized: mustVerify,
    });
    await begun(secured, 'secureConnect', this.#limits.connectMs);
    this.#socket = secured;
    this.#listen();
  }

  send(line: string): void {
    this.#socket.write(`${line}\r\n`);
  }

  /** A server that says it again is shown with asterisks in its place. */
  hide(secret: string): void {
    this.#secret = Buffer.from(secret).toString('latin1'); // As lines are read.
  }

  /** The text behind +OK. @throws Pop3Failure for what is no +OK */
  async reply(what: string): Promise<string> {
    const line = await this.#line();
    const [, text] = /^\+OK(?: (.*))?$/i.exec(line) ?? [];
    if (/^\+OK/i.test(line)) return text ?? '';
    throw new Pop3Failure(
      /^-ERR/i.test(line)
        ? `refuses ${what}: ${printable(this.#withoutSecret(line.slice('-ERR'.length).trim()))}`
        : `answers ${what} with no reply of POP3`,
    );
  }

  async ask(line: string, what = line): Promise<string> {
    this.send(line);
    return this.reply(what);
  }

  /** The lines behind a reply, without the one that ends them. */
  async *lines(): AsyncGenerator<string, void> {
    let count = 0;
    let characters = 0;
    for (let line = await this.#line(); line !== '.'; line = await this.#line()) {
      characters += line.length;
      if (++count > LINES_LIMIT || characters > LIST_LIMIT_CHARACTERS)
        throw new Pop3Failure(`lists more than ${LINES_LIMIT} lines, or ${LIST_LIMIT_CHARACTERS} characters`);
      yield line.startsWith('.') ? line.slice(1) : line;
    }
  }

  /** The same as octets, in pieces: dots that were put before lines are taken away, and the end is not part of it. All have to be read. */
  async *octets(): AsyncGenerator<Buffer, void> {
    for (let begins = true; ;) {
      const rest = this.#rest.length > 0 ? this.#rest : await this.#more();
      if (begins && rest[0] === DOT) {
        if (rest.length < 3 && !(rest[1] === LF)) {
          await this.#more();
          continue;
        }
        const end = rest[1] === LF ? 2 : rest[1] === CR && rest[2] === LF ? 3 : 0;
        this.#rest = rest.subarray(Math.max(end, 1));
        if (end > 0) return;
        begins = false;
        continue;
      }
      const next = rest.indexOf(LINE_DOT);
      const piece = next === -1 ? rest : rest.subarray(0, next + 1);
      this.#rest = rest.subarray(piece.length);
      begins = piece.at(-1) === LF;
      yield piece;
    }
  }

  #withoutSecret(text: string): string {
    return this.#secret === '' ? text : text.replaceAll(this.#secret, '***');
  }

  close(): void {
    this.#socket.destroy();
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(LF);
      if (end !== -1) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return line.endsWith('\r') ? line.slice(0, -1) : line;
      }
      if (this.#rest.length > LINE_LIMIT_BYTES) throw new Pop3Failure('sends a line that is too long');
      await this.#more();
    }
  }

  /** Waits for more to come; all that is not read. */
  async #more(): Promise<Buffer> {
    for (const deadlineMs = performance.now() + this.#limits.replyMs; ;) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) return (this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]));
      if (this.#failure !== undefined) throw this.#failure;
      await this.#wait(deadlineMs - performance.now());
    }
  }

  async #wait(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#fail(new Pop3Failure('does not answer in time')), ms);
    await new Promise<void>((resolve) => (this.#wake = resolve));
    clearTimeout(timer);
  }

  #listen(): void {
    this.#socket.on('readable', () => this.#wake?.());
    this.#socket.on('end', () => this.#fail(new Pop3Failure('closed the connection')));
    this.#socket.on('close', () => this.#fail(new Pop3Failure('closed the connection')));
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(new Pop3Failure(`broke the connection (${error.code ?? error.message})`)),
    );
  }

  #fail(failure: Pop3Failure): void {
    this.#failure ??= failure;
    this.#wake?.();
  }
}

/** Resolves at `event`. @throws Pop3Failure */
async function begun(socket: Socket, event: 'connect' | 'secureConnect', ms: number): Promise<void> {
  const timer = setTimeout(() => socket.destroy(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })), ms);
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.once(event, () => resolve(undefined)).once('error', resolve);
    socket.once('close', () => resolve(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
  clearTimeout(timer);
  socket.removeAllListeners('error').removeAllListeners('close');
  if (failure === undefined) return;
  socket.on('error', () => undefined).destroy();
  const why = failure.code ?? failure.message;
  throw new Pop3Failure(
    event === 'connect' ? `cannot be reached (${why})` : `has no certificate or TLS that is trusted here (${why})`,
  );
}

/** What a server says may hold anything. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
