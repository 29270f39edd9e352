/** The statements that read what was removed and is not purged, with the shapes of their rows. */
import type { Held } from '../../quotas.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

export interface RemovedMailRow {
  readonly number: number;
  readonly uid: number;
  readonly removed_at: number;
  readonly client: string;
  readonly received_at: number;
  readonly octets: number;
  readonly from_text: string | null;
  readonly to_text: string | null;
  readonly subject: string | null;
}

export interface RemovedReads {
  readonly page: ReadStatement<
    [after: number, account: number, same: number, again: number, limit: number],
    RemovedMailRow
  >;
  readonly removalsSince: ReadStatement<[account: number, atMs: number], number>;
  readonly heldSince: ReadStatement<[account: number, atMs: number], Held>;
  readonly isThere: ReadStatement<[removal: number], number>;
  readonly purgedTo: ReadStatement<[account: number], number>;
}

export function prepareRemovedReads(connection: Prepares): RemovedReads {
  return {
    // Range by range, from the one that holds the last message of the page before.
    page: connection.prepare(`
      select message.id as number, message.uid, removed_at, client, received_at, message.octets,
             from_text, to_text, subject
      from removed
      cross join message on message.account = removed.account
        and message.uid between max(removed.first, ? + 1) and removed.last
      cross join removal on removal.id = removed.removal
      cross join body on body.id = message.body
      where removed.account = ? and removed.first >= coalesce(
        (select first from removed where account = ? and first <= ? order by first desc limit 1), 0)
      order by removed.first, message.uid limit ? + 0`),
    removalsSince: connection
      .prepare<[number, number], number>(
        `
      select removal.id from removed cross join removal on removal.id = removed.removal
      where removed.account = ? and removed_at > ? group by removal.id order by max(removed_at) desc`,
      )
      .pluck(),
    heldSince: connection.prepare(`
      select count(*) as messages, coalesce(sum(message.octets), 0) as octets from removed
      cross join removal on removal.id = removed.removal
      cross join message on message.account = removed.account
        and message.uid between removed.first and removed.last
      where removed.account = ? and removed_at > ?`),
    isThere: connection.prepare<[number], number>('select 1 from removal where id = ?').pluck(),
    purgedTo: connection
      .prepare<[number], number>('select purged_to from account where id = ? and removed = 0')
      .pluck(),
  };
}
