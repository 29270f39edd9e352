/**
 * Whether the disk keeps the pages of messages waiting. Most reads are answered from memory in less than a tenth of a
 * millisecond, and a thread would only cost; one that waits for the disk keeps every session of the process waiting too.
 */

/** One read that takes this long may have met a busy processor. */
const SLOW_MS = 4;
/** So many of the last few did not. */
const SLOW_READS = 3;
const LAST_READS = 8;
/** How long the disk is taken for slow after the last read that was. */
const HOLD_MS = 5_000;

export class DiskPace {
  /** Of the last reads, newest last: whether each was slow. */
  #last: boolean[] = [];
  #slowUntilMs = 0;

  isSlow(nowMs: number): boolean {
    return nowMs < this.#slowUntilMs;
  }

  /** After a read, wherever it was made. */
  note(tookMs: number, nowMs: number): void {
    const slow = tookMs >= SLOW_MS;
    if (!slow && this.#last.length === 0) return;
    this.#last = [...this.#last, slow].slice(-LAST_READS);
    const count = this.#last.filter(Boolean).length;
    if (count >= SLOW_READS) this.#slowUntilMs = nowMs + HOLD_MS;
    if (count === 0) this.#last = [];
  }
}
