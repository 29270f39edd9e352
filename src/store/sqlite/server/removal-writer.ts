/**
 * Removes messages and restores them; methods run inside a transaction, as those of the writer do (writer.ts). What is removed is
 * written down as ranges of uids, and its rows stay until they are purged (purge.ts); where nothing is to be kept, few messages
 * are deleted at once. Of many ranges, what they are is written ahead, and one mark makes all of it removed.
 */
import { StoreError } from '../../errors.js';
import type { Keeping } from '../../removed-mail.js';
import type { Held } from '../../quotas.js';
import type { AccountId } from '../../shapes.js';
import { refusals, refuse } from '../../rules/refusals.js';
import type { Bodies } from './bodies.js';
import type { HiddenMail } from './hidden-mail.js';
import type { MailboxCounters } from './mailbox-counters.js';
import type { RangeRow, SumRow } from '../database/reads.js';
import { RemovalState, type NumberedRow, type RemovalWrites } from '../database/removal-writes.js';

/** So many ranges are removed at once, or so many messages that are not kept; of more, the rows are written some at a time. */
export const DIRECT_LIMIT = 100;

/** What one step of a restore looks at: a few milliseconds. */
const RANGES_AT_ONCE = 100;
const MESSAGES_AT_ONCE = 2_000;

/** Ranges that are passed at the beginning of a maildrop, with each removal. */
const PASSED_AT_ONCE = 8;

/** Uids: the first and the last of each range, one behind the other. */
export type Ranges = readonly number[];

/** What one QUIT removes, or a part of it. */
export interface Removal {
  readonly account: AccountId;
  readonly ranges: Ranges;
  /** Who removes it, for people. */
  readonly client: string;
}

export interface RemovalWriterOptions {
  readonly writes: RemovalWrites;
  readonly counters: MailboxCounters;
  readonly bodies: Bodies;
  readonly hidden: HiddenMail;
  /** Whether what is removed is kept for a while. */
  readonly keeps: boolean;
  /** Whether the disk is nearly full: then it is not kept either. */
  readonly isShort: () => boolean;
}

export class RemovalWriter {
  readonly #do: RemovalWrites;
  readonly #counters: MailboxCounters;
  readonly #bodies: Bodies;
  readonly #hidden: HiddenMail;
  readonly #keeps: boolean;
  readonly #isShort: () => boolean;
  #next: number;
  #leftovers = false;

  constructor({ writes, counters, bodies, hidden, keeps, isShort }: RemovalWriterOptions) {
    this.#do = writes;
    this.#counters = counters;
    this.#bodies = bodies;
    this.#hidden = hidden;
    this.#keeps = keeps;
    this.#isShort = isShort;
    this.#next = (writes.last.get() ?? 0) + 1;
  }

  /** A name for a removal; one that is never used is only a gap. */
  next(): number {
    return this.#next++;
  }

