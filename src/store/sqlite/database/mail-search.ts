/**
 * The statements that search, with what they are given: a query as FTS5 writes it, in which whatever a person typed stands in
 * quotation marks, so that no text of theirs is taken for syntax.
 */
import type { MailPhrase, MailQuery } from '../../mailboxes.js';
import type { AccountId } from '../../shapes.js';
import type { Connection } from './driver.js';
import type { Prepares, ReadStatement } from './reading-connection.js';
import type { MailRow } from './reads.js';

export interface FoundRow extends MailRow {
  readonly body: number;
  readonly number: number;
}

/** What the index does not know. */
export interface FoundFilter {
  readonly account: AccountId;
  /** In JSON. */
  readonly bodies: string;
  readonly limit: number;
  readonly from: number;
  readonly before: number;
  readonly more: number;
  readonly less: number;
}

export interface MailSearch {
  /** Bodies, newest first. */
  readonly matches: ReadStatement<[match: string, before: number, limit: number], number>;
  readonly found: ReadStatement<[filter: FoundFilter], FoundRow>;
  readonly unindexed: ReadStatement<[], number>;
}

/** Where a phrase without a field is looked for. */
const ANYWHERE = '{text subject from to cc}';
/** Of SQLite's integers, the last that a number here can be. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The account stands last: its list is the longest of most, and is then only asked about what the others have found. */
export function matchOf(account: AccountId, { all, none, hasAttachment }: MailQuery): string {
  const wanted = [
    ...all.map(anyOf),
    ...(hasAttachment === true ? [HAS_ATTACHMENT] : []),
    `account : "account${account}"`,
  ];
  const unwanted = [...none.map(phrase), ...(hasAttachment === false ? [HAS_ATTACHMENT] : [])];
  const found = `(${wanted.join(' AND ')})`;
  return unwanted.length === 0 ? found : `${found} NOT (${unwanted.join(' OR ')})`;
}

const HAS_ATTACHMENT = 'has : "attachment"';

function anyOf(phrases: readonly MailPhrase[]): string {
  return `(${phrases.map(phrase).join(' OR ')})`;
}

function phrase({ field, text }: MailPhrase): string {
  return `${field ?? ANYWHERE} : "${text.replaceAll('"', ' ').replaceAll('\0', ' ')}"`;
}

export function foundFilter(
  account: AccountId,
  bodies: readonly number[],
  { query, limit }: { readonly query: MailQuery; readonly limit: number },
): FoundFilter {
  const { fromMs = 0, beforeMs = NO_LIMIT, moreThanOctets = -1, lessThanOctets = NO_LIMIT } = query;
  return {
    ...{ account, bodies: JSON.stringify(bodies), limit },
    ...{ from: fromMs, before: beforeMs, more: moreThanOctets, less: lessThanOctets },
  };
}

export function prepareMailSearch(connection: Prepares): MailSearch {
  return {
    matches: connection
      .prepare<[string, number, number], number>(
        'select rowid from mail_index where mail_index match ? and rowid < ? order by rowid desc limit ? + 0',
      )
      .pluck(),
    found: prepareFound(connection),
    unindexed: prepareUnindexed(connection),
  };
}

/**
 * Numbers are counted from the newest message, from each that was found to the next: all messages between them, and without those
 * in the ranges of what was removed. `present` would give the same, and look at each message by itself.
 */
// eslint-disable-next-line max-lines-per-function -- one statement
function prepareFound(connection: Prepares): MailSearch['found'] {
  return connection.prepare(`
  with found as materialized (
    select message.uid, message.octets, message.received_at, message.reverse_path, message.body, wanted.key as place
    from json_each(:bodies) as wanted
    cross join indexed on indexed.body = wanted.value and indexed.account = :account
    cross join present as message on message.id = indexed.message and message.account = indexed.account
    where message.received_at >= :from and message.received_at < :before
      and message.octets > :more and message.octets < :less
    order by wanted.key, message.uid desc limit :limit + 0
  ),
  gaps as (
    select found.*, lag(uid, 1, 9007199254740991) over (order by uid desc) as newer from found
  ),
  counted as (
    select gaps.*, (
      select count(*) from message where message.account = :account and message.uid >= gaps.uid and message.uid < gaps.newer
    ) - (
      select coalesce(sum((
        select count(*) from message where message.account = :account
          and message.uid between max(gone.first, gaps.uid) and min(gone.last, gaps.newer - 1)
      )), 0) from removed as gone
      where gone.account = :account and gone.first < gaps.newer and gone.first >= coalesce((
        select removed.first from removed
        where removed.account = :account and removed.first <= gaps.uid order by removed.first desc limit 1
      ), 0)
    ) - (
      select coalesce(sum((
        select count(*) from message where message.account = :account
          and message.uid between max(going.first, gaps.uid) and min(going.last, gaps.newer - 1)
      )), 0) from removal join removing as going on going.removal = removal.id
      where removal.state < 2 and removal.state = 1 and removal.account = :account
    ) as between_them
    from gaps
  )
  select counted.uid, counted.octets, counted.received_at, counted.reverse_path, counted.body,
         coalesce(
           (select imported.uidl from imported
            where imported.account = account.id and imported.uid = counted.uid and imported.uidl is not null),
           account.validity || '.' || counted.uid) as uidl,
         account.messages + 1 - sum(between_them) over (order by counted.uid desc) as number,
         body.from_text, body.to_text, body.subject
  from counted
  cross join account on account.id = :account
  cross join body on body.id = counted.body
  order by counted.place, counted.uid desc`);
}

/** Counts ids of messages behind the last that was added; there may be gaps between them. */
export function prepareUnindexed(connection: Prepares): MailSearch['unindexed'] {
  return connection
    .prepare<[], number>('select max(coalesce((select max(id) from message), 0) - message, 0) from indexing')
    .pluck();
}

/** Leaves nothing in the index, whatever is in it now: everything is to be added again. */
export function prepareEmptyIndex(connection: Connection): () => void {
  const statements = [
    "insert into mail_index (mail_index) values ('delete-all')",
    'delete from indexed',
    'update indexing set message = 0',
  ].map((sql) => connection.prepare(sql));
  return () => statements.forEach((statement) => statement.run());
}
