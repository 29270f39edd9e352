/**
 * A maildrop as its owner looks at it: newest message first, a page at a time, by the index alone until a message is shown. Ranges of what
 * was removed and is still kept are passed over as ranges, however many messages stand in them.
 */
import type { Slices } from '../../../runtime/slices.js';
import type { ShownMail } from '../../mailboxes.js';
import type { AccountId, Address } from '../../shapes.js';
import type { NewestReads, ShownMailRow } from '../database/newest-reads.js';
import type { RangeRow } from '../database/reads.js';
import type { MessageListOptions } from './message-list.js';
import type { Reader } from './reader.js';

/** Ids of a page. */
const PAGE_LENGTH = 256;
/** So many entries of the index are passed over in a part of a millisecond. */
const PASSED_AT_ONCE = 2_000;
const FIRST_SLICE_MS = 2;
const NOTHING: RangeRow = [-Infinity, -Infinity];

export interface Place {
  readonly start: number;
  readonly limit: number;
}

export class NewestMail {
  readonly #reader: Reader;
  readonly #slices: Slices;

  constructor({ reader, slices }: MessageListOptions) {
    this.#reader = reader;
    this.#slices = slices;
  }

  /** @throws StoreError 'missing' */
  async page(address: Address, { start, limit }: Place): Promise<readonly number[]> {
    const account = this.#reader.directory.accountId(address);
    const walk = new Walk(this.#reader, account, { start, limit: Math.min(limit, PAGE_LENGTH) });
    let untilMs = performance.now() + FIRST_SLICE_MS;
    while (walk.step()) if (performance.now() >= untilMs) untilMs = await this.#slices.next();
    return walk.uids;
  }

  /** @throws StoreError 'missing' */
  show(address: Address, ids: readonly number[]): readonly ShownMail[] {
    const account = this.#reader.directory.accountId(address);
    return this.#reader.newest.shown.all(JSON.stringify(ids), account).map(shownOf);
  }
}

/** From the newest uid downwards, a little in each step. */
class Walk {
  readonly uids: number[] = [];
  readonly #account: AccountId;
  readonly #reads: NewestReads;
  readonly #removals: readonly number[];
  readonly #firstUid: number;
  readonly #limit: number;
  #skip: number;
  #at: number;

  constructor(reader: Reader, account: AccountId, { start, limit }: Place) {
    const maildrop = reader.maildrop(account);
    this.#account = account;
    this.#reads = reader.newest;
    this.#removals = maildrop.removals === 0 ? [] : reader.removals(account);
    this.#firstUid = maildrop.first_uid;
    this.#at = maildrop.uid_next - 1;
    this.#skip = start;
    this.#limit = limit;
  }

  /** False at the end. */
  step(): boolean {
    if (this.uids.length >= this.#limit || this.#at < this.#firstUid) return false;
    const [first, last] = this.#passedOver();
    if (last >= this.#at) this.#at = first - 1;
    else if (this.#skip > 0) this.#pass(Math.max(last, this.#firstUid - 1));
    else this.#take(Math.max(last, this.#firstUid - 1));
    return true;
  }

  /** The range that holds this uid, or the last one before it. Those of the account last: what is taken over meanwhile is found there. */
  #passedOver(): RangeRow {
    const ranges = this.#removals.map((removal) => this.#reads.removingBefore.get(removal, this.#at));
    ranges.push(this.#reads.removedBefore.get(this.#account, this.#at));
    return ranges.reduce<RangeRow>(
      (found, range) => (range !== undefined && range[1] > found[1] ? range : found),
      NOTHING,
    );
  }

  #pass(above: number): void {
    const limit = Math.min(this.#skip, PASSED_AT_ONCE);
    const [messages, last] = this.#reads.count.get(this.#account, this.#at, above, limit) ?? [0, null];
    this.#skip -= messages;
    this.#at = last === null || messages < limit ? above : last - 1;
  }

  #take(above: number): void {
    const limit = this.#limit - this.uids.length;
    const uids = this.#reads.uids.all(this.#account, this.#at, above, limit);
    this.uids.push(...uids);
    this.#at = uids.length < limit ? above : (uids.at(-1) as number) - 1;
  }
}

function shownOf(row: ShownMailRow): ShownMail {
  return {
    ...{ id: row.uid, octets: row.octets, receivedAtMs: row.received_at },
    ...{ from: row.from_text ?? undefined, to: row.to_text ?? undefined, cc: row.cc_text ?? undefined },
    ...{ subject: row.subject ?? undefined, messageId: row.message_id ?? undefined },
    hasAttachments: row.attachments === null ? undefined : row.attachments === 1,
    beginning: row.beginning ?? undefined,
  };
}
