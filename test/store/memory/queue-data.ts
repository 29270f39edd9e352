/** What waits to be sent in the store in memory, by the rules of every driver. */
import type { Envelope, Outgoing, RemoteRecipient } from '../../../src/store/deliveries.js';
import type { LeasedMessage, LeasedRecipient, Reply, Settlement } from '../../../src/store/queue.js';
import type { Attempt, AttemptKind, QueueEntry } from '../../../src/store/queued-mail.js';
import {
  crashed,
  crashReply,
  leased,
  queued,
  removalReply,
  settled,
  suppresses,
  suppressionKey,
  type Leased,
  type Waiting,
} from '../../../src/store/rules/queue.js';
import { endedByOne, SuspectTurns, type Suspected } from '../../../src/store/rules/suspect-turns.js';
import type { Suppression } from '../../../src/store/suppressions.js';
import type { Body } from './data.js';

export interface QueuedMessage {
  readonly id: number;
  readonly envelope: Envelope;
  readonly outgoing: Outgoing;
  readonly body: Body;
  readonly octets: number;
  readonly headerOctets: number;
  rows: number;
}

export interface QueueRow {
  readonly id: number;
  readonly message: QueuedMessage;
  readonly recipient: RemoteRecipient;
  waiting: Waiting;
  lease: { readonly sender: string; readonly atMs: number; readonly row: Leased; isSent?: boolean } | undefined;
  lastReply: Reply | undefined;
}

export class QueueData {
  /** In the order of their ids. */
  readonly rows = new Map<number, QueueRow>();
  readonly messages = new Map<number, QueuedMessage>();
  readonly rests = new Map<string, number>();
  readonly restReasons = new Map<string, Reply | undefined>();
  readonly turns = new SuspectTurns();
  readonly suppressions = new Map<string, Suppression>();
  readonly attempts: (Attempt & { readonly id: number })[] = [];
  readonly #freed: (body: Body) => void;
  #lastId = 0;

  constructor(freed: (body: Body) => void) {
    this.#freed = freed;
  }

  add(message: Omit<QueuedMessage, 'id' | 'rows'>, recipients: readonly RemoteRecipient[]): readonly QueueRow[] {
    const added: QueuedMessage = { ...message, id: ++this.#lastId, rows: recipients.length };
    this.messages.set(added.id, added);
    message.body.references += 1;
    return recipients.map((recipient) => {
      const waiting = queued(message.outgoing, Date.now());
      const row = { id: ++this.#lastId, message: added, recipient, waiting, lease: undefined, lastReply: undefined };
      this.rows.set(row.id, row);
      return row;
    });
  }

  /** Due now, the longest due first. */
  get due(): readonly QueueRow[] {
    const nowMs = Date.now();
    return [...this.rows.values()]
      .filter((row) => this.readyAtMs(row) <= nowMs)
      .sort((one, other) => dueAtMs(one) - dueAtMs(other));
  }

  readyAtMs(row: QueueRow): number {
    return Math.max(dueAtMs(row), this.rests.get(row.recipient.destination) ?? 0);
  }

  /** One with a crash that is due. */
  get suspect(): QueueRow | undefined {
    return this.due.find(({ waiting }) => waiting.crashes > 0);
  }

  /** The one that may be leased by this sender now. */
  nextSuspect(sender: string): QueueRow | undefined {
    const nowMs = Date.now();
    const mustWait = this.turns.isOfOthers(nowMs) || this.#holdsSuspect(sender, this.turns.waitSinceMs(nowMs));
    return mustWait ? undefined : this.suspect;
  }

  /** No row with a crash is tried alone, or could be. */
  isForAll(sender: string): boolean {
    const nowMs = Date.now();
    const isSuspected = [...this.rows.values()].some(
      ({ waiting }) => waiting.crashes > 0 && waiting.dueAtMs !== undefined,
    );
    return !isSuspected || (this.turns.sinceMs(nowMs) === undefined && this.nextSuspect(sender) === undefined);
  }

  /** Whether it has a row with a crash that nothing else is to be leased beside. */
  isAlone(sender: string): boolean {
    return this.#holdsSuspect(sender, this.turns.sinceMs(Date.now()) ?? Infinity);
  }

  #holdsSuspect(sender: string, sinceMs: number): boolean {
    return [...this.rows.values()].some(
      ({ lease, waiting }) => lease?.sender === sender && lease.atMs >= sinceMs && waiting.crashes > 0,
    );
  }

  lease(rows: readonly QueueRow[], sender: string, untilMs: number, isAttempt = true): void {
    for (const row of rows) {
      row.lease = { sender, atMs: Date.now(), row: leased(row.waiting, untilMs, isAttempt) };
      row.waiting = row.lease.row;
    }
  }

  settle(sender: string, settlements: readonly Settlement[]): number {
    let count = 0;
    for (const settlement of settlements) {
      const row = this.rows.get(settlement.id);
      if (row?.lease?.sender !== sender) continue;
      count += 1;
      this.#settle(row, row.lease.row, settlement);
    }
    return count;
  }

  /** What nobody in `living` has leased. */
  returnLeases(living: ReadonlySet<string>): void {
    const leases = [...this.rows.values()].filter(({ lease }) => lease !== undefined && !living.has(lease.sender));
    const senders = new Set(leases.filter(({ lease }) => lease?.isSent).map(({ lease }) => lease?.sender));
    const isSuspected = ({ lease }: QueueRow): boolean => lease?.isSent === true || !senders.has(lease?.sender);
    const byOne = endedByOne(leases.filter(isSuspected).map(suspicionOf));
    for (const row of leases) {
      if (isSuspected(row)) this.#crash(row, byOne.has(row.lease?.sender ?? ''));
      else this.#return(row);
    }
  }

  sending(sender: string, ids: readonly number[]): void {
    for (const id of ids) {
      const lease = this.rows.get(id)?.lease;
      if (lease?.sender === sender) lease.isSent = true;
    }
  }

  returnAllBut(sender: string, ids: readonly number[]): void {
    for (const row of this.rows.values()) if (row.lease?.sender === sender && !ids.includes(row.id)) this.#return(row);
  }

  remove(row: QueueRow, kind?: 'removed'): void {
    if (kind !== undefined) this.#note(row, kind, removalReply, { atMs: Date.now() });
    this.rows.delete(row.id);
    row.message.rows -= 1;
    if (row.message.rows > 0) return;
    this.messages.delete(row.message.id);
    row.message.body.references -= 1;
    if (row.message.body.references === 0) this.#freed(row.message.body);
  }

  suppress(address: string, reason: string): void {
    const key = suppressionKey(address);
    if (!this.suppressions.has(key)) this.suppressions.set(key, { address: key, reason, sinceMs: Date.now() });
  }

  #crash(row: QueueRow, isAlone: boolean): void {
    row.waiting = crashed(row.lease?.row as Leased, isAlone, Date.now());
    row.lease = undefined;
    this.#note(row, 'crashed', crashReply, { atMs: Date.now() });
  }

