/** The statements of autoreplies. */
import type { Autoreply } from '../../autoreplies.js';
import type { Connection } from './driver.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

export interface AutoreplyRow {
  readonly address: string;
  readonly subject: string;
  readonly text: string;
  readonly from_at: number | null;
  readonly until_at: number | null;
}

export interface AutoreplyReads {
  readonly autoreply: ReadStatement<[account: number], AutoreplyRow>;
  readonly answeredAt: ReadStatement<[account: number, sender: string], number>;
}

export interface AutoreplyWrites extends AutoreplyReads {
  readonly put: {
    run(account: number, subject: string, text: string, from: number | null, until: number | null): unknown;
  };
  readonly remove: { run(account: number): unknown };
  readonly mark: { run(autoreplies: number, account: number): unknown };
  readonly answer: { run(account: number, sender: string, at: number): unknown };
  readonly countAnswered: ReadStatement<[account: number, limit: number], number>;
  readonly forget: { run(account: number): unknown };
  /** Of any account, so many of those that were answered before this moment. */
  readonly purge: { run(before: number, limit: number): unknown };
}

export function prepareAutoreplyReads(connection: Prepares): AutoreplyReads {
  return {
    autoreply: connection.prepare(`
      select account.local || '@' || domain.name as address, subject, text, from_at, until_at
      from autoreply
      join account on account.id = autoreply.account and account.removed = 0
      join domain on domain.id = account.domain
      where autoreply.account = ?`),
    answeredAt: connection
      .prepare<[number, string], number>('select at from answered where account = ? and sender = ?')
      .pluck(),
  };
}

export function prepareAutoreplyWrites(connection: Connection): AutoreplyWrites {
  return {
    ...prepareAutoreplyReads(connection),
    put: connection.prepare(
      'insert or replace into autoreply (account, subject, text, from_at, until_at) values (?, ?, ?, ?, ?)',
    ),
    remove: connection.prepare('delete from autoreply where account = ?'),
    mark: connection.prepare('update account set autoreplies = ? where id = ?'),
    answer: connection.prepare('insert or replace into answered (account, sender, at) values (?, ?, ?)'),
    countAnswered: connection
      .prepare<[number, number], number>('select count(*) from (select 1 from answered where account = ? limit ? + 0)')
      .pluck(),
    forget: connection.prepare('delete from answered where account = ?'),
    purge: connection.prepare(`
      delete from answered where (account, sender) in (
        select account, sender from answered where at < ? order by at limit ? + 0)`),
  };
}

export function autoreplyOf({ subject, text, from_at: from, until_at: until }: AutoreplyRow): Autoreply {
  return { subject, text, ...(from !== null && { fromMs: from }), ...(until !== null && { untilMs: until }) };
}
