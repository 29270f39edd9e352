/**
 * What each account holds and may hold, and the uid of its next message: read when an account is first met, kept in
 * memory, and written back by one statement an account before a group commits. After a rollback everything is forgotten,
 * since what was remembered may not be so; so the counters and the rows they count are of one transaction.
 */
import { StoreError } from '../../errors.js';
import type { AccountId } from '../../shapes.js';
import type { Held } from '../../quotas.js';
import type { QuotaHolder } from '../../rules/quotas.js';
import type { Writes } from '../database/writes.js';
import { DomainCounters } from './domain-counters.js';
import { Holding, type Limits } from './holding.js';

/** Accounts that are remembered; when there are more, they are read again. */
const KNOWN_LIMIT = 10_000;

interface Counters {
  uidNext: number;
  /** No message has a lower uid. */
  firstUid: number;
  readonly domain: number;
  readonly holding: Holding;
}

export class MailboxCounters {
  readonly #writes: Writes;
  readonly #known = new Map<AccountId, Counters>();
  readonly #changed = new Set<AccountId>();
  readonly #domains: DomainCounters;
  /** No uid below it is given out: an older copy of the database, put back, knows nothing of the newest uids. */
  readonly #uidFloor = Date.now();

  constructor(writes: Writes) {
    this.#writes = writes;
    this.#domains = new DomainCounters(writes);
  }

  /** @throws StoreError 'missing' when there is no such account. */
  require(account: AccountId): void {
    this.#of(account);
  }

  /** Whose quotas count for what comes to the account: its own and its domain's, as far as they have one. */
  quotasOf(account: AccountId): readonly QuotaHolder[] {
    const { domain, holding } = this.#of(account);
    const shared = this.#domains.of(domain);
    if (shared !== undefined) return holding.hasQuota ? [holding, shared] : [shared];
    return holding.hasQuota ? [holding] : [];
  }

  /** Whether so much more is within them. */
  isWithinQuota(account: AccountId, more: Held): boolean {
    return this.quotasOf(account).every((holder) => holder.fits(more));
  }

  /** Counts a message that comes, and returns its uid. */
  add(account: AccountId, octets: number): number {
    const counters = this.#of(account);
    this.#count(account, counters, { messages: 1, octets });
    return counters.uidNext++;
  }

  /** Counts messages that go. */
  subtract(account: AccountId, { messages, octets }: Held): void {
    const counters = this.#of(account);
    this.#count(account, counters, { messages: -messages, octets: -octets });
    if (counters.holding.messages === 0) counters.firstUid = counters.uidNext;
  }

  /** Counts messages that are back, each at its uid; `firstUid` is the lowest of them. */
  restore(account: AccountId, back: Held, firstUid: number): void {
    const counters = this.#of(account);
    this.#count(account, counters, back);
    counters.firstUid = Math.min(counters.firstUid, firstUid);
  }

  /** What comes from now on has this uid or a higher one. */
  uidNext(account: AccountId): number {
    return this.#of(account).uidNext;
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
    return this.#of(account).holding.messages;
  }

  setQuota(account: AccountId, limits: Limits): void {
    this.#of(account).holding.limit(limits);
    this.#writes.setQuota.run(...limits, account);
  }

  setDomainQuota(domain: number, limits: Limits): void {
    this.flush(); // What the domain holds is counted by its accounts.
    this.#domains.setQuota(domain, limits);
  }

  /** Of the domains that a shell has given a quota, one; false when there is none. */
  countDomain(): boolean {
    const domain = this.#writes.uncountedDomain.get();
    if (domain === undefined) return false;
    this.flush();
    this.#domains.count(domain);
    return true;
  }

  /** Another domain may have its number. */
  dropDomain(domain: number): void {
    this.#domains.forget(domain);
  }

  /** The account is of another domain from now on, with what it holds. */
  move(account: AccountId, domain: number): void {
    const counters = this.#of(account);
    this.#domains.add(counters.domain, negative(counters.holding));
    this.#domains.add(domain, counters.holding);
    this.#known.set(account, { ...counters, domain });
  }

  /** The account is being removed, or is so already: there is nothing to write back. */
  drop(account: AccountId): void {
    const counters = this.#known.get(account);
    if (counters !== undefined) this.#domains.add(counters.domain, negative(counters.holding));
    this.#known.delete(account);
    this.#changed.delete(account);
  }

  /** Before COMMIT. */
  flush(): void {
    for (const account of this.#changed) {
      const { uidNext, firstUid, holding } = this.#of(account);
      this.#writes.setMailboxCounters.run(uidNext, firstUid, holding.messages, holding.octets, account);
    }
    this.#changed.clear();
    this.#domains.flush();
    if (this.#known.size > KNOWN_LIMIT) this.#known.clear(); // All of it is written.
  }

  /** After ROLLBACK. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
    this.#domains.forgetAll();
  }

  #count(account: AccountId, { domain, holding }: Counters, more: Held): void {
    holding.add(more);
    this.#domains.add(domain, more);
    this.#changed.add(account);
  }

  #of(account: AccountId): Counters {
    const known = this.#known.get(account);
    if (known !== undefined) return known;
    const row = this.#writes.mailboxCounters.get(account);
    if (row === undefined) throw new StoreError('missing', `account ${account} was removed`);
    const [uidNext, firstUid, messages, octets, domain, ...limits] = row;
    const holding = new Holding({ messages, octets }, limits);
    const counters = { uidNext: Math.max(uidNext, this.#uidFloor), firstUid, domain, holding };
    this.#known.set(account, counters);
    return counters;
  }
}

function negative({ messages, octets }: Held): Held {
  return { messages: -messages, octets: -octets };
}
