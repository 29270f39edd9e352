/**
 * What has to agree in the tables, and how it is mended: counters with the rows that they count, and rows with those that they
 * belong to. One table: how each is found, and what mends it. An outside `delete` leaves such things, and nothing of ours does.
 */
import type { Connection } from '../database/database.js';
import type { Prepares, ReadingConnection } from '../database/reading-connection.js';
import { readable, type Found } from './found.js';

interface Rule {
  /** Gives a sentence a row; absent for what is said with the message that it is (messages.ts). */
  readonly find?: string;
  /** In this order; of nothing that is right. */
  readonly mend: readonly string[];
}

/** Of one rule; more of a kind say no more. */
const ROWS_LIMIT = 1000;

const rules: readonly Rule[] = [
  {
    // Much hangs on them, and it is the domain that is missing: they are not deleted for it.
    find: `
      select printf('account %d, %s, belongs to no domain', id, local) from account where domain not in (select id from domain)`,
    mend: [],
  },
  {
    find: `
      select printf('%d rows of credential belong to no account', count(*)) from credential
      where account not in (select id from account) having count(*) > 0`,
    mend: ['delete from credential where account not in (select id from account)'],
  },
  {
    find: `
      select printf('%d rows of alias belong to no domain', count(*)) from alias
      where domain not in (select id from domain) having count(*) > 0`,
    mend: ['delete from alias where domain not in (select id from domain)'],
  },
  {
    find: `
      select printf('%d rows of removed belong to no removal', count(*)) from removed
      where removal not in (select id from removal) having count(*) > 0`,
    mend: ['delete from removed where removal not in (select id from removal)'],
  },
  {
    find: `
      select printf('%d rows of message belong to no account', count(*)) from message
      where account not in (select id from account) having count(*) > 0`,
    mend: ['delete from message where account not in (select id from account)'],
  },
  { mend: ['delete from message where not exists (select 1 from body where body.id = message.body)'] },
  {
    find: `
      select printf('the message to %s in the queue is gone, and its recipient %d is left', recipient, id) from queued
      where not exists (select 1 from outgoing join body on body.id = outgoing.body where outgoing.id = queued.message)`,
    mend: [
      `delete from queued
       where not exists (select 1 from outgoing join body on body.id = outgoing.body where outgoing.id = queued.message)`,
    ],
  },
  {
    find: `
      select printf('message %d of the queue is for %d recipients, and %d are left', outgoing.id, recipients, count(queued.id))
      from outgoing left join queued on queued.message = outgoing.id
      group by outgoing.id having recipients <> count(queued.id)`,
    mend: [
      'delete from outgoing where id not in (select message from queued)',
      `update outgoing set recipients = held.recipients
       from (select message, count(*) as recipients from queued group by message) as held
       where held.message = outgoing.id and outgoing.recipients <> held.recipients`,
    ],
  },
  {
    find: `
      select printf('%d recipients in the queue are counted in state %d, and %d are there', recipients, state, (
        select count(*) from queued where queued.state = queue_count.state)) from queue_count
      where recipients <> (select count(*) from queued where queued.state = queue_count.state)`,
    mend: ['update queue_count set recipients = (select count(*) from queued where queued.state = queue_count.state)'],
  },
  {
    find: `
      select printf('when mail to %s is due next is not what its rows say', name) from destination
      where ready_at is not max(coalesce(rest_until, 0), (
    select due_at from queued where queued.destination = destination.id and due_at > 0 order by due_at limit 1)) or not exists (select 1 from queued where queued.destination = destination.id)`,
    mend: [
      'delete from destination where not exists (select 1 from queued where queued.destination = destination.id)',
      `update destination set ready_at = max(coalesce(rest_until, 0), (
    select due_at from queued where queued.destination = destination.id and due_at > 0 order by due_at limit 1)) where ready_at is not max(coalesce(rest_until, 0), (
    select due_at from queued where queued.destination = destination.id and due_at > 0 order by due_at limit 1))`,
    ],
  },
  {
    find: `
      select printf('%d messages point to body %d, and %d are counted', coalesce(held.refs, 0), body.id, body.refs)
      from body left join (select body, count(*) as refs from (select body from message union all select body from outgoing) group by body) as held on held.body = body.id
      where body.refs <> held.refs or (body.refs > 0 and held.refs is null)`,
    mend: [
      `update body set refs = held.refs from (select body, count(*) as refs from (select body from message union all select body from outgoing) group by body) as held where held.body = body.id and body.refs <> held.refs`,
      // As when its last message goes: the sweep deletes it in steps, its words in the search index first.
      `update body set refs = -1, text_state = iif(text_state in (1, 4), 0, text_state)
       where refs > 0 and id not in (select body from message) and id not in (select body from outgoing)`,
    ],
  },
  {
    find: `
      select printf('%d pieces of body %d are there, and it is gone', count(*), body) from chunk
      where not exists (select 1 from body where body.id = chunk.body) group by body`,
    mend: ['delete from chunk where not exists (select 1 from body where body.id = chunk.body)'],
  },
  {
    // Their words cannot be deleted without them: the next store makes the index anew.
    find: `
      select printf('%d bodies in the search index are gone', count(distinct body)) from indexed
      where body not in (select id from body) having count(*) > 0`,
    mend: [
      `insert into mail_index (mail_index)
       select 'delete-all' where exists (select 1 from indexed where body not in (select id from body))`,
      'update indexing set message = 0 where exists (select 1 from indexed where body not in (select id from body))',
      'delete from indexed where not exists (select 1 from indexing where message > 0)',
    ],
  },
  {
    find: `
      select printf('%d messages of %d octets are counted for %s, and there are %d of %d', account.messages, account.octets,
                    local || '@' || domain.name, coalesce(held.messages, 0), coalesce(held.octets, 0))
      from account join domain on domain.id = account.domain left join (
        select account, count(*) as messages, sum(octets) as octets from present group by account) as held
      on held.account = account.id
      where removed = 0
        and (account.messages <> coalesce(held.messages, 0) or account.octets <> coalesce(held.octets, 0))`,
    mend: [
      `update account set messages = held.messages, octets = held.octets from (
         select account.id as account, count(present.id) as messages, coalesce(sum(present.octets), 0) as octets
         from account left join present on present.account = account.id group by account.id) as held
       where held.account = account.id and removed = 0
         and (account.messages <> held.messages or account.octets <> held.octets)`,
    ],
  },
  {
    find: `
      select printf('%d messages of %d octets are counted for the domain %s, and its accounts have %d of %d', domain.messages,
                    domain.octets, name, coalesce(held.messages, 0), coalesce(held.octets, 0))
      from domain left join (
        select domain, sum(messages) as messages, sum(octets) as octets from account where removed = 0 group by domain) as held
      on held.domain = domain.id
      where domain.messages <> coalesce(held.messages, 0) or domain.octets <> coalesce(held.octets, 0)`,
    mend: [
      `update domain set (messages, octets) = (
         select coalesce(sum(account.messages), 0), coalesce(sum(account.octets), 0) from account
         where account.domain = domain.id and account.removed = 0)
       where messages is not null`,
    ],
  },
];

/** All of one moment. */
export function structureOf(connection: ReadingConnection): readonly Found[] {
  return connection.inOneMoment(() =>
    rules.flatMap(({ find, mend }) => (find === undefined ? [] : sentences(connection, find, mend.length > 0))),
  );
}

/** In one transaction, which is somebody else's, without foreign keys. Orphans come first: what they pointed to is counted afterwards. */
export function mendStructure(connection: Connection): void {
  for (const sql of rules.flatMap(({ mend }) => mend)) connection.exec(sql);
}

function sentences(connection: Prepares, sql: string, mendable: boolean): readonly Found[] {
  const found = readable(() => connection.prepare<[], string>(sql).pluck().all());
  if ('refused' in found) return [{ what: `the tables cannot be compared: ${found.refused}`, mendable: false }];
  return found.value.slice(0, ROWS_LIMIT).map((what) => ({ what, mendable }));
}
