/** The statements that look at the queue, prepared once a connection, with the shapes of their rows. */
import { QueueSummary } from './queue-summary.js';
import type { Prepares, ReadStatement } from './reading-connection.js';
import type { MessageRow } from './reads.js';

export interface DueRow {
  readonly name: string;
  readonly ready_at: number;
  readonly rest_until: number | null;
}

export interface EntryRow {
  readonly id: number;
  readonly message: number;
  readonly state: number;
  readonly reverse_path: string;
  readonly recipient: string;
  readonly destination: string;
  readonly octets: number;
  readonly queued_at: number;
  readonly due_at: number | null;
  readonly expires_at: number;
  readonly attempts: number;
  readonly crashes: number;
  readonly leased_by: string | null;
  readonly rest_until: number | null;
  readonly rest_reason: string | null;
  readonly reply: string | null;
}

export interface AttemptRow {
  readonly at: number;
  readonly duration_ms: number | null;
  readonly kind: string;
  readonly reverse_path: string;
  readonly recipient: string;
  readonly reply: string;
}

export interface SuppressionRow {
  readonly address: string;
  readonly reason: string;
  readonly since: number;
}

/** Null for any. */
export interface EntryFilter {
  readonly after: number;
  readonly last: number;
  readonly limit: number;
  readonly state: number | null;
  readonly before: number | null;
  readonly destination: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly accepted: string | null;
}

export interface QueueReads {
  readonly due: ReadStatement<[nowMs: number, atMs: number, behind: string, limit: number], DueRow>;
  /** The destination of a row with a crash that is due. */
  readonly crashed: ReadStatement<[nowMs: number, same: number], DueRow>;
  readonly summary: QueueSummary;
  readonly message: ReadStatement<[message: number], MessageRow>;
  /** The last of so many rows behind one. */
  readonly lastOf: ReadStatement<[after: number, limit: number], number | null>;
  readonly entries: ReadStatement<[filter: EntryFilter], EntryRow>;
  readonly entry: ReadStatement<[id: number], EntryRow>;
  /** Of one whose message cannot be read: what of it is unknown is empty. */
  readonly bareEntry: ReadStatement<[id: number], EntryRow>;
  /** In a range of ids, all of them, by an index that has the whole queue: nothing is known but where they go. */
  readonly unreadEntries: ReadStatement<[after: number, last: number, limit: number], EntryRow>;
  readonly attempts: ReadStatement<[id: number, limit: number], AttemptRow>;
  readonly suppression: ReadStatement<[address: string], SuppressionRow>;
  readonly suppressions: ReadStatement<[after: string, limit: number], SuppressionRow>;
}

const ENTRY = `
  select queued.id, queued.message, queued.state, outgoing.reverse_path, queued.recipient, destination.name as destination,
         outgoing.octets, outgoing.queued_at, queued.due_at, outgoing.expires_at, queued.attempts, queued.crashes,
         queued.leased_by, destination.rest_until, destination.rest_reason, queued.reply
  from queued
  cross join outgoing on outgoing.id = queued.message
  cross join destination on destination.id = queued.destination`;

// eslint-disable-next-line max-lines-per-function -- a list of statements, each on its own
export function prepareQueueReads(connection: Prepares): QueueReads {
  return {
    due: connection.prepare(`
      select name, ready_at, rest_until from destination where ready_at <= ? and (ready_at, name) > (?, ?)
      order by ready_at, name limit ? + 0`),
    crashed: connection.prepare(`
      select destination.name, queued.due_at as ready_at, destination.rest_until
      from queued cross join destination on destination.id = queued.destination
      join outgoing on outgoing.id = queued.message
      where queued.crashes > 0 and queued.due_at <= ? and coalesce(destination.rest_until, 0) <= ?
      order by queued.due_at limit 1`),
    summary: new QueueSummary(connection),
    message: connection.prepare('select body, octets, trace from outgoing where id = ?'),
    lastOf: connection
      .prepare<[number, number], number | null>(
        'select max(id) from (select id from queued where id > ? order by id limit ? + 0)',
      )
      .pluck(),
    entries: connection.prepare(`
      ${ENTRY}
      where queued.id > :after and queued.id <= :last
        and (:state is null or queued.state = :state)
        and (:before is null or outgoing.queued_at < :before)
        and (:destination is null or lower(destination.name) = lower(:destination))
        and (:from is null or lower(outgoing.reverse_path) = lower(:from))
        and (:to is null or lower(queued.recipient) = lower(:to))
        and (:accepted is null or instr(outgoing.trace, ' id ' || :accepted || ';')
          or instr(outgoing.trace, ' id ' || :accepted || char(13)))
      order by queued.id limit :limit + 0`),
    entry: connection.prepare(`${ENTRY} where queued.id = ?`),
    bareEntry: connection.prepare(`
      select queued.id, queued.message, queued.state, '' as reverse_path, queued.recipient, destination.name as destination,
             0 as octets, 0 as queued_at, queued.due_at, 0 as expires_at, queued.attempts, queued.crashes, queued.leased_by,
             destination.rest_until, destination.rest_reason, queued.reply
      from queued cross join destination on destination.id = queued.destination where queued.id = ?`),
    unreadEntries: connection.prepare(`
      select queued.id, 0 as message, 3 as state, '' as reverse_path, '' as recipient, destination.name as destination,
             0 as octets, 0 as queued_at, null as due_at, 0 as expires_at, 0 as attempts, 0 as crashes, null as leased_by,
             null as rest_until, null as rest_reason, null as reply
      from queued indexed by queued_due cross join destination on destination.id = queued.destination
      where queued.id + 0 > ? and queued.id + 0 <= ? order by queued.id limit ? + 0`),
    attempts: connection.prepare(`
      select at, duration_ms, kind, reverse_path, recipient, reply from attempt where queued = ? order by id desc limit ? + 0`),
    suppression: connection.prepare('select address, reason, since from suppression where address = ?'),
    suppressions: connection.prepare(`
      select address, reason, since from suppression where address > ? order by address limit ? + 0`),
  };
}