  #return(row: QueueRow): void {
    this.#settle(row, row.lease?.row as Leased, { id: row.id, outcome: { kind: 'returned' } });
  }

  #settle(row: QueueRow, was: Leased, { outcome, startedAtMs, durationMs }: Settlement): void {
    const next = settled(was, outcome, Date.now());
    if (outcome.kind !== 'returned' && outcome.kind !== 'noticed') {
      this.#note(row, outcome.kind, outcome.reply, { atMs: startedAtMs ?? Date.now(), durationMs });
      row.lastReply = outcome.reply;
      if (suppresses(outcome)) this.suppress(row.recipient.recipient, outcome.reply.text);
    }
    row.lease = undefined;
    if (next === 'gone') this.remove(row);
    else row.waiting = next;
  }

  #note(
    { id, message, recipient: { recipient } }: QueueRow,
    kind: AttemptKind,
    reply: Reply,
    { atMs, durationMs }: { readonly atMs: number; readonly durationMs?: number | undefined },
  ): void {
    const { reversePath } = message.envelope;
    this.attempts.push({ id, atMs, durationMs, kind, reversePath, recipient, reply });
  }
}

export function dueAtMs({ waiting }: QueueRow): number {
  return waiting.dueAtMs ?? Infinity;
}

/** Beside each other: what is leased of one message, each destination apart unless it is because they are late. */
export function messagesOf(rows: readonly QueueRow[], isByDestination: boolean): readonly LeasedMessage[] {
  const found = new Map<string, { readonly message: QueuedMessage; readonly recipients: LeasedRecipient[] }>();
  for (const row of rows) {
    const key = isByDestination ? `${row.message.id} ${row.recipient.destination}` : `${row.message.id}`;
    const group = found.get(key) ?? { message: row.message, recipients: [] };
    found.set(key, group);
    group.recipients.push(leasedRecipient(row));
  }
  return [...found.values()].map(({ message, recipients }) => {
    const { id, octets, headerOctets, outgoing, envelope } = message;
    const { bodyKind, smtputf8, requireTls, returned, envelopeId, submitter } = outgoing;
    return {
      ...{ message: id, reversePath: envelope.reversePath, octets, headerOctets, recipients },
      ...{ bodyKind, smtputf8, requireTls, returned, envelopeId, submitter },
    };
  });
}

function suspicionOf({ lease, message, recipient }: QueueRow): Suspected {
  return { sender: lease?.sender ?? '', transaction: `${message.id} ${recipient.destination}` };
}

function leasedRecipient({ id, recipient, waiting, message, lastReply }: QueueRow): LeasedRecipient {
  const { attempts, crashes } = waiting;
  const { recipient: address, destination, notify, originalRecipient } = recipient;
  const { envelope, outgoing } = message;
  return {
    ...{ id, recipient: address, destination, notify, originalRecipient, attempts, crashes, lastReply },
    ...{ queuedAtMs: envelope.receivedAtMs, expiresAtMs: outgoing.expiresAtMs },
  };
}

type Rest = Pick<QueueEntry, 'restsUntilMs' | 'restReason'>;

export function entryOf(row: QueueRow, rest: Rest): QueueEntry {
  const { id, message, recipient, waiting, lease, lastReply } = row;
  const { state, attempts, crashes } = waiting;
  return {
    ...{ id, message: message.id, state, reversePath: message.envelope.reversePath, recipient: recipient.recipient },
    ...{ destination: recipient.destination, octets: message.octets, queuedAtMs: message.envelope.receivedAtMs },
    ...{ dueAtMs: waiting.dueAtMs, expiresAtMs: message.outgoing.expiresAtMs, attempts, crashes },
    ...{ isLeased: lease !== undefined, lastReply, ...rest },
  };
}
