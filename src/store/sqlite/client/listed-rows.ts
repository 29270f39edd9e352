/**
 * The rows of a list of messages, from some uid on, gathered a step at a time: any number of ranges that the list passes over may
 * stand between two of its messages, so that even a few of them may be more than a moment's work.
 */
import type { AccountId } from '../../shapes.js';
import type { PassedOver } from './passed-over.js';
import type { Reader } from './reader.js';

export type Row = [uid: number, octets: number];

/** Ranges that are passed over in one step: half a millisecond. */
const RANGES_AT_ONCE = 32;

/** Uids, and how many rows at most. */
export interface Stretch {
  readonly from: number;
  readonly before: number;
  readonly limit: number;
}

export interface ListedRowsOptions {
  readonly account: AccountId;
  readonly passedOver: PassedOver;
  readonly reader: Reader;
}

export class ListedRows {
  readonly #rows: Row[] = [];
  readonly #stretch: Stretch;
  readonly #options: ListedRowsOptions;
  #at: number;

  constructor(stretch: Stretch, options: ListedRowsOptions) {
    this.#stretch = stretch;
    this.#options = options;
    this.#at = stretch.from;
  }

  /** Undefined before the last step. */
  get rows(): readonly Row[] | undefined {
    return this.#isWhole ? this.#rows : undefined;
  }

  step(): void {
    for (let left = RANGES_AT_ONCE; left > 0 && !this.#isWhole; left--) {
      const [first, last] = this.#options.passedOver.next(this.#at);
      this.#read(first);
      this.#at = last + 1;
    }
  }

  get #isWhole(): boolean {
    const { before, limit } = this.#stretch;
    return this.#at >= before || this.#rows.length >= limit;
  }

  /** What stands before the next range. */
  #read(range: number): void {
    if (range <= this.#at) return;
    const { before, limit } = this.#stretch;
    const { account, reader } = this.#options;
    const part = { from: this.#at, before: Math.min(range, before), limit: limit - this.#rows.length };
    this.#rows.push(...reader.messages(account, part));
  }
}
