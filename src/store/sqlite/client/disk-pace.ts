/**
 * Whether the disk keeps the pages of messages waiting. Most reads are answered from memory in less than a tenth of a
 * millisecond, and a thread would only cost; one that waits for the disk keeps every session of the process waiting too.
 * On a busy machine a read may take as long because it waits for a processor: that says nothing of the disk.
 */

/** Of a read from memory, hardly one takes so long. */
const SLOW_MS = 4;
/** So many of the last few waited for the disk so long. */
const SLOW_READS = 2;
const LAST_READS = 8;
/** How long the disk is taken for slow after the last read that was. */
const HOLD_MS = 5_000;

export class DiskPace {
  /** Of the last reads since one was slow, newest last: whether each waited for the disk. */
  #last: boolean[] = [];
  #slowUntilMs = 0;

  isSlow(nowMs: number): boolean {
    return nowMs < this.#slowUntilMs;
  }

  /** A read was slow a moment ago, and the next ones are to tell why. */
  get isSuspect(): boolean {
    return this.#last.length > 0;
  }

  /** After a read. `delayMs` is what it waited for a processor; undefined where nobody looked, and then it is no more than a suspicion. */
  note(tookMs: number, delayMs: number | undefined, nowMs: number): void {
    if (tookMs < SLOW_MS && !this.isSuspect) return;
    this.#last = [...this.#last, delayMs !== undefined && tookMs - delayMs >= SLOW_MS].slice(-LAST_READS);
    const count = this.#last.filter(Boolean).length;
    if (count >= SLOW_READS) this.#slowUntilMs = nowMs + HOLD_MS;
    if (count === 0 && this.#last.length === LAST_READS) this.#last = [];
  }
}
