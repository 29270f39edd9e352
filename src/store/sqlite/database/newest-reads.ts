/** The statements that show a maildrop to its owner, newest message first, with the shapes of their rows. */
import type { Prepares, ReadStatement } from './reading-connection.js';
import type { RangeRow } from './reads.js';

export interface ShownMailRow {
  readonly uid: number;
  readonly octets: number;
  readonly received_at: number;
  readonly from_text: string | null;
  readonly to_text: string | null;
  readonly cc_text: string | null;
  readonly subject: string | null;
  readonly message_id: string | null;
  readonly attachments: number | null;
  readonly beginning: string | null;
}

export interface NewestReads {
  /** The last range that begins at this uid or before it. */
  readonly removedBefore: ReadStatement<[account: number, uid: number], RangeRow>;
  readonly removingBefore: ReadStatement<[removal: number, uid: number], RangeRow>;
  /** Downwards from `uid`, and above `above`. */
  readonly uids: ReadStatement<[account: number, uid: number, above: number, limit: number], number>;
  /** The same, counted, and the last of them. */
  readonly count: ReadStatement<
    [account: number, uid: number, above: number, limit: number],
    [messages: number, last: number | null]
  >;
  readonly shown: ReadStatement<[uids: string, account: number], ShownMailRow>;
  /** Those of these that are there, in order. */
  readonly present: ReadStatement<[uids: string, account: number], number>;
  /** What restoreMail calls messages of these uids. */
  readonly numbers: ReadStatement<[uids: string, account: number], number>;
}

// eslint-disable-next-line max-lines-per-function -- a list of statements, each on its own
export function prepareNewestReads(connection: Prepares): NewestReads {
  return {
    removedBefore: connection
      .prepare<[number, number], RangeRow>(
        'select first, last from removed where account = ? and first <= ? order by first desc limit 1',
      )
      .raw(),
    removingBefore: connection
      .prepare<[number, number], RangeRow>(
        'select first, last from removing where removal = ? and first <= ? order by first desc limit 1',
      )
      .raw(),
    uids: connection
      .prepare<[number, number, number, number], number>(
        'select uid from message where account = ? and uid <= ? and uid > ? order by uid desc limit ? + 0',
      )
      .pluck(),
    count: connection
      .prepare<[number, number, number, number], [number, number | null]>(
        `
      select count(*), min(uid) from
        (select uid from message where account = ? and uid <= ? and uid > ? order by uid desc limit ? + 0)`,
      )
      .raw(),
    shown: connection.prepare(`
      select message.uid, message.octets, message.received_at, from_text, to_text, cc_text, subject, message_id, attachments,
             case text_state when 2 then substr(body.text, 1, 500) when 0 then (
               select cast(substr(chunk.data, body.header_octets + 1, 1000) as text)
               from chunk where chunk.body = body.id and chunk.seq = 0
             ) end as beginning
      from json_each(?) as wanted
      cross join present as message on message.account = ? and message.uid = wanted.value
      cross join body on body.id = message.body
      order by wanted.key`),
    present: connection
      .prepare<[string, number], number>(
        `
      select message.uid from json_each(?) as wanted
      cross join present as message on message.account = ? and message.uid = wanted.value order by message.uid`,
      )
      .pluck(),
    numbers: connection
      .prepare<[string, number], number>(
        `
      select message.id from json_each(?) as wanted
      cross join message on message.account = ? and message.uid = wanted.value order by message.uid`,
      )
      .pluck(),
  };
}
