/**
 * An SMTP or LMTP server over real sockets that does what a test says: a well-behaved one, of which any answer can be replaced. Keeps
 * what it heard, message octets as they came with only the stuffing undone.
 */
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { CertifiedKey } from '../../src/net/tls.js';

export interface Script {
  /** After EHLO or LHLO. */
  readonly extensions?: readonly string[];
  readonly greeting?: string | undefined;
  /** What a line is answered with, CRLF left out; undefined for what is usual, empty for silence. `.` is the end of a message. */
  readonly answer?: ((line: string, session: ScriptedSession) => string | undefined) | undefined;
  readonly lmtp?: boolean;
  /** For STARTTLS. */
  readonly identity?: CertifiedKey;
  /** TLS from the first octet. */
  readonly implicitTls?: boolean;
  /** The path of a Unix socket. */
  readonly path?: string;
  /** Called with each piece of a message. */
  readonly onData?: (session: ScriptedSession) => void;
}

const CRLF = Buffer.from('\r\n');
const DATA_END = Buffer.from('\r\n.\r\n');

export class ScriptedServer {
  readonly #script: Script;
  readonly #server: Server;
  readonly sessions: ScriptedSession[] = [];

  private constructor(script: Script) {
    this.#script = script;
    this.#server = createServer((socket) => this.sessions.push(new ScriptedSession(socket, script)));
  }

  static async start(script: Script = {}): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    server.#server.unref(); // A test that fails before it stops it holds up nothing.
    await new Promise<void>((resolve) => {
      if (script.path === undefined) server.#server.listen(0, '127.0.0.1', resolve);
      else server.#server.listen(script.path, resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** All lines of all sessions. */
  get lines(): readonly string[] {
    return this.sessions.flatMap(({ lines }) => lines);
  }

  get messages(): readonly Buffer[] {
    return this.sessions.flatMap(({ messages }) => messages);
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#script.path !== undefined) rmSync(this.#script.path, { force: true });
  }
}

export class ScriptedSession {
  readonly lines: string[] = [];
  readonly messages: Buffer[] = [];
  closed = false;
  tls: TLSSocket | undefined;
  #socket: Socket;
  readonly #script: Script;
  #bytes: Buffer = Buffer.alloc(0);
  /** The pieces of a message, behind the end of the line of DATA. */
  #data: Buffer[] | undefined;
  #accepted = 0;

  constructor(socket: Socket, script: Script) {
    this.#socket = socket.setNoDelay(true);
    this.#script = script;
    this.#listen();
    if (script.implicitTls === true) this.secure();
    if (script.greeting !== '') this.say(script.greeting ?? '220 scripted.example');
  }

  say(...lines: readonly string[]): void {
    this.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  write(text: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(text);
  }

  end(...lines: readonly string[]): undefined {
    this.say(...lines);
    this.#socket.end();
  }

  finish(): void {
    this.#socket.end();
  }

  destroy(): undefined {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  secure(): undefined {
    const { certificate, key } = this.#script.identity as CertifiedKey;
    this.#socket.removeAllListeners('data');
    this.tls = new TLSSocket(this.#socket, { isServer: true, cert: certificate, key });
    this.#socket = this.tls;
    this.#listen();
  }

  #listen(): void {
    this.#socket
      .on('data', (bytes: Buffer) => this.#receive(bytes))
      .on('error', () => undefined)
      .on('close', () => (this.closed = true));
  }

  #receive(bytes: Buffer): void {
    if (this.#data === undefined) return this.#commands(Buffer.concat([this.#bytes, bytes]));
    this.#data.push(bytes);
    this.#script.onData?.(this);
    const tail = Buffer.concat(this.#data.slice(-DATA_END.length - 1));
    if (!tail.includes(DATA_END)) return;
    const all = Buffer.concat(this.#data);
    const end = all.indexOf(DATA_END);
    this.#data = undefined;
    this.messages.push(unstuffed(all.subarray(2, end + 2)));
    this.#answer('.');
    this.#commands(all.subarray(end + DATA_END.length));
  }

  #commands(bytes: Buffer): void {
    const end = bytes.indexOf('\r\n');
    if (end === -1) {
      this.#bytes = bytes;
      return;
    }
    const line = bytes.toString('utf8', 0, end);
    this.#bytes = Buffer.alloc(0);
    this.lines.push(line);
    this.#answer(line);
    const rest = bytes.subarray(end + 2);
    if (this.#data === undefined) return this.#commands(rest);
    if (rest.length > 0) this.#receive(rest);
  }

  #answer(line: string): void {
    const given = this.#script.answer?.(line, this);
    const answer = given ?? (this.#socket.destroyed ? '' : this.#usual(line));
    if (/^RCPT/i.test(line) && answer.startsWith('2')) this.#accepted += 1;
    if (/^(MAIL|RSET|\.$)/i.test(line)) this.#accepted = 0;
    if (answer !== '') this.say(answer);
    if (/^DATA$/i.test(line) && answer.startsWith('354')) this.#data = [CRLF];
    if (/^STARTTLS$/i.test(line) && answer.startsWith('220')) this.secure();
    if (/^QUIT$/i.test(line)) this.#socket.end();
  }

  #usual(line: string): string {
    const verb = line.toUpperCase().split(' ')[0];
    switch (verb) {
      case 'EHLO':
      case 'LHLO': {
        const all = ['scripted.example', ...(this.#script.extensions ?? [])];
        return all.map((text, at) => `250${at === all.length - 1 ? ' ' : '-'}${text}`).join('\r\n');
      }
      case 'DATA':
        return '354 go on';
      case 'QUIT':
        return '221 2.0.0 bye';
      case 'STARTTLS':
        return '220 2.0.0 go on';
      case '.':
        return this.#script.lmtp === true
          ? Array(this.#accepted).fill('250 2.1.5 taken').join('\r\n')
          : '250 2.0.0 taken';
      default:
        return '250 2.1.0 fine';
    }
  }
}

function unstuffed(octets: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  if (octets[0] === 0x2e) from = 1;
  for (let at = octets.indexOf('\r\n.', from); at !== -1; at = octets.indexOf('\r\n.', from)) {
    pieces.push(octets.subarray(from, at + 2));
    from = at + 3;
  }
  return Buffer.concat([...pieces, octets.subarray(from)]);
}
