/** What of the queue is whose: leases, outcomes, and what comes back from a process that is gone (queue.ts says the rules). */
import type { BodyKind, LeasedMessage, LeasedRecipient, Lateness, Reply, Settlement } from '../../queue.js';
import { crashed, crashReply, leased, settled, suppresses, suppressionKey } from '../../rules/queue.js';
import { missing, refusals } from '../../rules/refusals.js';
import { endedByOne, type Suspected } from '../../rules/suspect-turns.js';
import type { NotifyOn, Returned } from '../../shapes.js';
import type { OutgoingRow, QueuedRow, QueueWrites } from '../database/queue-writes.js';
import type {
  LeasedRequest,
  LeaseFrame,
  LeaseLateFrame,
  RestRequest,
  SettleRequest,
} from '../protocol/queue-requests.js';
import type { MessageMetadata } from '../protocol/message-frame.js';
import type { DamagedRows } from './damaged-rows.js';
import type { NewMail } from './new-mail.js';
import type { QueueLedger } from './queue-ledger.js';
import { leaseOf, waitingOf, type QueueRows } from './queue-rows.js';
import type { Suspects } from './suspects.js';

/** Of one destination, that can be neither read nor parked; others of it are looked for behind so many of them. */
const UNREADABLE_LIMIT = 1_000;
/** When nothing else is due there, it is asked again after so long. */
const UNREADABLE_MS = 300_000;

/** A recipient whose last crash was counted. */
export interface Parked {
  readonly id: number;
  readonly recipient: string;
}

export class QueueLeases {
  readonly damaged: DamagedRows;
  readonly #rows: QueueRows;
  readonly #writes: QueueWrites;
  readonly #ledger: QueueLedger;
  readonly #newMail: NewMail;
  readonly #suspects: Suspects;
  /** Who sends them, and it is not written yet. */
  readonly #sending = new Map<number, string>();

  constructor(rows: QueueRows, suspects: Suspects) {
    this.#rows = rows;
    this.#suspects = suspects;
    this.#writes = rows.writes;
    this.#ledger = rows.ledger;
    this.damaged = rows.damaged;
    this.#newMail = rows.newMail;
  }

