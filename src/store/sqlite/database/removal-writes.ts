/** The statements that remove messages, restore them and purge them, prepared once, with the shapes of their rows. */
import type { Connection, Statement } from './database.js';
import type { RangeRow, SumRow } from './reads.js';

/** `removal.state`, as db/README.md documents it; 1, removed with its ranges in `removing`, stands in SQL too. */
export const RemovalState = {
  GivenUp: -1,
  Writing: 0,
  Committed: 1,
  Settled: 2,
} as const;
export type RemovalState = (typeof RemovalState)[keyof typeof RemovalState];

/** A range of `removed`, and the removal that it belongs to. */
export type RemovedRow = [...range: RangeRow, removal: number];

/** A message by the number that administration knows it by. */
export type NumberedRow = [account: number, uid: number, octets: number];

export interface RemovalWrites {
  readonly last: Statement<[], number>;
  /** Ignored when it is there. */
  readonly add: Statement<[removal: number, account: number, state: RemovalState, atMs: number, client: string]>;
  readonly settle: Statement<[state: RemovalState, atMs: number, removal: number]>;
  readonly drop: Statement<[removal: number]>;
  readonly giveUp: Statement<[removal: number]>;
  readonly giveUpAll: Statement<[account: number]>;
  /** What an account has of them that is not settled. */
  readonly unsettled: Statement<[account: number], RemovalState>;
  readonly isCommitted: Statement<[account: number], number>;
  readonly isSettledOf: Statement<[removal: number, account: number], number>;
  readonly oldestCommitted: Statement<[], [removal: number, account: number, atMs: number]>;
  readonly oldestGivenUp: Statement<[first: number], number>;
  /** The one that was removed first, up to a moment. */
  readonly oldestDue: Statement<[beforeMs: number], [removal: number, account: number, atMs: number]>;
  readonly hasAny: Statement<[], number>;
  readonly addRemoving: Statement<[removal: number, first: number, last: number]>;
  readonly removing: Statement<[removal: number, limit: number], RangeRow>;
  readonly dropRemoving: Statement<[removal: number, upTo: number]>;
  readonly addRemoved: Statement<[account: number, first: number, last: number, removal: number]>;
  readonly hasRemoved: Statement<[account: number], number>;
  /** The range that holds a uid, or that ends before it. */
  readonly removedAt: Statement<[account: number, uid: number], RemovedRow>;
  /** Where the next range begins. */
  readonly removedBehind: Statement<[account: number, uid: number], number>;
  readonly removedBy: Statement<[removal: number, limit: number], RangeRow>;
  readonly removedOf: Statement<[account: number, limit: number], RemovedRow>;
  readonly dropRemoved: Statement<[account: number, first: number]>;
  readonly beginRemovedAt: Statement<[begin: number, account: number, first: number]>;
  readonly endRemovedAt: Statement<[end: number, account: number, first: number]>;
  readonly numbered: Statement<[number: number], NumberedRow>;
  readonly renumberUid: Statement<[uid: number, number: number]>;
  readonly removeMessage: Statement<[account: number, uid: number], [body: number, octets: number]>;
  readonly uids: Statement<[account: number, first: number, last: number, limit: number], number>;
  readonly sums: Statement<[account: number, first: number, last: number, limit: number], SumRow>;
  /** Whether more of an account may be purged than what was removed up to a moment. */
  readonly isPurgedBehind: Statement<[account: number, atMs: number], number>;
  readonly purgedTo: Statement<[atMs: number, account: number, before: number]>;
}

