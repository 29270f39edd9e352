/**
 * How long this thread has waited for a processor, though it was ready to run: what an operation took without that is what it
 * waited for something else. Linux alone tells (proc(5), schedstat); elsewhere it is nothing.
 */
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';

/** "run_time run_delay timeslices", in nanoseconds. */
const FORM = /^\d+ (\d+) /;
const BYTES = 96;
const NANOSECONDS_PER_MILLISECOND = 1e6;

export class RunDelay {
  /** Of the thread that makes it. */
  readonly #descriptor = opened('/proc/thread-self/schedstat');
  readonly #bytes = Buffer.alloc(BYTES);

  /** Nothing is asked of it any more. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  /** Since the thread began. */
  get ms(): number {
    if (this.#descriptor === undefined) return 0;
    const length = readSync(this.#descriptor, this.#bytes, 0, BYTES, 0);
    return Number(FORM.exec(this.#bytes.toString('latin1', 0, length))?.[1] ?? 0) / NANOSECONDS_PER_MILLISECOND;
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined; // Another system, or a kernel that does not count.
  }
}