  /** A suspect for which there is room is leased before all others, and alone. */
  lease({ sender, requests, leaseMs }: LeaseFrame): readonly LeasedMessage[] {
    const nowMs = Date.now();
    if (this.#suspects.isAlone({ sender, leaseMs }, nowMs)) return [];
    const suspects = this.#suspects.lease({ sender, leaseMs }, requests, nowMs);
    const rows =
      suspects.length > 0
        ? suspects
        : requests.flatMap(({ destination, recipients }) => this.#due(destination, recipients, nowMs));
    return this.#take(rows, { sender, untilMs: nowMs + leaseMs, isAttempt: true });
  }

  leaseLate({ sender, late, limit, leaseMs }: LeaseLateFrame): readonly LeasedMessage[] {
    const nowMs = Date.now();
    if (this.#suspects.isAlone({ sender, leaseMs }, nowMs)) return [];
    const rows = this.#late(late, nowMs, limit);
    return this.#take(rows, { sender, untilMs: nowMs + leaseMs, isAttempt: false });
  }

  /** Written by `writeSending`; most are settled before. */
  sending({ sender, ids }: LeasedRequest): void {
    for (const id of ids) this.#sending.set(id, sender);
  }

  writeSending(): void {
    for (const [id, sender] of this.#sending) this.#writes.sending.run(id, sender);
  }

  /** After COMMIT. */
  sendingWritten(): void {
    this.#sending.clear();
  }

  returnAllBut({ sender, ids }: LeasedRequest): void {
    const known = new Set(ids);
    const nowMs = Date.now();
    const rows = this.damaged.readable(
      () => this.#writes.leasedBy.all(sender),
      () => this.#writes.leasedByIds.all(sender),
    );
    for (const row of rows) if (!known.has(row.id) && !this.#newMail.isGiven(row.id)) this.#return(row, nowMs);
    this.#ledger.wake();
  }

  /** How many of them were still this sender's. */
  settle({ sender, settlements }: SettleRequest): number {
    let count = 0;
    for (const settlement of settlements) {
      const row = this.damaged.row(settlement.id);
      if (row === undefined) this.#newMail.ended(settlement.id); // It is gone, or damaged.
      if (row?.leased_by !== sender) continue;
      this.#sending.delete(settlement.id);
      count += 1;
      this.#settle(row, settlement);
    }
    return count;
  }

  /** What a message tells of. @throws StoreError 'missing' when none of that is the sender's any more: nothing is to be written then */
  settleWith({ settles }: MessageMetadata): void {
    if (settles !== undefined && this.settle(settles) === 0) missing(refusals.nothingLeased);
  }

  /** What none of these senders has leased. */
  returnLeases(living: ReadonlySet<string>): readonly Parked[] {
    const nowMs = Date.now();
    this.writeSending();
    const parked: Parked[] = [];
    const rows = this.damaged
      .readable(
        () => this.#writes.leased.all(),
        () => this.#writes.leasedIds.all(),
      )
      .filter(({ leased_by: sender }) => !living.has(sender ?? ''));
    const suspected = suspectedOf(rows);
    const byOne = endedByOne([...suspected].map(suspicionOf));
    for (const row of rows) {
      if (!suspected.has(row)) {
        this.#return(row, nowMs);
        continue;
      }
      const next = crashed(leaseOf(row), byOne.has(row.leased_by ?? ''), nowMs);
      this.#rows.change(row, next);
      this.#rows.note(row, { kind: 'crashed', reply: crashReply, atMs: nowMs });
      if (next.state === 'corrupt') parked.push({ id: row.id, recipient: row.recipient });
    }
    this.#ledger.wake();
    return parked;
  }

  rest({ destination, untilMs, reason }: RestRequest): void {
    const id = this.#writes.rest.get(
      untilMs ?? null,
      reason === undefined ? null : JSON.stringify(reason),
      destination,
    );
    if (id === undefined) return;
    this.#ledger.touch(id);
    if (untilMs === undefined) this.#ledger.wake();
  }

  #settle(row: QueuedRow, { outcome, startedAtMs, durationMs }: Settlement): void {
    const nowMs = Date.now();
    const next = settled(leaseOf(row), outcome, nowMs);
    if (outcome.kind !== 'returned' && outcome.kind !== 'noticed') {
      const { kind, reply } = outcome;
      this.#rows.note(row, { kind, reply, atMs: startedAtMs ?? nowMs, durationMs });
      if (suppresses(outcome)) this.#writes.suppress.run(suppressionKey(row.recipient), reply.text, nowMs);
      if (next !== 'gone') this.damaged.write(row.id, () => this.#writes.reply.run(JSON.stringify(reply), row.id));
    }
    if (next === 'gone') this.#rows.remove(row);
    else this.#rows.change(row, next);
    // What is gone makes way for nothing, but for what a row with a crash has kept waiting.
    if (next !== 'gone' || row.crashes > 0) this.#ledger.wake();
  }

  #due(destination: string, limit: number, nowMs: number): readonly QueuedRow[] {
    const [id, restUntil] = this.#writes.destination.get(destination) ?? [];
    if (id === undefined || (restUntil ?? 0) > nowMs) return [];
    let passedOver = 0;
    const rows = this.damaged.readable(
      () => this.#writes.due.all(id, nowMs, limit),
      () => {
        const ids = this.#writes.dueIds.all(id, nowMs, limit + UNREADABLE_LIMIT);
        passedOver = ids.length;
        return ids;
      },
      ({ crashes }) => crashes === 0,
    );
    if (rows.length === 0 && passedOver > 0) this.#writes.notReadyBefore.run(nowMs + UNREADABLE_MS, id);
    return rows.slice(0, limit);
  }

  #late(late: Lateness, nowMs: number, limit: number): readonly QueuedRow[] {
    return this.damaged.readable(
      () => this.#writes[late].all(nowMs, nowMs, limit),
      () => this.#writes[`${late}Ids`].all(nowMs, limit),
      ({ leased_by: sender, crashes, due_at: dueAt }) => sender === null && crashes === 0 && (dueAt ?? 0) > nowMs,
    );
  }

  /** Nothing was tried. */
  #return(row: QueuedRow, nowMs: number): void {
    const next = settled(leaseOf(row), { kind: 'returned' }, nowMs);
    if (next !== 'gone') this.#rows.change(row, next);
  }

  #take(
    rows: readonly QueuedRow[],
    { sender, untilMs, isAttempt }: { readonly sender: string; readonly untilMs: number; readonly isAttempt: boolean },
  ): readonly LeasedMessage[] {
    const groups = new Map<string, { readonly message: OutgoingRow; readonly recipients: LeasedRecipient[] }>();
    for (const row of rows) {
      const next = leased(waitingOf(row), untilMs, isAttempt);
      if (!this.#rows.lease(row, next, sender)) continue;
      const key = isAttempt ? `${row.message} ${row.destination}` : `${row.message}`;
      const group = groups.get(key) ?? {
        message: this.#writes.outgoing.get(row.message) as OutgoingRow,
        recipients: [],
      };
      groups.set(key, group);
      group.recipients.push(leasedRecipient(row, next.attempts));
    }
    return [...groups.values()].map(({ message, recipients }) => leasedMessage(message, recipients));
  }
}

/** What may have ended the process of each sender: what it was sending, or all that it had, where it had not come to that. */
function suspectedOf(rows: readonly QueuedRow[]): ReadonlySet<QueuedRow> {
  const sent = rows.filter(({ sending }) => sending !== 0);
  const senders = new Set(sent.map(({ leased_by: sender }) => sender));
  return new Set([...sent, ...rows.filter(({ leased_by: sender }) => !senders.has(sender))]);
}

function suspicionOf({ leased_by: sender, message, destination }: QueuedRow): Suspected {
  return { sender: sender ?? '', transaction: `${message} ${destination}` };
}

function leasedMessage(row: OutgoingRow, recipients: readonly LeasedRecipient[]): LeasedMessage {
  return {
    message: row.id,
    reversePath: row.reverse_path,
    octets: row.octets,
    headerOctets: row.header_octets,
    bodyKind: row.body_kind as BodyKind,
    smtputf8: row.smtputf8 !== 0,
    requireTls: row.require_tls !== 0,
    returned: (row.returned ?? undefined) as Returned | undefined,
    envelopeId: row.envelope_id ?? undefined,
    submitter: row.submitter ?? undefined,
    recipients,
  };
}

function leasedRecipient(row: QueuedRow, attempts: number): LeasedRecipient {
  return {
    id: row.id,
    recipient: row.recipient,
    destination: row.destination_name,
    attempts,
    crashes: row.crashes,
    notify: row.notify === null ? undefined : (JSON.parse(row.notify) as readonly NotifyOn[]),
    originalRecipient: row.original_recipient ?? undefined,
    queuedAtMs: row.queued_at,
    expiresAtMs: row.expires_at,
    lastReply: row.reply === null ? undefined : (JSON.parse(row.reply) as Reply),
  };
}
