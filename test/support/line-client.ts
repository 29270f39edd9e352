/**
 * A raw client over TCP that sends and expects lines: for what no real client does, and for speed.
 * Knows of SMTP only how a reply ends, and of POP3 only how a list ends. Every wait has a limit.
 */
import { connect, type Socket } from 'node:net';

const TIMEOUT_MS = 30_000;
const CRLF = '\r\n';

export interface SmtpReply {
  readonly code: number;
  readonly lines: readonly string[];
}

export class LineClient {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(64 * 1024);
  #start = 0;
  #end = 0;
  #over = false;
  #error: Error | undefined;
  #more: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#append(bytes));
    socket.on('error', (error) => (this.#error = error));
    socket.on('close', () => {
      this.#over = true;
      this.#more?.();
    });
  }

  /** Connected; what the server says first is still to be read. `from` is another address of this machine. */
  static connect(port: number, host = '127.0.0.1', from?: string): Promise<LineClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, ...(from !== undefined && { localAddress: from }) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new LineClient(socket));
      });
    });
  }

  /** On a connection that is there, whatever it goes through. */
  static over(socket: Socket): LineClient {
    return new LineClient(socket);
  }

  /** A client whose greeting was heard and was a good one. */
  static async greeted(port: number, host?: string, from?: string): Promise<LineClient> {
    const client = await LineClient.connect(port, host, from);
    await client.expect(/^(220 |\+OK)/);
    return client;
  }

  send(...lines: readonly string[]): void {
    this.write(Buffer.from(lines.map((line) => line + CRLF).join('')));
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Resolves when the kernel has taken it: a client that sends much at the pace of the server. */
  flush(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** From now on it reads nothing more. */
  pause(): void {
    this.#socket.pause();
  }

  /** The next line, without its CRLF. */
  async line(): Promise<string> {
    const end = await this.#find(CRLF, 0);
    return this.#take(end, CRLF.length).toString('utf8');
  }

  async expect(pattern: RegExp): Promise<string> {
    const line = await this.line();
    if (!pattern.test(line)) throw new Error(`The server said '${line}' where ${String(pattern)} was expected`);
    return line;
  }

  /** Sends a line and expects one. */
  ask(line: string, pattern: RegExp): Promise<string> {
    this.send(line);
    return this.expect(pattern);
  }

  /** SMTP: all lines of a reply. */
  async reply(): Promise<SmtpReply> {
    const lines = [await this.line()];
    while (/^\d{3}-/.test(lines.at(-1) ?? '')) lines.push(await this.line());
    return { code: Number(lines[0]?.slice(0, 3)), lines };
  }

  async command(line: string): Promise<SmtpReply> {
    this.send(line);
    return this.reply();
  }

  /** POP3: what stands before the line with a dot alone, with byte-stuffing undone. */
  async multiline(): Promise<Buffer> {
    if ((await this.#peek(3)).toString() === `.${CRLF}`) return this.#take(0, 3);
    const end = await this.#find(`${CRLF}.${CRLF}`, 0);
    return unstuffed(this.#take(end + CRLF.length, 3));
  }

  /** Resolves when the server has closed, with what it said until then. */
  async rest(): Promise<string> {
    const deadlineMs = Date.now() + TIMEOUT_MS;
    while (!this.#over) await this.#wait('the server to close', deadlineMs);
    return this.#take(this.#end - this.#start, 0).toString('utf8');
  }

  get closed(): boolean {
    return this.#over;
  }

  /** Hears nothing more: the connection is somebody else's from now on. */
  leave(): void {
    this.#socket.pause().removeAllListeners('data').removeAllListeners('close');
  }

  /** Ends without a word, as a client that is switched off. */
  destroy(): void {
    this.#socket.destroy();
  }

  #append(bytes: Buffer): void {
    if (this.#end + bytes.length > this.#buffer.length) {
      const waiting = this.#buffer.subarray(this.#start, this.#end);
      const larger = Buffer.alloc(2 * (waiting.length + bytes.length));
      waiting.copy(larger);
      this.#buffer = larger;
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#end += bytes.copy(this.#buffer, this.#end);
    this.#more?.();
  }

  /** Where `text` stands behind what was read; waits until it does. */
  async #find(text: string, from: number): Promise<number> {
    for (const deadlineMs = Date.now() + TIMEOUT_MS; ;) {
      const waiting = this.#buffer.subarray(this.#start, this.#end);
      const at = waiting.indexOf(text, from);
      if (at !== -1) return at;
      from = Math.max(0, waiting.length - text.length + 1);
      await this.#wait(JSON.stringify(text), deadlineMs);
    }
  }

  async #peek(bytes: number): Promise<Buffer> {
    const deadlineMs = Date.now() + TIMEOUT_MS;
    while (this.#end - this.#start < bytes) await this.#wait(`${bytes} bytes`, deadlineMs);
    return this.#buffer.subarray(this.#start, this.#start + bytes);
  }

  async #wait(what: string, deadlineMs: number): Promise<void> {
    if (this.#over) throw new Error(`The connection closed before ${what}`, { cause: this.#error });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}`)), deadlineMs - Date.now());
      this.#more = () => {
        clearTimeout(timer);
        this.#more = undefined;
        resolve();
      };
    });
  }

  #take(bytes: number, skip: number): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(this.#start, this.#start + bytes));
    this.#start += bytes + skip;
    return taken;
  }
}

function unstuffed(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let from = bytes[0] === 0x2e ? 1 : 0;
  for (let at = bytes.indexOf('\r\n.', from); at !== -1; at = bytes.indexOf('\r\n.', from)) {
    pieces.push(bytes.subarray(from, at + CRLF.length));
    from = at + CRLF.length + 1;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}

export function stuffed(message: Buffer): Buffer {
  const text = message.toString('latin1').replace(/(^|\r\n)\./g, '$1..');
  return Buffer.from(text, 'latin1');
}
