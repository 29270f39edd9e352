/** The statements that read what a view of a maildrop shows, with the shapes of their rows. */
import type { Prepares, ReadStatement } from './reading-connection.js';
import type { RangeRow, SumRow } from './reads.js';

export interface ViewReads {
  /** The range that holds this uid, or the next one, of what a view does not show. */
  readonly hidden: ReadStatement<
    [account: number, view: number, uid: number, accountAgain: number, viewAgain: number, uidAgain: number],
    RangeRow
  >;
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
    sums: connection
      .prepare<[number, number, number, number], SumRow>(
        `
      select count(*), coalesce(sum(octets), 0), max(uid) from (
        select uid, octets from message where account = ? and uid >= ? and uid < ? order by uid limit ? + 0)`,
      )
      .raw(),
  };
}