  /** What becomes of what is removed now. */
  get keeping(): Keeping {
    if (!this.#keeps) return 'not-kept';
    return this.#isShort() ? 'disk-full' : 'kept';
  }

  /** Whether `remove` may be asked to. */
  isSmall({ ranges }: Removal, { messages }: Held): boolean {
    return (this.#keeps ? ranges.length / 2 : messages) <= DIRECT_LIMIT;
  }

  /** Removes what is there of these few; `held` is how much that is. @throws StoreError 'missing' */
  remove({ account, ranges, client }: Removal, held: Held): void {
    if (held.messages === 0) return; // The account may have gone with them.
    this.#counters.require(account);
    if (!this.#keeps) return this.delete(account, ranges);
    const removal = this.next();
    this.#do.add.run(removal, account, RemovalState.Settled, Date.now(), client);
    for (const [first, last] of pairs(ranges)) this.#do.addRemoved.run(account, first, last, removal);
    this.#counters.subtract(account, held);
    this.#passRemoved(account);
  }

  /** Deletes what is there of these few, for good; a body goes with its last message. */
  delete(account: AccountId, ranges: Ranges): void {
    const nowMs = Date.now();
    this.#do.purgedTo.run(nowMs, account, nowMs);
    for (const range of pairs(ranges)) {
      const [first, last] = range;
      for (const uid of first === last ? [first] : this.#do.uids.all(account, first, last, DIRECT_LIMIT))
        this.#deleteMessage(account, uid);
      while (this.#hidden.join(account, range));
    }
  }

  /** Removes some of what is there below a uid, at most so many messages; false when nothing is. Nobody has the maildrop open. */
  removeBelow(
    account: AccountId,
    { uid: below, limit, client }: { readonly uid: number; readonly limit: number; readonly client: string },
  ): boolean {
    this.#passRemoved(account);
    const [first] = this.#do.uids.all(account, this.#counters.firstUid(account), Number.MAX_SAFE_INTEGER, 1);
    if (first === undefined || first >= below) return false;
    const range = this.#do.removedAt.get(account, first);
    if (range !== undefined && range[1] >= first) return true; // There was more to pass than is passed at once.
    const end = Math.min(below, this.#do.removedBehind.get(account, first) ?? Infinity) - 1;
    const [messages, octets, last] = this.sums(account, [first, end], limit);
    this.remove({ account, ranges: [first, last ?? end], client }, { messages, octets });
    return true;
  }

  /** How many messages are in a range, and their octets: of at most `limit`, and the last of those. */
  sums(account: AccountId, [first, last]: readonly [number, number], limit: number): SumRow {
    return this.#do.sums.get(account, first, last, limit) as SumRow; // Of aggregates alone there is always one.
  }

  /** What a removal of many ranges will remove: nothing is removed by it before `commit`. @throws StoreError 'missing' */
  begin(removal: number, { account, ranges, client }: Removal): void {
    this.#counters.require(account);
    this.#do.add.run(removal, account, RemovalState.Writing, 0, client);
    for (const [first, last] of pairs(ranges)) this.#do.addRemoving.run(removal, first, last);
  }

  /** From now on nobody sees its messages. */
  commit(removal: number, account: AccountId, held: Held): void {
    this.#do.settle.run(RemovalState.Committed, Date.now(), removal);
    this.#counters.subtract(account, held);
    this.#leftovers = true;
  }

  giveUp(removal: number): void {
    this.#do.giveUp.run(removal);
    this.#leftovers = true;
  }

  /** The account is being removed, and with it the session that writes one. */
  giveUpAll(account: AccountId): void {
    this.#do.giveUpAll.run(account);
    this.#leftovers = true;
  }

  /** Whether the account has a removal whose ranges are not taken over. */
  isCommitting(account: AccountId): boolean {
    return this.#do.isCommitted.get(account) !== undefined;
  }

  /** Whether anything of the account was removed that is not deleted, or is about to be. */
  hasRemoved(account: AccountId): boolean {
    return (this.#do.hasRemoved.get(account) ?? this.#do.unsettled.get(account)) !== undefined;
  }

  /** Whether anything at all was removed that is not deleted. */
  get hasAny(): boolean {
    return this.#do.hasAny.get() !== undefined;
  }

  /**
   * Messages that were removed are there again, as the newest of their maildrop: all that are still kept, or none. Returns how
   * many. @throws StoreError 'over-quota'
   */
  restore(account: AccountId, numbers: readonly number[]): number {
    const found = new Map<number, NumberedRow>();
    for (const number of numbers) {
      const row = this.#removedMessage(account, number);
      if (row !== undefined) found.set(number, row);
    }
    const sum = [...found.values()].reduce((octets, row) => octets + row[2], 0);
    this.#requireRoom(account, { messages: found.size, octets: sum });
    for (const [number, [, uid, octets]] of found) {
      this.#cutOut(account, uid);
      this.#do.renumberUid.run(this.#counters.add(account, octets), number);
    }
    return found.size;
  }

  /**
   * A part of what one removal took is there again as it was, under its old uids. Whoever asks holds the maildrop, since numbers
   * change, and asks until the removal is gone. Returns how many messages. @throws StoreError 'over-quota', and 'refused' when some of
   * what was removed after this moment was purged meanwhile: whoever asks would hold the rest to be all
   */
  undo(account: AccountId, removal: number, afterMs: number): number {
    if (this.#do.isPurgedBehind.get(account, afterMs) !== undefined) refuse(refusals.isPurgedMeanwhile);
    if (this.#do.isSettledOf.get(removal, account) === undefined) return 0;
    const ranges = this.#do.removedBy.all(removal, RANGES_AT_ONCE);
    if (ranges.length === 0) this.#do.drop.run(removal);
    let restored = 0;
    for (const range of ranges) {
      if (restored >= MESSAGES_AT_ONCE) break;
      restored += this.#undoRange(account, range);
    }
    return restored;
  }

  /** Whether something was left for the sweep since this was last asked. */
  takeLeftovers(): boolean {
    const left = this.#leftovers;
    this.#leftovers = false;
    return left;
  }

  #undoRange(account: AccountId, [first, last]: readonly [number, number]): number {
    const [messages, octets, end] = this.sums(account, [first, last], MESSAGES_AT_ONCE);
    this.#requireRoom(account, { messages, octets });
    if (messages < MESSAGES_AT_ONCE || end === null || end === last) this.#do.dropRemoved.run(account, first);
    else this.#do.beginRemovedAt.run(end + 1, account, first);
    if (messages > 0) this.#counters.restore(account, { messages, octets }, first);
    return messages;
  }

  #requireRoom(account: AccountId, back: Held): void {
    if (back.messages > 0 && !this.#counters.isWithinQuota(account, back))
      throw new StoreError('over-quota', refusals.noRoomToRestore);
  }

  #removedMessage(account: AccountId, number: number): NumberedRow | undefined {
    const row = this.#do.numbered.get(number);
    if (row?.[0] !== account) return undefined;
    const range = this.#do.removedAt.get(account, row[1]);
    return range !== undefined && range[1] >= row[1] ? row : undefined;
  }

  /** One uid of a range is not removed any more. */
  #cutOut(account: AccountId, uid: number): void {
    const range = this.#do.removedAt.get(account, uid);
    if (range === undefined) return;
    const [first, last, removal] = range;
    if (first < uid) this.#do.endRemovedAt.run(uid - 1, account, first);
    else this.#do.dropRemoved.run(account, first);
    if (last > uid) this.#do.addRemoved.run(account, uid + 1, last, removal);
  }

  /** Moves the mark of where the maildrop begins behind what is removed there. */
  #passRemoved(account: AccountId): void {
    for (let passed = 0; passed < PASSED_AT_ONCE; passed++) {
      const [uid] = this.#do.uids.all(account, this.#counters.firstUid(account), Number.MAX_SAFE_INTEGER, 1);
      const range = uid === undefined ? undefined : this.#do.removedAt.get(account, uid);
      if (uid === undefined || range === undefined || range[1] < uid) return;
      this.#counters.beginAt(account, range[1] + 1);
    }
  }

  #deleteMessage(account: AccountId, uid: number): void {
    const removed = this.#do.removeMessage.get(account, uid);
    if (removed === undefined) return;
    const [body, octets] = removed;
    this.#counters.subtract(account, { messages: 1, octets });
    this.#bodies.release(body);
  }
}

export function* pairs(ranges: Ranges): Iterable<RangeRow> {
  for (let at = 0; at < ranges.length; at += 2) yield [ranges[at] as number, ranges[at + 1] as number];
}
