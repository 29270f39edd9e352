/** The table of those who have logged in by HTTP: its statements, and its rows as the interface has them. */
import type { NewWebSession, WebSession } from '../../web-sessions.js';
import type { Connection } from './driver.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

interface WebSessionRow {
  readonly id: string;
  readonly account: number;
  readonly credential: number | null;
  readonly password_version: number;
  readonly since: number;
  readonly seen_at: number;
  readonly until: number;
  readonly client: string;
  readonly agent: string;
  readonly address: string;
}

export interface WebSessionReads {
  readonly session: ReadStatement<[id: string, nowMs: number], WebSessionRow>;
  readonly sessions: ReadStatement<[account: number, nowMs: number], WebSessionRow>;
}

export interface WebSessionWrites {
  readonly add: { run(row: Omit<WebSessionRow, 'address'>): unknown };
  readonly extend: { run(seenAtMs: number, client: string, untilMs: number, id: string): unknown };
  readonly remove: { run(account: number, id: string): { readonly changes: number } };
  /** All but so many of those that were seen last. */
  readonly trim: { run(account: number, account2: number, limit: number): unknown };
  /** Whose time is over, a few of them. */
  readonly expire: { run(nowMs: number): unknown };
}

export function prepareWebSessionReads(connection: Prepares): WebSessionReads {
  return {
    session: connection.prepare(`
      select web_session.*, account.local || '@' || domain.name as address
      from web_session
      join account on account.id = web_session.account and account.removed = 0
      join domain on domain.id = account.domain
      where web_session.id = ? and until > ?`),
    sessions: connection.prepare(`
      select web_session.*, account.local || '@' || domain.name as address
      from web_session
      join account on account.id = web_session.account and account.removed = 0
      join domain on domain.id = account.domain
      where web_session.account = ? and until > ?
      order by seen_at desc`),
  };
}

export function prepareWebSessionWrites(connection: Connection): WebSessionWrites {
  return {
    add: connection.prepare(`
      insert or replace into web_session (id, account, credential, password_version, since, seen_at, until, client, agent)
      values (:id, :account, :credential, :password_version, :since, :seen_at, :until, :client, :agent)`),
    extend: connection.prepare('update web_session set seen_at = ?, client = ?, until = ? where id = ?'),
    remove: connection.prepare('delete from web_session where account = ? and id = ?'),
    trim: connection.prepare(`
      delete from web_session where account = ? and id in
        (select id from web_session where account = ? order by seen_at desc limit -1 offset ?)`),
    expire: connection.prepare(`
      delete from web_session where id in (select id from web_session where until <= ? limit 100)`),
  };
}

export function webSessionOf(row: WebSessionRow): WebSession {
  const { id, account, client, agent, address } = row;
  return {
    ...{ id, client, agent, address, sinceMs: row.since, seenAtMs: row.seen_at, untilMs: row.until },
    grant: {
      ...{ account, credential: row.credential ?? undefined, scope: 'web', passwordVersion: row.password_version },
    },
  };
}

export function newWebSessionRow(
  { id, grant, client, agent, untilMs }: NewWebSession,
  nowMs: number,
): Omit<WebSessionRow, 'address'> {
  const { account, credential = null, passwordVersion } = grant;
  return {
    ...{ id, account, credential, password_version: passwordVersion },
    ...{ since: nowMs, seen_at: nowMs, until: untilMs, client, agent },
  };
}
