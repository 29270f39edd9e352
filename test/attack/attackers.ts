/** The attackers, in a process of their own that takes nothing from the server and its neighbour. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Attack, Victim } from './attack.js';
import { begunBelow } from './below.js';

/** What their process is told. */
export interface AttackersData {
  readonly name: string;
  readonly victim: Victim;
}

export class Attackers {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor({ name }: Attack, { smtpPort, pop3Port, submissionPort, devicePort }: Victim) {
    const data: AttackersData = { name, victim: { smtpPort, pop3Port, submissionPort, devicePort } };
    this.#process = begunBelow(new URL('attackers-process.js', import.meta.url), data);
    this.#ended = once(this.#process, 'exit');
  }

  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.send('stop'); // Of nobody it has ended by itself.
    await this.#ended;
  }
}
