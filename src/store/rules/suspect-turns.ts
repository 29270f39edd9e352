/**
 * Whose turn it is: that of rows by which a sender may have ended (those with a crash), or of all other mail. A suspect is leased alone, so
 * that what ends the next sender is known. Many of them, or slow ones, would keep everything else waiting: so their turn ends after a
 * while, and all else has as long before the next. Kept in memory by each driver; a store that is started anew begins with theirs.
 */

/** With the second after which a sender that got nothing asks again, other mail waits for 5. */
const TURN_MS = 4_000;

export class SuspectTurns {
  #begunAtMs = -Infinity;

  /** While it is their turn: since when. What was leased before that stands in nobody's way any more. */
  sinceMs(nowMs: number): number | undefined {
    return this.#isWithin(nowMs, 0) ? this.#begunAtMs : undefined;
  }

  /** None of them is leased. */
  isOfOthers(nowMs: number): boolean {
    return this.#isWithin(nowMs, TURN_MS);
  }

  /** One of them is leased. */
  lease(nowMs: number): void {
    if (this.sinceMs(nowMs) === undefined) this.#begunAtMs = nowMs;
  }

  /** False also where the clock was set back. */
  #isWithin(nowMs: number, behindMs: number): boolean {
    const elapsedMs = nowMs - this.#begunAtMs - behindMs;
    return elapsedMs >= 0 && elapsedMs < TURN_MS;
  }
}
