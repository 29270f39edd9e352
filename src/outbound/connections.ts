/**
 * The connections to all next hops, as many as there may be in all. One that has sent its message is kept for the next to the same
 * hop, for a while, and makes way where another hop needs a connection.
 */
import { setMaxListeners } from 'node:events';
import type { Client, Connection } from './client/connection.js';
import type { NotConnected } from './client/outcome.js';
import type { Hop } from './hop.js';

export interface ConnectionLimits {
  /** In all. */
  readonly connections: number;
  /** Over one connection. */
  readonly messages: number;
  /** How long a connection is kept without a message. */
  readonly idle: number;
}

/** An open connection, and how many messages went over it. */
export interface KeptConnection {
  readonly connection: Connection;
  messages: number;
  /** Broken off here, and nothing was sent as a whole. */
  isCut?: boolean;
}

interface Idle {
  readonly hop: Hop;
  readonly kept: KeptConnection;
  readonly sinceMs: number;
}

const TIDY_MS = 1_000;

export class Connections {
  readonly #client: Client;
  readonly #limits: ConnectionLimits;
  readonly #open = new Set<KeptConnection>();
  /** The oldest first. */
  #idle: Idle[] = [];
  readonly #cutting = new AbortController();
  #tidying: NodeJS.Timeout | undefined;

  constructor(client: Client, limits: ConnectionLimits) {
    this.#client = client;
    setMaxListeners(0, this.#cutting.signal); // One for each connection that is being opened.
    this.#limits = limits;
  }

  /** One that was kept. */
  takeIdle(hop: Hop): KeptConnection | undefined {
    const at = this.#idle.findLastIndex((each) => each.hop === hop);
    return at === -1 ? undefined : this.#idle.splice(at, 1)[0]?.kept;
  }

  async open(hop: Hop): Promise<KeptConnection | NotConnected> {
    if (this.#open.size >= this.#limits.connections) this.#closeIdle(this.#idle.splice(0, 1));
    const result = await this.#client.connect(hop.next, this.#cutting.signal);
    if (result.kind !== 'connected') return result;
    const kept = { connection: result, messages: 0 };
    this.#open.add(kept);
    return kept;
  }

  /** Whether another message may go over it. */
  isGood({ connection, messages }: KeptConnection): boolean {
    return connection.reusable && messages < this.#limits.messages && !this.#cutting.signal.aborted;
  }

  keep(hop: Hop, kept: KeptConnection): void {
    this.#idle.push({ hop, kept, sinceMs: performance.now() });
    this.#tidying ??= setInterval(() => this.#tidy(), TIDY_MS).unref();
  }

  close(kept: KeptConnection): void {
    this.#open.delete(kept);
    void kept.connection.quit();
  }

  /** In the middle of something. */
  destroy(kept: KeptConnection): void {
    this.#open.delete(kept);
    kept.connection.destroy();
  }

  hasIdle(hop: Hop): boolean {
    return this.#idle.some((each) => each.hop === hop);
  }

  /** Those that are kept: nothing comes for them any more. */
  closeAllIdle(): void {
    clearInterval(this.#tidying);
    this.#closeIdle(this.#idle.splice(0));
  }

  /** Something was broken off: what cannot be reached any more says nothing of a hop. */
  get isCutting(): boolean {
    return this.#cutting.signal.aborted;
  }

  /** What is under way breaks off at once, but for messages that were sent as a whole. Nothing more is begun. */
  cutUnsent(): void {
    this.#cutting.abort();
    for (const kept of [...this.#open]) if (!kept.connection.awaitsEnd) this.#cut(kept);
  }

  /** These too. */
  cut(): void {
    this.#cutting.abort();
    for (const kept of [...this.#open]) this.#cut(kept);
  }

  #cut(kept: KeptConnection): void {
    kept.isCut = !kept.connection.awaitsEnd;
    this.destroy(kept);
  }

  #tidy(): void {
    const beforeMs = performance.now() - this.#limits.idle;
    this.#closeIdle(this.#idle.filter(({ sinceMs }) => sinceMs <= beforeMs));
    this.#idle = this.#idle.filter(({ sinceMs }) => sinceMs > beforeMs);
    if (this.#idle.length > 0) return;
    clearInterval(this.#tidying);
    this.#tidying = undefined;
  }

  #closeIdle(idle: readonly Idle[]): void {
    for (const { kept } of idle) this.close(kept);
  }
}
