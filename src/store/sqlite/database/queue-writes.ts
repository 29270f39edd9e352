/** The statements that change the queue, prepared once, with the shapes of their rows. */
import type { Connection, Statement } from './database.js';

/** `queued.state`, as db/README.md documents it: the places in this list. */
export const QUEUE_STATES = ['active', 'deferred', 'hold', 'corrupt'] as const;

/** What a lease, an outcome or an administrator needs of a row and of its message. */
export interface QueuedRow {
  readonly id: number;
  readonly message: number;
  readonly destination: number;
  readonly destination_name: string;
  readonly recipient: string;
  readonly state: number;
  readonly due_at: number | null;
  readonly attempts: number;
  readonly crashes: number;
  readonly noticed: number;
  readonly leased_by: string | null;
  readonly due_before: number | null;
  readonly is_attempt: number | null;
  readonly sending: number;
  readonly notify: string | null;
  readonly original_recipient: string | null;
  readonly reply: string | null;
  readonly notice_at: number | null;
  readonly expires_at: number;
  readonly queued_at: number;
  readonly reverse_path: string;
}

/** What stands in `queued` alone. */
export type BareRow = Pick<QueuedRow, 'id' | 'destination' | 'recipient' | 'state'>;

export interface OutgoingRow {
  readonly id: number;
  readonly reverse_path: string;
  readonly octets: number;
  readonly header_octets: number;
  readonly body_kind: string;
  readonly smtputf8: number;
  readonly require_tls: number;
  readonly returned: string | null;
  readonly envelope_id: string | null;
  readonly submitter: number | null;
}

export type NewOutgoing = [
  ...[body: number, recipients: number, octets: number, headerOctets: number],
  ...[queuedAt: number, expiresAt: number, noticeAt: number | null],
  ...[reversePath: string, submitter: number | null, bodyKind: string, smtputf8: number, requireTls: number],
  ...[returned: string | null, envelopeId: string | null, trace: Uint8Array],
];

export type NewQueued = [
  ...[message: number, destination: number, recipient: string, state: number, dueAt: number | null, attempts: number],
  ...[expireAt: number | null, noticeAt: number | null, notify: string | null, originalRecipient: string | null],
  ...[leasedBy: string | null, dueBefore: number | null, isAttempt: number | null],
];

export type ChangedQueued = [
  ...[state: number, dueAt: number | null, attempts: number, crashes: number],
  ...[noticed: number, expireAt: number | null, noticeAt: number | null, notBefore: number | null, id: number],
];

export type NewAttempt = [
  ...[queued: number, at: number, durationMs: number | null, kind: string],
  ...[reversePath: string, recipient: string, reply: string],
];

type Limited = [destination: number, nowMs: number, limit: number];

export interface QueueWrites {
  readonly destination: Statement<[name: string], [id: number, restUntil: number | null]>;
  readonly addDestination: Statement<[name: string]>;
  readonly rest: Statement<[until: number | null, reason: string | null, name: string], number>;
  readonly restOver: Statement<[destination: number]>;
  readonly ready: Statement<[destination: number, same: number]>;
  readonly dropDestination: Statement<[destination: number, same: number]>;
  readonly addOutgoing: Statement<NewOutgoing>;
  readonly outgoing: Statement<[message: number], OutgoingRow>;
  /** One of its recipients is gone, where it had others. */
  readonly unref: Statement<[message: number]>;
  /** Where its last recipient is gone: its body. */
  readonly dropOutgoing: Statement<[message: number], number>;
  readonly add: Statement<NewQueued>;
  /** Why a new row of it has to wait to be asked for (Queue.takeNew): 0 for nothing, 1 for a suspect alone, more for what else stands before it. */
  readonly untakable: Statement<[{ destination: number; now: number; address: string }], number>;
  readonly row: Statement<[id: number], QueuedRow>;
  readonly due: Statement<Limited, QueuedRow>;
  readonly expired: Statement<[nowMs: number, same: number, limit: number], QueuedRow>;
  readonly delayed: Statement<[nowMs: number, same: number, limit: number], QueuedRow>;
  /** The same as `due`, `expired`, `delayed` and so on, by their indexes alone: none reads the row. */
  readonly dueIds: Statement<Limited, number>;
  readonly expiredIds: Statement<[nowMs: number, limit: number], number>;
  readonly delayedIds: Statement<[nowMs: number, limit: number], number>;
  readonly leasedIds: Statement<[], number>;
  readonly leasedByIds: Statement<[sender: string], number>;
  /** In no order, by an index that has the whole queue: it reads no row. */
  readonly idsBetween: Statement<[first: number, last: number, limit: number], number>;
  /** Of a row whose message cannot be read. */
  readonly bare: Statement<[id: number], BareRow>;
  readonly park: Statement<[reply: string, id: number]>;
  readonly notReadyBefore: Statement<[ms: number, destination: number]>;
  readonly crashed: Statement<[nowMs: number, same: number], QueuedRow>;
  readonly suspects: Statement<[nowMs: number, message: number, destination: number, limit: number], QueuedRow>;
  readonly leased: Statement<[], QueuedRow>;
  readonly leasedBy: Statement<[sender: string], QueuedRow>;
  readonly sending: Statement<[id: number, sender: string]>;
  /** Whether it has one with a crash whose lease ends between. */
  readonly holdsCrashed: Statement<[sender: string, fromMs: number, toMs: number], number>;
  readonly lease: Statement<
    [until: number, attempts: number, sender: string, dueBefore: number | null, isAttempt: number, id: number]
  >;
  readonly change: Statement<ChangedQueued>;
  readonly reply: Statement<[reply: string, id: number]>;
  readonly drop: Statement<[id: number]>;
  readonly count: Statement<[more: number, state: number]>;
  readonly addAttempt: Statement<NewAttempt>;
  readonly suppress: Statement<[address: string, reason: string, since: number]>;
  readonly unsuppress: Statement<[address: string]>;
}

