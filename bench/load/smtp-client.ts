/**
 * One SMTP session of the benchmark's own client: a message after another on one connection, by DATA or by BDAT, and the
 * time from the command that carries the message to its 250. Any other reply ends it with an error.
 */
import { connect, type Socket } from 'node:net';

export interface SmtpClientOptions {
  readonly port: number;
  readonly to: string;
  readonly octets: number;
  readonly chunking: boolean;
  readonly login?: Login;
  /** Called when the session is open; it begins when that resolves. */
  readonly ready?: () => Promise<void>;
  /** Asked before each message; what it waits for is no part of any time. */
  readonly goesOn: () => boolean | Promise<boolean>;
  readonly took: (milliseconds: number) => void;
}

/** A server that sends mail on for nobody else wants one. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

const SENDER = 'sender@example.org';
const LINE = `${'y'.repeat(70)}\r\n`;

export async function runSmtpClient(options: SmtpClientOptions): Promise<void> {
  const body = message(options); // Put together once: what the client allocates for a message, its pauses would add to the server's times.
  const chunk = Buffer.concat([Buffer.from(`BDAT ${body.length} LAST\r\n`), body]);
  const data = Buffer.concat([body, Buffer.from('.\r\n')]);
  const exchange = new Exchange(connect({ port: options.port, host: '127.0.0.1' }));
  await exchange.expect('220');
  await exchange.ask('EHLO bench.localhost\r\n', '250');
  const { login } = options;
  if (login !== undefined) await exchange.ask(`AUTH PLAIN ${initialResponse(login)}\r\n`, '235');
  await options.ready?.();
  while (await options.goesOn()) {
    await exchange.ask(`MAIL FROM:<${login?.user ?? SENDER}>\r\n`, '250');
    await exchange.ask(`RCPT TO:<${options.to}>\r\n`, '250');
    const startedMs = performance.now();
    if (options.chunking) await exchange.ask(chunk, '250');
    else {
      await exchange.ask('DATA\r\n', '354');
      await exchange.ask(data, '250');
    }
    options.took(performance.now() - startedMs);
  }
  await exchange.ask('QUIT\r\n', '221');
  exchange.close();
}

function initialResponse({ user, password }: Login): string {
  return Buffer.from(`\0${user}\0${password}`).toString('base64');
}

function message({ octets, to, login }: SmtpClientOptions): Buffer {
  const header = `From: <${login?.user ?? SENDER}>\r\nTo: <${to}>\r\nSubject: benchmark\r\n\r\n`;
  return Buffer.from(header + LINE.repeat(Math.max(1, Math.round((octets - header.length) / LINE.length))));
}

/** Replies of one connection, one at a time: the client never pipelines. */
class Exchange {
  readonly #socket: Socket;
  #text = '';
  #waiting: { readonly resolve: (reply: string) => void; readonly reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket.setNoDelay().setEncoding('latin1');
    socket.on('data', (text: string) => this.#arrived(text));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the server closed the connection')));
  }

  async ask(bytes: string | Buffer, code: string): Promise<void> {
    this.#socket.write(bytes);
    await this.expect(code);
  }

  async expect(code: string): Promise<void> {
    const reply = await new Promise<string>((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended);
      else this.#waiting = { resolve, reject };
    });
    if (!reply.startsWith(code)) throw new Error(`expected ${code}, got: ${reply.trim()}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** A reply is whole with its first line that has a space behind the code (RFC 5321 §4.2.1). */
  #arrived(text: string): void {
    this.#text += text;
    if (!/(?:^|\n)\d{3} [^\n]*\n$/.test(this.#text)) return;
    const reply = this.#text;
    this.#text = '';
    this.#waiting?.resolve(reply);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#waiting?.reject(this.#ended);
  }
}
