/**
 * Whose turn it is: that of rows by which a sender may have ended (those with a crash), or of all other mail. A suspect is leased alone, so
 * that what ends the next sender is known. Many of them, or slow ones, would keep everything else waiting: so their turn ends after a
 * while, and all else has as long before the next. One that is slow keeps the next suspect waiting for longer than that, and all else not.
 * Kept in memory by each driver; a store that is started anew begins with their turn.
 */

/** Of a row: whose process it ended, and the transaction that it was part of. */
export interface Suspected {
  readonly sender: string;
  readonly transaction: string;
}

/** With the second after which a sender that got nothing asks again, other mail waits for 5. */
const TURN_MS = 4_000;
/** A server that hangs would keep all other suspects waiting for ten minutes each. */
const SLOW_MS = 60_000;

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

  /** A suspect that was leased since then, and is not settled, keeps the next waiting. */
  waitSinceMs(nowMs: number): number {
    return nowMs - SLOW_MS;
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

/** The senders that were sending nothing but one transaction. */
export function endedByOne(suspected: readonly Suspected[]): ReadonlySet<string> {
  const transactions = new Map<string, Set<string>>();
  for (const { sender, transaction } of suspected)
    transactions.set(sender, (transactions.get(sender) ?? new Set()).add(transaction));
  return new Set([...transactions].filter(([, { size }]) => size === 1).map(([sender]) => sender));
}
