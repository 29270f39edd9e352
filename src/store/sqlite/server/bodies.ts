/**
 * Bodies and how they go: with the last message that points to them, or before they were complete. A commit deletes no more
 * than a few megabytes of them; what is beyond it is marked, and the sweep deletes it in steps.
 */
import type { IndexWriter } from './index-writer.js';
import type { Writes } from '../database/writes.js';

/** Of all bodies that one group deletes at once: freeing their pages takes a few milliseconds. */
const GROUP_LIMIT_OCTETS = 4 * 1024 * 1024;

export class Bodies {
  readonly #writes: Writes;
  readonly #index: IndexWriter;
  #leftOctets = GROUP_LIMIT_OCTETS;
  #leftovers = false;

  constructor(writes: Writes, index: IndexWriter) {
    this.#writes = writes;
    this.#index = index;
  }

  /** One message fewer points to it. */
  release(body: number): void {
    const [refs, octets] = this.#writes.refs.get(body) ?? [0, 0];
    if (refs > 1) this.#writes.unref.run(body);
    else this.drop(body, octets);
  }

  /** Nobody points to it. Of one in the index only the mark is written: to delete its words takes as long as to add them. */
  drop(body: number, octets: number): void {
    if (octets > this.#leftOctets || this.#index.has(body)) {
      this.#writes.dropBody.run(body);
      this.#leftovers = true;
      return;
    }
    this.#leftOctets -= octets;
    this.#writes.removeChunks.run(body);
    this.#writes.removeBody.run(body);
  }

  beginGroup(): void {
    this.#leftOctets = GROUP_LIMIT_OCTETS;
  }

  takeLeftovers(): boolean {
    const left = this.#leftovers;
    this.#leftovers = false;
    return left;
  }
}
