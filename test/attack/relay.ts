/** The server that mail for other domains goes to, in a process that takes nothing from the server under attack: it takes all, and forgets it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { UNLIMITED } from '../crash/outgoing-load.js';
import { begunBelow } from './below.js';

export class Relay {
  readonly #process: ChildProcess;
  readonly #port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.#port = port;
  }

  static async begin(): Promise<Relay> {
    const child = begunBelow(new URL('relay-process.js', import.meta.url), {});
    const [port] = (await once(child, 'message')) as [number];
    return new Relay(child, port);
  }

  /** Of the server that sends to it, and holds nobody back. */
  get flags(): readonly string[] {
    return ['--outbound', 'relay', '--relay', `smtp://127.0.0.1:${this.#port}?tls=none`, ...UNLIMITED];
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }
}
