/** The clock on the wall, which a test moves, in the process of the test alone. To be put right again behind it. */
const { now } = Date;

export class WallClock {
  #aheadMs = 0;

  forward(ms: number): void {
    this.#aheadMs += ms;
    Date.now = () => now() + this.#aheadMs;
  }

  putRight(): void {
    this.#aheadMs = 0;
    Date.now = now;
  }
}
