/**
 * Runs the sweep (sweep.ts) beside all else: a few milliseconds of it in a group, then a pause in which others are served.
 * Nobody waits for it but a second removal from the same maildrop; what is left when the store ends is done by the next.
 */
import type { GroupCommit } from './group.js';

/** What a step may take of the store's time. */
const STEP_MS = 3;
const PAUSE_MS = 12;
/** A full disk, or a shell that holds the database. */
const RETRY_MS = 1_000;
/** What a step writes to the WAL, roughly: checkpoints follow from it. */
const STEP_BYTES = 1024 * 1024;

export class Sweeper {
  readonly #group: GroupCommit;
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(group: GroupCommit) {
    this.#group = group;
  }

  /** There is something to delete. */
  soon(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#step();
  }

  /** Resolves after the next step. */
  stepped(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #step(): void {
    let finished = false;
    this.#group.add({
      act: (writer) => void (finished = writer.sweep(STEP_MS)),
      done: () => this.#ended(finished ? undefined : PAUSE_MS),
      failed: () => this.#ended(RETRY_MS), // Told by the group's observer.
      bytes: STEP_BYTES,
      deferrable: true, // A step that a power cut takes away is taken again.
    });
  }

  /** `waitMs` is undefined when nothing is left. */
  #ended(waitMs: number | undefined): void {
    this.#running = waitMs !== undefined && !this.#closed;
    if (this.#running) this.#timer = setTimeout(() => this.#step(), waitMs);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
