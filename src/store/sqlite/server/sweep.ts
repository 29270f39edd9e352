/**
 * Deletes what nobody sees any more, a little at a time: the messages of a removal that is committed and of an account that is
 * removed, what was written of a removal that was given up, bodies that nobody points to, and attempts to send that are old. What is left to do follows from
 * the database alone, so a store that was killed goes on where it was.
 */
import type { Bodies } from './bodies.js';
import type { Connection, Statement } from '../database/database.js';

/** Between two looks at the clock. */
const MESSAGES_AT_ONCE = 8;
const RANGES_AT_ONCE = 100;
const ATTEMPTS_AT_ONCE = 50;
const IMPORTED_AT_ONCE = 50;

/** What this store makes has these numbers or higher ones; what is unfinished below them was left by an earlier one. */
export interface Firsts {
  readonly body: number;
  readonly removal: number;
}

export interface SweepOptions {
  readonly firsts: Firsts;
  /** How long attempts to send are kept. */
  readonly keepDeliveriesMs: number;
}

type DeletedRow = [body: number];

interface Statements {
  readonly removal: Statement<[], [id: number, account: number]>;
  readonly range: Statement<[removal: number], [first: number, last: number]>;
  readonly deleteMessages: Statement<[account: number, first: number, last: number, limit: number], DeletedRow>;
  readonly deleteRange: Statement<[removal: number, first: number]>;
  readonly deleteRemoval: Statement<[removal: number]>;
  readonly givenUp: Statement<[first: number], number>;
  readonly deleteRanges: Statement<[removal: number, same: number, limit: number]>;
  readonly account: Statement<[], number>;
  readonly deleteImported: Statement<[account: number, same: number, limit: number]>;
  readonly deleteAccount: Statement<[account: number]>;
  readonly body: Statement<[first: number], number>;
  readonly deleteChunk: Statement<[body: number, same: number]>;
  readonly deleteBody: Statement<[body: number]>;
  readonly oldestAttempt: Statement<[], number>;
  readonly deleteAttempts: Statement<[limit: number, before: number]>;
}

export class Sweep {
  readonly #do: Statements;
  readonly #bodies: Bodies;
  readonly #firsts: Firsts;
  readonly #keepDeliveriesMs: number;

  constructor(connection: Connection, bodies: Bodies, { firsts, keepDeliveriesMs }: SweepOptions) {
    this.#do = prepare(connection);
    this.#bodies = bodies;
    this.#firsts = firsts;
    this.#keepDeliveriesMs = keepDeliveriesMs;
  }

  /** True when nothing is left. Bodies come behind what leaves some. */
  run(untilMs: number): boolean {
    const owners = [() => this.#removal(), () => this.#givenUp(), () => this.#account()];
    const kinds = [...owners, () => this.#body(), () => this.#attempts()];
    for (const step of kinds) while (step()) if (performance.now() >= untilMs) return false;
    return true;
  }

  /** Each of these takes one step, and is false when nothing of its kind is left. */
  #removal(): boolean {
    const [removal, account] = this.#do.removal.get() ?? [];
    if (removal === undefined || account === undefined) return false;
    const range = this.#do.range.get(removal);
    if (range === undefined) this.#do.deleteRemoval.run(removal);
    else if (!this.#deleteMessages(account, ...range)) this.#do.deleteRange.run(removal, range[0]);
    return true;
  }

  #givenUp(): boolean {
    const removal = this.#do.givenUp.get(this.#firsts.removal);
    if (removal === undefined) return false;
    if (this.#do.deleteRanges.run(removal, removal, RANGES_AT_ONCE).changes === 0) this.#do.deleteRemoval.run(removal);
    return true;
  }

  #account(): boolean {
    const account = this.#do.account.get();
    if (account === undefined) return false;
    if (this.#deleteMessages(account, 0, Number.MAX_SAFE_INTEGER)) return true;
    if (this.#do.deleteImported.run(account, account, IMPORTED_AT_ONCE).changes === 0)
      this.#do.deleteAccount.run(account);
    return true;
  }

  #body(): boolean {
    const body = this.#do.body.get(this.#firsts.body);
    if (body === undefined) return false;
    if (this.#do.deleteChunk.run(body, body).changes === 0) this.#do.deleteBody.run(body);
    return true;
  }

  /** They stand in the order in which they were made. */
  #attempts(): boolean {
    const before = Date.now() - this.#keepDeliveriesMs;
    if ((this.#do.oldestAttempt.get() ?? Infinity) >= before) return false;
    return this.#do.deleteAttempts.run(ATTEMPTS_AT_ONCE, before).changes > 0;
  }

  /** False when there are none. */
  #deleteMessages(account: number, first: number, last: number): boolean {
    const deleted = this.#do.deleteMessages.all(account, first, last, MESSAGES_AT_ONCE);
    for (const [body] of deleted) this.#bodies.release(body);
    return deleted.length > 0;
  }
}

// eslint-disable-next-line max-lines-per-function -- a list of statements, each on its own
function prepare(connection: Connection): Statements {
  return {
    removal: connection
      .prepare<[], [number, number]>('select id, account from removal where committed = 1 order by id limit 1')
      .raw(),
    range: connection
      .prepare<[number], [number, number]>('select first, last from removed where removal = ? order by first limit 1')
      .raw(),
    deleteMessages: connection
      .prepare<[number, number, number, number], DeletedRow>(
        `
      delete from message where id in (
        select id from message where account = ? and uid between ? and ? order by uid limit ? + 0)
      returning body`,
      )
      .raw(),
    deleteRange: connection.prepare('delete from removed where removal = ? and first = ?'),
    deleteRemoval: connection.prepare('delete from removal where id = ?'),
    givenUp: connection
      .prepare<[number], number>('select id from removal where committed < 0 or (committed = 0 and id < ?) limit 1')
      .pluck(),
    deleteRanges: connection.prepare(`
      delete from removed where removal = ? and first in (
        select first from removed where removal = ? order by first limit ? + 0)`),
    account: connection.prepare<[], number>('select id from account where removed = 1 limit 1').pluck(),
    deleteImported: connection.prepare(`
      delete from imported where account = ? and key in (select key from imported where account = ? limit ? + 0)`),
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
  };
}
