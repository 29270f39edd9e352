/**
 * What became of leased recipients, on its way to the queue: whatever gathers while one settlement is written is the next, in one
 * transaction. Waits for a store that is away. What the store refuses for good is parted from the rest, and held.
 */
import type { Outcome, Queue, Settlement } from '../store/queue.js';
import { isPassing, untilTaken } from '../store/patience.js';

/** One frame, and one transaction that others wait behind. */
const BATCH_LIMIT = 500;

export interface SettlementsOptions {
  readonly queue: Pick<Queue, 'settle'>;
  /** They are durable, or given up. */
  readonly settled: (settlements: readonly Settlement[]) => void;
  readonly trouble: (what: string, error: unknown) => void;
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
    while (this.#pending.length > 0) await this.#settle(this.#pending.splice(0, BATCH_LIMIT));
  }

  /** A batch that the store refuses is halved until what it refuses stands alone: a few transactions more, and all others are kept. */
  async #settle(batch: readonly Settlement[]): Promise<void> {
    const { queue, settled, trouble, signal } = this.#options;
    try {
      await untilTaken(() => queue.settle(batch), signal);
      settled(batch);
    } catch (error) {
      if (isPassing(error)) {
        trouble('outcomes could not be stored in time', error);
        settled(batch);
      } else if (batch.length > 1) {
        const half = Math.ceil(batch.length / 2);
        for (const part of [batch.slice(0, half), batch.slice(half)]) await this.#settle(part);
      } else for (const one of batch) await this.#hold(one, error);
    }
  }

  /**
   * It would be sent again and again, and never be settled: an administrator decides. Where even that is refused it stays leased, so
   * that this process does not send it again.
   */
  async #hold({ id, outcome }: Settlement, error: unknown): Promise<void> {
    const { queue, settled, trouble, signal } = this.#options;
    trouble(`the store refuses the outcome of recipient ${id} of the queue (${outcome.kind}); it is held`, error);
    const held: Settlement = { id, outcome: unstorable(outcome) };
    try {
      await untilTaken(() => queue.settle([held]), signal);
      settled([held]);
    } catch (again) {
      trouble(`recipient ${id} of the queue can be neither settled nor held`, again);
    }
  }
}

function unstorable({ kind }: Outcome): Outcome {
  const text = `The outcome of the last attempt (${kind}) could not be stored: release it to try again, or remove it`;
  return { kind: 'held', reply: { text } };
}
