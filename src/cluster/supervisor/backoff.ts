/** How long to wait before something that died is started again: at once the first time, longer while it keeps dying. */

const FIRST_MS = 100;
const LONGEST_MS = 5_000;
/** Something that lived this long is healthy: its death begins a new count. */
const HEALTHY_MS = 10_000;

export class Backoff {
  #deaths = 0;
  #total = 0;

  /** Deaths since the beginning. */
  get total(): number {
    return this.#total;
  }

  /** `livedMs` is how long what died had lived. */
  delayMs(livedMs: number): number {
    this.#total += 1;
    this.#deaths = livedMs >= HEALTHY_MS ? 1 : this.#deaths + 1;
    return this.#deaths === 1 ? 0 : Math.min(FIRST_MS * 2 ** (this.#deaths - 2), LONGEST_MS);
  }
}
