/** The server that mail for other domains goes to, in a thread of the lowest priority: it takes all, and forgets it. */
import type { AddressInfo } from 'node:net';
import { constants, setPriority } from 'node:os';
import { parentPort, Worker } from 'node:worker_threads';
import { SMTPServer } from 'smtp-server';
import { UNLIMITED } from '../crash/outgoing-load.js';

export class Relay {
  readonly #thread: Worker;
  readonly #port: number;

  private constructor(thread: Worker, port: number) {
    this.#thread = thread;
    this.#port = port;
  }

  static async begin(): Promise<Relay> {
    const thread = new Worker(new URL(import.meta.url));
    const port = await new Promise<number>((resolve, reject) => thread.once('message', resolve).once('error', reject));
    return new Relay(thread, port);
  }

  /** Of the server that sends to it, and holds nobody back. */
  get flags(): readonly string[] {
    return ['--outbound', 'relay', '--relay', `smtp://127.0.0.1:${this.#port}?tls=none`, ...UNLIMITED];
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }
}

function takeAll(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData: (stream, _, taken) => void stream.resume().once('end', () => taken()),
  });
  server.on('error', () => undefined); // A session that the server under attack has cut.
  const listening = server.listen(0, '127.0.0.1', () =>
    parentPort?.postMessage((listening.address() as AddressInfo).port),
  );
}

if (parentPort !== null) takeAll();