// eslint-disable-next-line max-lines-per-function -- a list of statements, each on its own
export function prepareRemovalWrites(connection: Connection): RemovalWrites {
  return {
    last: connection.prepare<[], number>('select coalesce(max(id), 0) from removal').pluck(),
    add: connection.prepare(
      'insert or ignore into removal (id, account, state, removed_at, client) values (?, ?, ?, ?, ?)',
    ),
    settle: connection.prepare('update removal set state = ?, removed_at = ? where id = ?'),
    drop: connection.prepare('delete from removal where id = ?'),
    giveUp: connection.prepare('update removal set state = -1 where id = ?'),
    giveUpAll: connection.prepare('update removal set state = -1 where state < 2 and state = 0 and account = ?'),
    unsettled: connection
      .prepare<[number], RemovalState>(
        'select state from removal where state < 2 and state in (-1, 0, 1) and account = ? limit 1',
      )
      .pluck(),
    isCommitted: connection
      .prepare<[number], number>('select 1 from removal where state < 2 and state = 1 and account = ?')
      .pluck(),
    isSettledOf: connection
      .prepare<[number, number], number>('select 1 from removal where id = ? and account = ? and state = 2')
      .pluck(),
    oldestCommitted: connection
      .prepare<[], [number, number, number]>(
        'select id, account, removed_at from removal where state < 2 and state = 1 limit 1',
      )
      .raw(),
    oldestGivenUp: connection
      .prepare<[number], number>(
        `
      select * from (select id from removal where state < 2 and state = -1 limit 1)
      union all select * from (select id from removal where state < 2 and state = 0 and id < ? limit 1)
      limit 1`,
      )
      .pluck(),
    oldestDue: connection
      .prepare<[number], [number, number, number]>(
        'select id, account, removed_at from removal where state = 2 and removed_at <= ? order by removed_at limit 1',
      )
      .raw(),
    hasAny: connection.prepare<[], number>('select 1 from removal limit 1').pluck(),
    addRemoving: connection.prepare('insert into removing (removal, first, last) values (?, ?, ?)'),
    removing: connection
      .prepare<[number, number], RangeRow>(
        'select first, last from removing where removal = ? order by first limit ? + 0',
      )
      .raw(),
    dropRemoving: connection.prepare('delete from removing where removal = ? and first <= ?'),
    addRemoved: connection.prepare('insert into removed (account, first, last, removal) values (?, ?, ?, ?)'),
    hasRemoved: connection.prepare<[number], number>('select 1 from removed where account = ? limit 1').pluck(),
    removedAt: connection
      .prepare<[number, number], RemovedRow>(
        'select first, last, removal from removed where account = ? and first <= ? order by first desc limit 1',
      )
      .raw(),
    removedBehind: connection
      .prepare<[number, number], number>(
        'select first from removed where account = ? and first > ? order by first limit 1',
      )
      .pluck(),
    removedBy: connection
      .prepare<[number, number], RangeRow>('select first, last from removed where removal = ? limit ? + 0')
      .raw(),
    removedOf: connection
      .prepare<[number, number], RemovedRow>(
        'select first, last, removal from removed where account = ? order by first limit ? + 0',
      )
      .raw(),
    dropRemoved: connection.prepare('delete from removed where account = ? and first = ?'),
    beginRemovedAt: connection.prepare('update removed set first = ? where account = ? and first = ?'),
    endRemovedAt: connection.prepare('update removed set last = ? where account = ? and first = ?'),
    numbered: connection.prepare<[number], NumberedRow>('select account, uid, octets from message where id = ?').raw(),
    renumberUid: connection.prepare('update message set uid = ? where id = ?'),
    removeMessage: connection
      .prepare<[number, number], [number, number]>(
        'delete from message where account = ? and uid = ? returning body, octets',
      )
      .raw(),
    uids: connection
      .prepare<[number, number, number, number], number>(
        'select uid from message where account = ? and uid between ? and ? order by uid limit ? + 0',
      )
      .pluck(),
    sums: connection
      .prepare<[number, number, number, number], SumRow>(
        `
      select count(*), coalesce(sum(octets), 0), max(uid) from (
        select uid, octets from message where account = ? and uid between ? and ? order by uid limit ? + 0)`,
      )
      .raw(),
    isPurgedBehind: connection
      .prepare<[number, number], number>('select 1 from account where id = ? and purged_to > ?')
      .pluck(),
    purgedTo: connection.prepare('update account set purged_to = ? where id = ? and purged_to < ?'),
  };
}
