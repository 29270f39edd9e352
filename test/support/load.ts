/**
 * Clients that keep delivering until they are told to stop, and remember what was acknowledged.
 * A message whose outcome is not known is never sent again: so each may be there once, and the acknowledged ones must.
 */
import { fetchAll, sendData, smtpSession } from './mail-clients.js';
import type { LineClient } from './line-client.js';

export interface Failure {
  readonly atMs: number;
  readonly what: string;
}

const MESSAGES_PER_SESSION = 5;
const PAUSE_AFTER_FAILURE_MS = 20;
let loads = 0;

export class Load {
  /** Identifiers of messages that were answered with 250, with the moment. */
  readonly acknowledged = new Map<string, number>();
  readonly failures: Failure[] = [];
  readonly #port: number;
  readonly #to: readonly string[];
  readonly #name = `load${++loads}-${process.pid}`;
  readonly #senders: readonly Promise<void>[];
  #sent = 0;
  #stopped = false;

  constructor(port: number, to: readonly string[], senders: number) {
    this.#port = port;
    this.#to = to;
    this.#senders = Array.from({ length: senders }, (_, sender) => this.#run(sender));
  }

  /** Resolves when the last client has its last answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#senders);
  }

  acknowledgedSince(sinceMs: number): number {
    return [...this.acknowledged.values()].filter((atMs) => atMs > sinceMs).length;
  }

  /** The longest time without an acknowledgement from `sinceMs` to the last of them. */
  longestGapMs(sinceMs: number): number {
    const times = [sinceMs, ...[...this.acknowledged.values()].filter((atMs) => atMs > sinceMs).sort((a, b) => a - b)];
    return Math.max(...times.slice(1).map((atMs, at) => atMs - (times[at] as number)));
  }

  async #run(sender: number): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#session(sender);
      } catch (error) {
        this.failures.push({ atMs: Date.now(), what: (error as Error).message });
        await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAILURE_MS));
      }
    }
  }

  async #session(sender: number): Promise<void> {
    const client: LineClient = await smtpSession(this.#port);
    try {
      for (let count = 0; count < MESSAGES_PER_SESSION && !this.#stopped; count++) {
        const id = `${this.#name}-${++this.#sent}`;
        const text = `Message-ID: <${id}@test.example>\r\nSubject: load\r\n\r\n${'text '.repeat(20)}\r\n`;
        await sendData(client, this.#to[sender % this.#to.length] as string, Buffer.from(text));
        this.acknowledged.set(id, Date.now());
      }
      await client.ask('QUIT', /^221/);
    } finally {
      client.destroy();
    }
  }
}

export interface Inventory {
  readonly missing: readonly string[];
  readonly twice: readonly string[];
}

/** Fetches a maildrop by POP3 and looks for each acknowledged message. */
export function inventory(loads: readonly Load[], messages: readonly Buffer[]): Inventory {
  const counts = new Map<string, number>();
  for (const message of messages) {
    const id = /^Message-ID: <([^@]+)@/m.exec(message.toString('latin1'))?.[1] ?? '';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const acknowledged = loads.flatMap((load) => [...load.acknowledged.keys()]);
  return {
    missing: acknowledged.filter((id) => !counts.has(id)),
    twice: [...counts].filter(([, count]) => count > 1).map(([id]) => id),
  };
}

export async function inventoryOf(load: Load, port: number, user: string, password: string): Promise<Inventory> {
  return inventory([load], await fetchAll(port, user, password));
}
