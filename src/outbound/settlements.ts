/**
 * What became of leased recipients, on its way to the queue: whatever gathers while one settlement is written is the next, in one
 * transaction. Waits for a store that is away. What was never taken is the queue's again when its lease ends.
 */
import type { Queue, Settlement } from '../store/queue.js';
import { untilTaken } from './patience.js';

/** One frame, and one transaction that others wait behind. */
const BATCH_LIMIT = 500;

export interface SettlementsOptions {
  readonly queue: Pick<Queue, 'settle'>;
  /** They are durable, or given up. */
  readonly settled: (settlements: readonly Settlement[]) => void;
  readonly trouble: (error: unknown) => void;
  /** Aborted when there is no time left to wait for the store. */
  readonly signal: AbortSignal;
}

export class Settlements {
  readonly #options: SettlementsOptions;
  #pending: Settlement[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: SettlementsOptions) {
    this.#options = options;
  }

  add(settlements: readonly Settlement[]): void {
    this.#pending.push(...settlements);
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  /** Resolves when all that was added is durable, or given up. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    await Promise.resolve(); // What comes in the same turn goes along.
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, BATCH_LIMIT);
      await untilTaken(() => this.#options.queue.settle(batch), this.#options.signal).catch(this.#options.trouble);
      this.#options.settled(batch);
    }
  }
}
