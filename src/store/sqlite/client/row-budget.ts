/** How many rows may be written: so many at once, and then so many a second. A stranger must not fill the disk with what is told of him. */

export interface RowRate {
  readonly atOnce: number;
  readonly perSecond: number;
}

export class RowBudget {
  readonly #rate: RowRate;
  #left: number;
  #sinceMs: number;
  #beyond = 0;

  constructor(rate: RowRate, nowMs: number) {
    this.#rate = rate;
    this.#left = rate.atOnce;
    this.#sinceMs = nowMs;
  }

  /** Whether there may be one more; otherwise it is counted. */
  take(nowMs: number): boolean {
    const { atOnce, perSecond } = this.#rate;
    const earned = (Math.max(0, nowMs - this.#sinceMs) * perSecond) / 1_000;
    this.#left = Math.min(atOnce, this.#left + earned);
    this.#sinceMs = nowMs;
    const isWithin = this.#left >= 1;
    if (isWithin) this.#left -= 1;
    else this.#beyond += 1;
    return isWithin;
  }

  /** How many were beyond it since this was last asked. */
  takeBeyond(): number {
    const beyond = this.#beyond;
    this.#beyond = 0;
    return beyond;
  }
}
