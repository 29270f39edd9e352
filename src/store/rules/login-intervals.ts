/**
 * When each login last opened its maildrop, or its view of it, for LOGIN-DELAY (RFC 2449 §6.5). Kept by the store, in memory alone:
 * for as long as it lives, all processes ask the same one. Bounded: what is forgotten, the oldest first, lets a login in early.
 */
import type { ViewId } from '../maildrops.js';
import type { AccountId } from '../shapes.js';

const ENTRIES_LIMIT = 10_000;

export interface Interval {
  readonly account: AccountId;
  readonly view?: ViewId | undefined;
  /** What must lie between two logins; absent for nothing. */
  readonly intervalMs?: number | undefined;
}

export class LoginIntervals {
  /** Oldest first. */
  readonly #latestMs = new Map<string, number>();

  /** Whether this login comes too early; one that does not counts as the last. `nowMs` goes on when the clock is set. */
  isTooSoon({ account, view, intervalMs = 0 }: Interval, nowMs = performance.now()): boolean {
    if (intervalMs === 0) return false;
    const name = `${account} ${view ?? ''}`;
    this.#forget(nowMs - intervalMs);
    if (this.#latestMs.has(name)) return true;
    this.#latestMs.set(name, nowMs);
    return false;
  }

  /** What was before this moment, and the oldest of too many. */
  #forget(beforeMs: number): void {
    for (const [name, latestMs] of this.#latestMs) {
      if (latestMs > beforeMs && this.#latestMs.size < ENTRIES_LIMIT) return;
      this.#latestMs.delete(name);
    }
  }
}
