/** What waited for too long, or so long that its sender is to know: looked for now and then, and told of as if it had been tried. */
import type { Lateness } from '../store/queue.js';
import type { Leases } from './leases.js';
import type { Outcomes } from './outcomes.js';

/** While other things are due. */
const EVERY_MS = 1_000;
const AT_ONCE = 100;

export interface LateMailOptions {
  /** Recipients in memory. */
  readonly limit: number;
  readonly outcomes: Pick<Outcomes, 'late'>;
}

export class LateMail {
  readonly #leases: Leases;
  readonly #options: LateMailOptions;
  /** By performance.now(). */
  #lookedAtMs = -Infinity;

  constructor(leases: Leases, options: LateMailOptions) {
    this.#leases = leases;
    this.#options = options;
  }

  /** @throws StoreError */
  async look(): Promise<void> {
    if (performance.now() < this.#lookedAtMs + EVERY_MS) return;
    this.#lookedAtMs = performance.now();
    for (const kind of ['expired', 'delayed'] as const) await this.#take(kind);
  }

  async #take(kind: Lateness): Promise<void> {
    const free = Math.min(AT_ONCE, this.#options.limit - this.#leases.size);
    if (free <= 0) return;
    const late = await this.#leases.leaseLate(kind, free);
    for (const message of late) this.#options.outcomes.late(message, kind);
    if (late.length > 0) this.#lookedAtMs = -Infinity; // There may be more.
  }
}
