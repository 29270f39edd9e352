/** The table of collectors: its statements, and its rows as the interface has them. */
import type { Collector, CollectorLogin } from '../../collectors.js';
import type { Connection } from './driver.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

interface Row {
  readonly id: number;
  readonly account: number;
  readonly url: string;
  readonly every: number;
  readonly remove_after: number | null;
  readonly version: number;
  readonly since: number;
  readonly next_run_at: number;
  readonly claimed_by: string | null;
  readonly claimed_until: number | null;
  readonly last_run_at: number | null;
  readonly last_success_at: number | null;
  readonly fetched: number;
  readonly left_out: number;
  readonly failures: number;
  readonly failure: string | null;
}

interface ListedRow extends Row {
  readonly local: string;
  readonly domain: string;
}

interface LoginRow extends ListedRow {
  readonly password: string;
}

interface WrittenRow extends Row {
  readonly password: string;
}

export interface CollectorReads {
  /** In the order of their numbers. */
  readonly collectors: ReadStatement<[limit: number], ListedRow>;
  readonly collector: ReadStatement<[id: number], LoginRow>;
}

export interface CollectorWrites extends Pick<CollectorReads, 'collector'> {
  readonly any: ReadStatement<[], number>;
  readonly same: ReadStatement<[account: number, url: string], number>;
  readonly last: ReadStatement<[], number>;
  readonly count: ReadStatement<[limit: number], number>;
  readonly put: { run(row: WrittenRow): unknown };
  readonly remove: { run(id: number): { readonly changes: number } };
  readonly removeOf: { run(account: number): unknown };
}

export function prepareCollectorReads(connection: Prepares): CollectorReads {
  return {
    collectors: connection.prepare(`
      select collector.id, account, url, every, remove_after, version, since, next_run_at, claimed_by, claimed_until,
        last_run_at, last_success_at, fetched, left_out, failures, failure, account.local, domain.name as domain
      from collector
      join account on account.id = collector.account
      join domain on domain.id = account.domain
      order by collector.id limit ? + 0`),
    collector: connection.prepare(`
      select collector.*, account.local, domain.name as domain
      from collector
      join account on account.id = collector.account
      join domain on domain.id = account.domain
      where collector.id = ?`),
  };
}

export function prepareCollectorWrites(connection: Connection): CollectorWrites {
  return {
    collector: prepareCollectorReads(connection).collector,
    any: connection.prepare<[], number>('select 1 from collector limit 1').pluck(),
    same: connection
      .prepare<[number, string], number>('select id from collector where account = ? and url = ?')
      .pluck(),
    last: connection.prepare<[], number>('select max(id) from collector').pluck(),
    count: connection
      .prepare<[number], number>('select count(*) from (select 1 from collector order by id limit ? + 0)')
      .pluck(),
    put: connection.prepare(`
      insert or replace into collector (id, account, url, password, every, remove_after, version, since, next_run_at,
        claimed_by, claimed_until, last_run_at, last_success_at, fetched, left_out, failures, failure)
      values (:id, :account, :url, :password, :every, :remove_after, :version, :since, :next_run_at,
        :claimed_by, :claimed_until, :last_run_at, :last_success_at, :fetched, :left_out, :failures, :failure)`),
    remove: connection.prepare('delete from collector where id = ?'),
    removeOf: connection.prepare('delete from collector where account = ?'),
  };
}

export function collectorOf(row: ListedRow): Collector {
  return {
    ...{ id: row.id, url: row.url, account: row.account, into: { local: row.local, domain: row.domain } },
    ...{ everyMs: row.every, removeAfterMs: row.remove_after ?? 'never' },
    ...{ version: row.version, sinceMs: row.since, nextRunAtMs: row.next_run_at },
    claim: row.claimed_by === null ? undefined : { by: row.claimed_by, untilMs: row.claimed_until ?? 0 },
    ...{ lastRunAtMs: row.last_run_at ?? undefined, lastSuccessAtMs: row.last_success_at ?? undefined },
    ...{ fetched: row.fetched, leftOut: row.left_out, failures: row.failures },
    failure: row.failure === null ? undefined : (JSON.parse(row.failure) as Collector['failure']),
  };
}

export function collectorLoginOf(row: LoginRow): CollectorLogin {
  return { ...collectorOf(row), password: row.password };
}

export function collectorRow(collector: CollectorLogin): WrittenRow {
  const { removeAfterMs, claim, failure } = collector;
  return {
    ...{ id: collector.id, account: collector.account, url: collector.url, password: collector.password },
    ...{ every: collector.everyMs, remove_after: removeAfterMs === 'never' ? null : removeAfterMs },
    ...{ version: collector.version, since: collector.sinceMs, next_run_at: collector.nextRunAtMs },
    ...{ claimed_by: claim?.by ?? null, claimed_until: claim?.untilMs ?? null },
    last_run_at: collector.lastRunAtMs ?? null,
    last_success_at: collector.lastSuccessAtMs ?? null,
    ...{ fetched: collector.fetched, left_out: collector.leftOut, failures: collector.failures },
    failure: failure === undefined ? null : JSON.stringify(failure),
  };
}
