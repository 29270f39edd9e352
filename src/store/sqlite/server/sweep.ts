/**
 * Deletes what nobody sees any more, a little at a time: messages that were removed long enough ago (purge.ts) and those of an
 * account that is removed, bodies that nobody points to, and what is old of attempts to send, of what came and of who logged in.
 * Last it gives free pages back (free-pages.ts). What is left to do follows from the database alone, so a store that was killed goes on
 * where it was.
 */
import type { Bodies } from './bodies.js';
import { Expiry } from './expiry.js';
import { FreePages } from './free-pages.js';
import type { HiddenMail } from './hidden-mail.js';
import type { MailboxCounters } from './mailbox-counters.js';
import { Purge } from './purge.js';
import type { Connection, Statement } from '../database/database.js';
import type { RemovalWriter } from './removal-writer.js';
import type { RangeRow } from '../database/reads.js';
import type { RemovalWrites } from '../database/removal-writes.js';
import type { IndexWriter } from './index-writer.js';

/** Between two looks at the clock. */
const MESSAGES_AT_ONCE = 8;
const ATTEMPTS_AT_ONCE = 50;
const ARRIVALS_AT_ONCE = 50;
/** Who logged in is kept so long. */
const LOGIN_HOURS = 30 * 24;
const HOUR_MS = 3_600_000;
const IMPORTED_AT_ONCE = 50;
const HIDDEN_AT_ONCE = 50;

/** What this store makes has these numbers or higher ones; what is unfinished below them was left by an earlier one. */
export interface Firsts {
  readonly body: number;
  readonly removal: number;
}

/** How long what nobody sees is kept. */
export interface Keeping {
  /** Attempts to send. */
  readonly keepDeliveriesMs: number;
  /** What came (the view `arrivals`). */
  readonly keepArrivalsMs: number;
  /** Messages that were removed. */
  readonly keepRemovedMs: number;
  /** Whether the disk is nearly full: then messages that were removed are not kept. */
  readonly isShort: () => boolean;
  /** Whether a session has the maildrop of an account open: nothing expires there then. */
  readonly isOpen: (account: number) => boolean;
}

export interface SweepOptions extends Keeping {
  readonly bodies: Bodies;
  readonly index: IndexWriter;
  readonly hidden: HiddenMail;
  readonly removals: RemovalWrites;
  readonly firsts: Firsts;
  /** What mail that expires is removed with. */
  readonly expiring: { readonly removals: RemovalWriter; readonly counters: MailboxCounters };
}

type DeletedRow = [body: number];

interface Statements {
  readonly deleteMessages: Statement<[account: number, first: number, last: number, limit: number], DeletedRow>;
  readonly account: Statement<[], number>;
  readonly deleteImported: Statement<[account: number, same: number, limit: number]>;
  readonly deleteHidden: Statement<[account: number, same: number, limit: number]>;
  /** A row a day. */
  readonly deleteAges: Statement<[account: number]>;
  readonly deleteAccount: Statement<[account: number]>;
  readonly body: Statement<[first: number], number>;
  readonly deleteChunk: Statement<[body: number, same: number]>;
  readonly deleteBody: Statement<[body: number]>;
  readonly oldestAttempt: Statement<[], number>;
  readonly deleteAttempts: Statement<[limit: number, before: number]>;
  readonly oldestArrival: Statement<[], number>;
  readonly deleteArrivals: Statement<[limit: number, before: number]>;
  readonly deleteLogins: Statement<[before: number]>;
}

export class Sweep {
  readonly #do: Statements;
  readonly #bodies: Bodies;
  readonly #index: IndexWriter;
  readonly #purge: Purge;
  readonly #freePages: FreePages;
  readonly expiry: Expiry;
  readonly #counters: MailboxCounters;
  readonly #firsts: Firsts;
  readonly #keepDeliveriesMs: number;
  readonly #keepArrivalsMs: number;

