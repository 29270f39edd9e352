/**
 * Removes mail that is older than its account or domain allows (EXPIRE, RFC 2449 §6.7), as a step of the sweep (sweep.ts): once an
 * hour each account is looked at. How old mail is follows from marks (`age`), one a day: what stood below a uid then had come.
 * So nothing goes before its time, and at most a day and an hour later. It goes as what a session removes, some at a time, and never
 * from a maildrop that is open: numbers do not change under a session.
 */
import type { AccountId } from '../../shapes.js';
import type { Connection, Statement } from '../database/database.js';
import type { MailboxCounters } from './mailbox-counters.js';
import { DIRECT_LIMIT, type RemovalWriter } from './removal-writer.js';

const DAY_MS = 86_400_000;
const PASS_MS = 3_600_000;
/** When a maildrop is open, it is tried again so soon. */
const RETRY_MS = 60_000;

/** What one step looks at or removes: a few milliseconds. */
const ACCOUNTS_AT_ONCE = 100;
const MESSAGES_AT_ONCE = 1_000;

type ExpiringRow = [account: number, days: number];
type AgeRow = [at: number, uid: number];

export interface ExpiryOptions {
  readonly removals: RemovalWriter;
  readonly counters: MailboxCounters;
  /** Whether a session has it open. */
  readonly isOpen: (account: AccountId) => boolean;
}

interface Statements {
  readonly hasAny: Statement<[], number>;
  readonly accounts: Statement<[after: number, limit: number], ExpiringRow>;
  readonly newestAge: Statement<[account: number], AgeRow>;
  readonly dueAge: Statement<[account: number, beforeMs: number], AgeRow>;
  readonly addAge: Statement<[account: number, at: number, uid: number]>;
  readonly dropAges: Statement<[account: number, upTo: number]>;
  readonly dropAhead: Statement<[account: number, from: number]>;
}

export class Expiry {
  readonly #do: Statements;
  readonly #options: ExpiryOptions;
  #nextPassMs = 0;
  /** The account that was looked at last in this pass; undefined between two. */
  #at: number | undefined;
  /** Of those that were read together, the ones to come. */
  #waiting: ExpiringRow[] = [];

  constructor(connection: Connection, options: ExpiryOptions) {
    this.#do = prepareExpiry(connection);
    this.#options = options;
  }

  /** What expires may be otherwise by now. */
  soon(): void {
    this.#nextPassMs = 0;
  }

  /** Whether a pass is to begin. A clock that was set back does not hold it up. */
  isDue(nowMs = Date.now()): boolean {
    return nowMs >= this.#nextPassMs || this.#nextPassMs - nowMs > PASS_MS;
  }

  /** Takes one step; false when nothing is left for now. */
  step(nowMs = Date.now()): boolean {
    if (this.#at === undefined && !this.#begins(nowMs)) return false;
    const [next] = this.#waiting;
    if (next === undefined) return this.#readMore();
    if (this.#expire(next, nowMs)) return true;
    this.#waiting.shift();
    return true;
  }

  /** After ROLLBACK: what was done of this pass may not be so. */
  forget(): void {
    if (this.#at === undefined) return;
    [this.#at, this.#waiting] = [undefined, []];
    this.soon();
  }

  #begins(nowMs: number): boolean {
    if (!this.isDue(nowMs)) return false;
    this.#nextPassMs = nowMs + PASS_MS;
    if (this.#do.hasAny.get() === undefined) return false;
    this.#at = 0;
    return true;
  }

  #readMore(): boolean {
    this.#waiting = this.#do.accounts.all(this.#at ?? 0, ACCOUNTS_AT_ONCE);
    const last = this.#waiting.at(-1);
    this.#at = last?.[0];
    this.#waiting = this.#waiting.filter(([, days]) => days > 0);
    return last !== undefined;
  }

  /** Whether there is more of this account to remove. */
  #expire([account, days]: ExpiringRow, nowMs: number): boolean {
    this.#note(account, nowMs);
    const [atMs, uid] = this.#do.dueAge.get(account, nowMs - days * DAY_MS) ?? [];
    if (atMs === undefined || uid === undefined) return false;
    if (this.#options.isOpen(account)) {
      this.#nextPassMs = Math.min(this.#nextPassMs, nowMs + RETRY_MS);
      return false;
    }
    const { removals } = this.#options;
    if (removals.removeBelow(account, { uid, limit: limitOf(removals), client: `expired after ${inDays(days)}` }))
      return true;
    this.#do.dropAges.run(account, atMs);
    return false;
  }

  /**
   * Once a day, where something came since. Marks of a clock that was ahead would be the newest for as long as it was ahead, and no
   * other would be made: they are replaced by one of now.
   */
  #note(account: AccountId, nowMs: number): void {
    const [atMs, uid] = this.#do.newestAge.get(account) ?? [-Infinity, 0];
    const uidNext = this.#options.counters.uidNext(account);
    const isAhead = atMs > nowMs;
    if (isAhead) this.#do.dropAhead.run(account, nowMs);
    if (isAhead || (nowMs - atMs >= DAY_MS && uidNext !== uid)) this.#do.addAge.run(account, nowMs, uidNext);
  }
}

/** What is not kept is deleted at once. */
function limitOf({ keeping }: RemovalWriter): number {
  return keeping === 'not-kept' ? DIRECT_LIMIT : MESSAGES_AT_ONCE;
}

function inDays(days: number): string {
  return days === 1 ? '1 day' : `${days} days`;
}

export function prepareExpiry(connection: Connection): Statements {
  return {
    hasAny: connection
      .prepare<[], number>(
        `
      select * from (select 1 from account where expire_days > 0 limit 1)
      union all select * from (select 1 from domain where expire_days > 0 limit 1) limit 1`,
      )
      .pluck(),
    accounts: connection
      .prepare<[number, number], ExpiringRow>(
        `
      select account.id, case when account.removed = 0 then coalesce(account.expire_days, domain.expire_days, 0) else 0 end
      from account join domain on domain.id = account.domain
      where account.id > ? order by account.id limit ? + 0`,
      )
      .raw(),
    newestAge: connection
      .prepare<[number], AgeRow>('select at, uid from age where account = ? order by at desc limit 1')
      .raw(),
    dueAge: connection
      .prepare<[number, number], AgeRow>(
        'select at, uid from age where account = ? and at <= ? order by at desc limit 1',
      )
      .raw(),
    addAge: connection.prepare('insert into age (account, at, uid) values (?, ?, ?)'),
    dropAges: connection.prepare('delete from age where account = ? and at <= ?'),
    dropAhead: connection.prepare('delete from age where account = ? and at >= ?'),
  };
}
