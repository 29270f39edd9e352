/**
 * What each account holds and may hold, and the uid of its next message: read when an account is first met, kept in
 * memory, and written back by one statement an account before a group commits. After a rollback everything is forgotten,
 * since what was remembered may not be so; so the counters and the rows they count are of one transaction.
 */
import { StoreError } from '../../errors.js';
import type { AccountId } from '../../shapes.js';
import type { Writes } from '../database/writes.js';

/** Messages and their octets. */
export interface Held {
  readonly messages: number;
  readonly octets: number;
}

/** Accounts that are remembered; when there are more, they are read again. */
const KNOWN_LIMIT = 10_000;

interface Counters {
  uidNext: number;
  /** No message has a lower uid. */
  firstUid: number;
  messages: number;
  octets: number;
  /** Null without a quota. */
  quota: number | null;
}

export class MailboxCounters {
  readonly #writes: Writes;
  readonly #known = new Map<AccountId, Counters>();
  readonly #changed = new Set<AccountId>();
  /** No uid below it is given out: an older copy of the database, put back, knows nothing of the newest uids. */
  readonly #uidFloor = Date.now();

  constructor(writes: Writes) {
    this.#writes = writes;
  }

  /** @throws StoreError 'missing' when there is no such account. */
  require(account: AccountId): void {
    this.#of(account);
  }

  /** Whether so many octets more are within the account's quota. */
  isWithinQuota(account: AccountId, octets: number): boolean {
    const { quota, octets: held } = this.#of(account);
    return quota === null || held + octets <= quota;
  }

  /** Counts a message that comes, and returns its uid. */
  add(account: AccountId, octets: number): number {
    const counters = this.#of(account);
    counters.messages += 1;
    counters.octets += octets;
    this.#changed.add(account);
    return counters.uidNext++;
  }

  /** Counts messages that go. */
  subtract(account: AccountId, { messages, octets }: Held): void {
    const counters = this.#of(account);
    counters.messages -= messages;
    counters.octets -= octets;
    if (counters.messages === 0) counters.firstUid = counters.uidNext;
    this.#changed.add(account);
  }

  /** Counts messages that are back, each at its uid; `firstUid` is the lowest of them. */
  restore(account: AccountId, { messages, octets }: Held, firstUid: number): void {
    const counters = this.#of(account);
    counters.messages += messages;
    counters.octets += octets;
    counters.firstUid = Math.min(counters.firstUid, firstUid);
    this.#changed.add(account);
  }

  /** No message of it has a lower uid. */
  firstUid(account: AccountId): number {
    return this.#of(account).firstUid;
  }

  /** No message of it has a lower uid than this from now on. */
  beginAt(account: AccountId, uid: number): void {
    this.#of(account).firstUid = uid;
    this.#changed.add(account);
  }

  /** How many messages it has. */
  messages(account: AccountId): number {
    return this.#of(account).messages;
  }

  setQuota(account: AccountId, quota: number | null): void {
    this.#of(account).quota = quota;
    this.#writes.setQuota.run(quota, account);
  }

  /** The account is being removed: there is nothing to write back. */
  drop(account: AccountId): void {
    this.#known.delete(account);
    this.#changed.delete(account);
  }

  /** Before COMMIT. */
  flush(): void {
    for (const account of this.#changed) {
      const { uidNext, firstUid, messages, octets } = this.#of(account);
      this.#writes.setMailboxCounters.run(uidNext, firstUid, messages, octets, account);
    }
    this.#changed.clear();
    if (this.#known.size > KNOWN_LIMIT) this.#known.clear(); // All of it is written.
  }

  /** After ROLLBACK. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
  }

  #of(account: AccountId): Counters {
    const known = this.#known.get(account);
    if (known !== undefined) return known;
    const row = this.#writes.mailboxCounters.get(account);
    if (row === undefined) throw new StoreError('missing', `account ${account} was removed`);
    const [uidNext, firstUid, messages, octets, quota] = row;
    const counters = { uidNext: Math.max(uidNext, this.#uidFloor), firstUid, messages, octets, quota };
    this.#known.set(account, counters);
    return counters;
  }
}
