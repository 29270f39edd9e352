/** Notices that the clock which the times of the queue are told by was set back, by the one that nobody sets. */

/** Clocks drift by less. */
const STEP_MS = 5_000;

export class WallClock {
  #aheadMs = aheadMs();

  /** Since this was last asked. */
  wasSetBack(): boolean {
    const before = this.#aheadMs;
    this.#aheadMs = aheadMs();
    return this.#aheadMs < before - STEP_MS;
  }
}

function aheadMs(): number {
  return Date.now() - performance.now();
}
