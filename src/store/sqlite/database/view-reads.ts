/** The statements that read what a view of a maildrop shows, and how long mail is there, with the shapes of their rows. */
import type { Prepares, ReadStatement } from './reading-connection.js';
import type { RangeRow, SumRow } from './reads.js';

export interface ViewReads {
  /** The range that holds this uid, or the next one, of what a view does not show. */
  readonly hidden: ReadStatement<
    [account: number, view: number, uid: number, accountAgain: number, viewAgain: number, uidAgain: number],
    RangeRow
  >;
  /** Of whatever account or domain; null when nothing expires. */
  readonly leastExpireDays: ReadStatement<[], number | null>;
  /** Of messages up to some limit. */
  readonly sums: ReadStatement<[account: number, from: number, before: number, limit: number], SumRow>;
}

export function prepareViewReads(connection: Prepares): ViewReads {
  return {
    hidden: connection
      .prepare<[number, number, number, number, number, number], RangeRow>(
        `
      select first, last from hidden
      where account = ? and view = ? and last >= ? and first >= coalesce(
        (select first from hidden where account = ? and view = ? and first <= ? order by first desc limit 1), 0)
      order by first limit 1`,
      )
      .raw(),
    leastExpireDays: connection
      .prepare<[], number | null>(
        `
      select min(days) from (
        select min(expire_days) as days from account where expire_days > 0
        union all select min(expire_days) from domain where expire_days > 0)`,
      )
      .pluck(),
    sums: connection
      .prepare<[number, number, number, number], SumRow>(
        `
      select count(*), coalesce(sum(octets), 0), max(uid) from (
        select uid, octets from message where account = ? and uid >= ? and uid < ? order by uid limit ? + 0)`,
      )
      .raw(),
  };
}
