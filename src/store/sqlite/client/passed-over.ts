/** The uids that a list of messages passes over: what was removed and is not deleted, and in a view what is hidden from it. */
import type { ViewId } from '../../maildrops.js';
import type { AccountId } from '../../shapes.js';
import type { MaildropRow, RangeRow } from '../database/reads.js';
import type { Reader } from './reader.js';

const NOTHING: RangeRow = [Infinity, Infinity];

/** Which messages a list is of. */
export interface Listed {
  readonly account: AccountId;
  /** Absent for all that are there. */
  readonly view?: ViewId | undefined;
}

export class PassedOver {
  /** Whether there is nothing. */
  readonly isNothing: boolean;
  readonly #listed: Listed;
  readonly #reader: Reader;
  /** Of this maildrop whose ranges are not taken over: nearly always none. */
  readonly #removals: readonly number[];

  constructor(listed: Listed, { removals, has_removed: hasRemoved }: MaildropRow, reader: Reader) {
    this.#listed = listed;
    this.#reader = reader;
    this.#removals = removals === 0 ? [] : reader.removals(listed.account);
    this.isNothing = hasRemoved + removals === 0 && listed.view === undefined;
  }

  /** The first range of it that ends at this uid or behind it. */
  next(uid: number): RangeRow {
    const { account, view } = this.#listed;
    // Those of the account last: what is taken over meanwhile is found there, or was found before.
    const found = this.#removals.map((removal) => this.#reader.removing(removal, uid));
    found.push(this.#reader.removed(account, uid));
    if (view !== undefined) found.push(this.#reader.hidden(account, view, uid));
    let next = NOTHING;
    for (const range of found) if (range !== undefined && range[0] < next[0]) next = range;
    return next;
  }
}