  constructor(connection: Connection, options: SweepOptions) {
    const { bodies, index, hidden, removals, firsts, expiring, ...keeping } = options;
    this.#do = prepare(connection);
    this.#bodies = bodies;
    this.#freePages = new FreePages(connection);
    this.#index = index;
    this.#counters = expiring.counters;
    this.#firsts = firsts;
    this.#keepDeliveriesMs = keeping.keepDeliveriesMs;
    this.expiry = new Expiry(connection, { ...expiring, isOpen: keeping.isOpen });
    this.#keepArrivalsMs = keeping.keepArrivalsMs;
    this.#purge = new Purge({
      ...{ writes: removals, keepRemovedMs: keeping.keepRemovedMs, isShort: keeping.isShort },
      firstRemoval: firsts.removal,
      deleteMessages: (account, range) => this.#deleteMessages(account, range),
      join: (account, range) => hidden.join(account, range),
    });
  }

  /** True when nothing is left. Bodies come behind what leaves some. */
  run(untilMs: number): boolean {
    const removals = [
      ...[() => this.#counters.countDomain(), () => this.#purge.settle(), () => this.expiry.step()],
      ...[() => this.#purge.purge(), () => this.#purge.forgetGivenUp()],
    ];
    const history = [() => this.#attempts(), () => this.#arrivals(), () => this.#logins()];
    const kinds = [...removals, () => this.#account(), () => this.#body(), ...history];
    for (const step of kinds) while (step()) if (performance.now() >= untilMs) return false;
    return !this.#freePages.step();
  }

  /** The account goes. */
  forgetAges(account: number): void {
    this.#do.deleteAges.run(account);
  }

  /** How many removals were purged before their time since this was last asked. */
  takeEarly(): number {
    return this.#purge.takeEarly();
  }

  /** Each of these takes one step, and is false when nothing of its kind is left. */
  #account(): boolean {
    const account = this.#do.account.get();
    if (account === undefined) return false;
    if (this.#deleteMessages(account, [0, Number.MAX_SAFE_INTEGER]) || this.#purge.forget(account)) return true;
    if (this.#do.deleteImported.run(account, account, IMPORTED_AT_ONCE).changes > 0) return true;
    if (this.#do.deleteHidden.run(account, account, HIDDEN_AT_ONCE).changes > 0) return true;
    this.#do.deleteAges.run(account);
    this.#do.deleteAccount.run(account);
    return true;
  }

  #body(): boolean {
    const body = this.#do.body.get(this.#firsts.body);
    if (body === undefined) return false;
    if (this.#index.remove(body)) return true; // Its words are read from its chunks, so they go first.
    if (this.#do.deleteChunk.run(body, body).changes === 0) this.#do.deleteBody.run(body);
    return true;
  }

  /** They stand in the order in which they were made. */
  #attempts(): boolean {
    const before = Date.now() - this.#keepDeliveriesMs;
    if ((this.#do.oldestAttempt.get() ?? Infinity) >= before) return false;
    return this.#do.deleteAttempts.run(ATTEMPTS_AT_ONCE, before).changes > 0;
  }

  /** In the same order. */
  #arrivals(): boolean {
    const before = Date.now() - this.#keepArrivalsMs;
    if ((this.#do.oldestArrival.get() ?? Infinity) >= before) return false;
    return this.#do.deleteArrivals.run(ARRIVALS_AT_ONCE, before).changes > 0;
  }

  /** Those of one hour, which has no more than a budget (client/row-budget.ts) has room for. */
  #logins(): boolean {
    return this.#do.deleteLogins.run(Math.floor(Date.now() / HOUR_MS) - LOGIN_HOURS).changes > 0;
  }

  /** False when there are none. */
  #deleteMessages(account: number, [first, last]: RangeRow): boolean {
    const deleted = this.#do.deleteMessages.all(account, first, last, MESSAGES_AT_ONCE);
    for (const [body] of deleted) this.#bodies.release(body);
    return deleted.length > 0;
  }
}

function prepare(connection: Connection): Statements {
  return {
    deleteMessages: connection
      .prepare<[number, number, number, number], DeletedRow>(
        `
      delete from message where id in (
        select id from message where account = ? and uid between ? and ? order by uid limit ? + 0)
      returning body`,
      )
      .raw(),
    account: connection.prepare<[], number>('select id from account where removed = 1 limit 1').pluck(),
    deleteImported: connection.prepare(`
      delete from imported where account = ? and key in (select key from imported where account = ? limit ? + 0)`),
    deleteHidden: connection.prepare(`
      delete from hidden where account = ? and (view, first) in (
        select view, first from hidden where account = ? limit ? + 0)`),
    deleteAges: connection.prepare('delete from age where account = ?'),
    deleteAccount: connection.prepare('delete from account where id = ?'),
    body: connection
      .prepare<[number], number>(
        `
      select * from (select id from body where refs < 0 limit 1)
      union all select * from (select id from body where refs = 0 and id < ? limit 1)
      limit 1`,
      )
      .pluck(),
    deleteChunk: connection.prepare(`
      delete from chunk where body = ? and seq = (select max(seq) from chunk where body = ?)`),
    deleteBody: connection.prepare('delete from body where id = ?'),
    oldestAttempt: connection.prepare<[], number>('select at from attempt order by id limit 1').pluck(),
    deleteAttempts: connection.prepare(`
      delete from attempt where id in (select id from attempt order by id limit ? + 0) and at < ?`),
    oldestArrival: connection.prepare<[], number>('select at from arrival order by id limit 1').pluck(),
    deleteArrivals: connection.prepare(`
      delete from arrival where id in (select id from arrival order by id limit ? + 0) and at < ?`),
    deleteLogins: connection.prepare('delete from login where hour = (select min(hour) from login) and hour < ?'),
  };
}