const QUEUED = `
  select queued.id, queued.message, queued.destination, destination.name as destination_name, queued.recipient, queued.state, queued.due_at, queued.attempts,
         queued.crashes, queued.noticed, queued.leased_by, queued.due_before, queued.is_attempt, queued.sending, queued.notify,
         queued.original_recipient, queued.reply, outgoing.notice_at, outgoing.expires_at, outgoing.queued_at,
         outgoing.reverse_path
  from queued
  cross join outgoing on outgoing.id = queued.message
  cross join destination on destination.id = queued.destination`;

// eslint-disable-next-line max-lines-per-function -- a list of statements, each on its own
export function prepareQueueWrites(connection: Connection): QueueWrites {
  return {
    destination: connection
      .prepare<[string], [number, number | null]>('select id, rest_until from destination where name = ?')
      .raw(),
    addDestination: connection.prepare('insert into destination (name) values (?)'),
    rest: connection
      .prepare<[number | null, string | null, string], number>(
        'update destination set rest_until = ?, rest_reason = ? where name = ? returning id',
      )
      .pluck(),
    restOver: connection.prepare('update destination set rest_until = 0, rest_reason = null where id = ?'),
    // max() of a null is null: nothing of it is ever due.
    ready: connection.prepare(`
      update destination set ready_at = max(coalesce(rest_until, 0), (
        select due_at from queued where queued.destination = ? and due_at > 0 order by due_at limit 1))
      where id = ?`),
    dropDestination: connection.prepare(`
      delete from destination where id = ? and not exists (select 1 from queued where queued.destination = ?)`),
    addOutgoing: connection.prepare(`
      insert into outgoing (body, recipients, octets, header_octets, queued_at, expires_at, notice_at, reverse_path, submitter,
                            body_kind, smtputf8, require_tls, returned, envelope_id, trace)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    outgoing: connection.prepare(`
      select id, reverse_path, octets, header_octets, body_kind, smtputf8, require_tls, returned, envelope_id, submitter
      from outgoing where id = ?`),
    unref: connection.prepare('update outgoing set recipients = recipients - 1 where id = ?'),
    dropOutgoing: connection
      .prepare<[number], number>('delete from outgoing where id = ? and recipients <= 1 returning body')
      .pluck(),
    add: connection.prepare(`
      insert into queued (message, destination, recipient, state, due_at, attempts, expire_at, notice_at, notify,
                          original_recipient, leased_by, due_before, is_attempt)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    untakable: connection
      .prepare<[{ destination: number; now: number; address: string }], number>(
        `select exists (select 1 from queued where crashes > 0 and due_at > 0)
             + 2 * (exists (select 1 from queued where destination = :destination and due_at <= :now)
               or exists (select 1 from destination where id = :destination and rest_until > :now)
               or exists (select 1 from suppression where address = :address))`,
      )
      .pluck(),
    row: connection.prepare(`${QUEUED} where queued.id = ?`),
    due: connection.prepare(`
      ${QUEUED} where queued.destination = ? and queued.due_at <= ? and queued.crashes = 0
      order by queued.due_at, queued.id limit ? + 0`),
    // What is due now is tried first. In flight are few, so passing over what is leased costs little.
    expired: connection.prepare(`
      ${QUEUED} where queued.expire_at <= ? and queued.leased_by is null and queued.crashes = 0
        and max(queued.due_at, coalesce(destination.rest_until, 0)) > ?
      order by queued.expire_at, queued.id limit ? + 0`),
    delayed: connection.prepare(`
      ${QUEUED} where queued.notice_at <= ? and queued.leased_by is null and queued.crashes = 0
        and max(queued.due_at, coalesce(destination.rest_until, 0)) > ?
      order by queued.notice_at, queued.id limit ? + 0`),
    ...prepareDamageWrites(connection),
    crashed: connection.prepare(`
      ${QUEUED}
      where queued.crashes > 0 and queued.due_at <= ? and coalesce(destination.rest_until, 0) <= ?
      order by queued.due_at limit 1`),
    suspects: connection.prepare(`
      ${QUEUED}
      where queued.crashes > 0 and queued.due_at <= ? and queued.message = ? and queued.destination = ?
      order by queued.due_at limit ? + 0`),
    leased: connection.prepare(`${QUEUED} where queued.leased_by is not null`),
    leasedBy: connection.prepare(`${QUEUED} where queued.leased_by = ?`),
    sending: connection.prepare('update queued set sending = 1 where id = ? and leased_by = ?'),
    holdsCrashed: connection
      .prepare<[string, number, number], number>(
        'select 1 from queued where crashes > 0 and leased_by = ? and due_at between ? and ? limit 1',
      )
      .pluck(),
    lease: connection.prepare(`
      update queued set state = 0, due_at = ?, attempts = ?, leased_by = ?, due_before = ?, is_attempt = ?, sending = 0 where id = ?`),
    change: connection.prepare(`
      update queued set state = ?, due_at = ?, attempts = ?, crashes = ?, noticed = ?, expire_at = ?, notice_at = ?,
                        leased_by = null, due_before = ?, is_attempt = null, sending = 0
      where id = ?`),
    reply: connection.prepare('update queued set reply = ? where id = ?'),
    drop: connection.prepare('delete from queued where id = ?'),
    count: connection.prepare('update queue_count set recipients = recipients + ? where state = ?'),
    addAttempt: connection.prepare(`
      insert into attempt (queued, at, duration_ms, kind, reverse_path, recipient, reply) values (?, ?, ?, ?, ?, ?, ?)`),
    suppress: connection.prepare('insert or ignore into suppression (address, reason, since) values (?, ?, ?)'),
    unsuppress: connection.prepare('delete from suppression where address = ?'),
  };
}

type DamageWrites = Pick<
  QueueWrites,
  | 'dueIds'
  | 'expiredIds'
  | 'delayedIds'
  | 'leasedIds'
  | 'leasedByIds'
  | 'idsBetween'
  | 'bare'
  | 'park'
  | 'notReadyBefore'
>;

function prepareDamageWrites(connection: Connection): DamageWrites {
  const ids = <Given extends unknown[]>(sql: string): Statement<Given, number> =>
    connection.prepare<Given, number>(sql).pluck();
  return {
    dueIds: ids('select id from queued where destination = ? and due_at <= ? order by due_at, id limit ? + 0'),
    expiredIds: ids('select id from queued where expire_at <= ? order by expire_at, id limit ? + 0'),
    delayedIds: ids('select id from queued where notice_at <= ? order by notice_at, id limit ? + 0'),
    leasedIds: ids('select id from queued where leased_by is not null'),
    leasedByIds: ids('select id from queued where leased_by = ?'),
    idsBetween: ids('select id from queued indexed by queued_due where id + 0 between ? and ? limit ? + 0'),
    bare: connection.prepare('select id, destination, recipient, state from queued where id = ?'),
    park: connection.prepare(`
      update queued set state = 3, due_at = null, expire_at = null, notice_at = null, leased_by = null, due_before = null,
                        is_attempt = null, sending = 0, reply = ?
      where id = ?`),
    notReadyBefore: connection.prepare('update destination set ready_at = ? where id = ?'),
  };
}
