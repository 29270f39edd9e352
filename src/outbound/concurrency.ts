/**
 * How many connections a next hop may have at once, by how it goes: a little more with each success (one more for every window of
 * them), one fewer with each failure, as Postfix's queue manager does. Several failures in a row and it is dead: nothing but one probe
 * goes there at a time, each later than the one before, until one succeeds.
 * What fails is the hop, not a message: a refused recipient is a success here. All times are of a clock that nobody sets
 * (performance.now()).
 */

export interface ConcurrencyLimits {
  /** What a hop begins with that nothing is known of. */
  readonly first: number;
  readonly most: number;
  /** In a row, after which it is dead. */
  readonly failures: number;
  /** Between its death and the first probe; then twice as long each time. */
  readonly firstProbe: number;
  readonly longestProbe: number;
}

export class Concurrency {
  readonly #limits: ConcurrencyLimits;
  #window: number;
  #failures = 0;
  #probes = 0;
  #probeAtMs: number | undefined;
  #lastFailureAtMs = -Infinity;

  constructor(limits: ConcurrencyLimits) {
    this.#limits = limits;
    this.#window = Math.min(limits.first, limits.most);
  }

  get isDead(): boolean {
    return this.#probeAtMs !== undefined;
  }

  /** Of a dead hop: when one connection may be tried. */
  get probeAtMs(): number | undefined {
    return this.#probeAtMs;
  }

  /** Somebody wants to know now. */
  probeNow(): void {
    if (this.isDead) this.#probeAtMs = -Infinity;
  }

  /** Connections that it may have now. */
  allowed(nowMs: number): number {
    if (this.#probeAtMs !== undefined) return nowMs >= this.#probeAtMs ? 1 : 0;
    return Math.floor(this.#window);
  }

  succeeded(): void {
    if (this.isDead) this.#window = 1;
    this.#failures = 0;
    this.#probes = 0;
    this.#probeAtMs = undefined;
    this.#window = Math.min(this.#window + 1 / this.#window, this.#limits.most);
  }

  /** What had begun before the last failure was known adds nothing to that: connections break together. */
  failed({ begunAtMs, nowMs }: { readonly begunAtMs: number; readonly nowMs: number }): void {
    this.#window = Math.max(1, this.#window - 1);
    if (begunAtMs < this.#lastFailureAtMs) return;
    this.#lastFailureAtMs = nowMs;
    this.#failures += 1;
    if (this.#failures >= this.#limits.failures || this.isDead) this.die(nowMs);
  }

  /** At once: what failed needs no second attempt to be known. */
  die(nowMs: number): void {
    const { firstProbe, longestProbe } = this.#limits;
    this.#probeAtMs = nowMs + Math.min(firstProbe * 2 ** Math.min(this.#probes, 30), longestProbe);
    this.#probes += 1;
  }
}
