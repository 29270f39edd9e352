/**
 * The queue as the writer changes it: what comes in, what administration does, and, by the parts of it, leases and outcomes. Runs
 * inside a transaction that somebody else begins and commits.
 */
import type { EnvelopeRecipient, Outgoing, RemoteRecipient } from '../../deliveries.js';
import { held, queued, released, removalReply, retried, suppressionKey, type Waiting } from '../../rules/queue.js';
import { missing, refusals } from '../../rules/refusals.js';
import type { Connection } from '../database/database.js';
import { QueueSummary } from '../database/queue-summary.js';
import { prepareQueueWrites, type QueuedRow, type QueueWrites } from '../database/queue-writes.js';
import type { MessageMetadata } from '../protocol/message-frame.js';
import type { Bodies } from './bodies.js';
import { octetsOf } from './body-row.js';
import { QueueLeases } from './queue-leases.js';
import { QueueLedger } from './queue-ledger.js';
import { QueueRows, stateOf, waitingOf } from './queue-rows.js';

export class QueueWriter {
  readonly ledger: QueueLedger;
  readonly leases: QueueLeases;
  readonly summary: QueueSummary;
  readonly #writes: QueueWrites;
  readonly #rows: QueueRows;

  constructor(connection: Connection, bodies: Bodies) {
    this.#writes = prepareQueueWrites(connection);
    this.summary = new QueueSummary(connection);
    this.ledger = new QueueLedger(this.#writes);
    this.#rows = new QueueRows(this.#writes, this.ledger, bodies);
    this.leases = new QueueLeases(this.#rows);
  }

  /** Its body counts one that points to it for all of these. */
  add(body: number, metadata: MessageMetadata, outgoing: Outgoing): void {
    const remote = metadata.envelope.recipients.filter(isRemote);
    const message = this.#addMessage(body, metadata, outgoing, remote.length);
    const first = queued(outgoing, Date.now());
    const { dueAtMs = null, noticeAtMs = null } = first;
    for (const { recipient, destination, notify, originalRecipient = null } of remote) {
      const id = this.ledger.destination(destination);
      const state = stateOf(first);
      const asked = notify === undefined ? null : JSON.stringify(notify);
      const times = [dueAtMs, outgoing.expiresAtMs, noticeAtMs] as const;
      this.#writes.add.run(message, id, recipient, state, ...times, asked, originalRecipient);
      this.ledger.count(undefined, state);
      this.ledger.touch(id);
    }
    this.ledger.wake();
  }

  hold(ids: readonly number[]): number {
    const nowMs = Date.now();
    return this.#become(ids, (row) => held(row, nowMs)).length;
  }

  release(ids: readonly number[]): number {
    const nowMs = Date.now();
    this.ledger.wake();
    return this.#become(ids, (row) => released(row, nowMs)).length;
  }

  retry(ids: readonly number[]): number {
    const nowMs = Date.now();
    const changed = this.#become(ids, (row) => retried(row, nowMs));
    for (const destination of new Set(changed.map((row) => row.destination))) this.#writes.restOver.run(destination);
    this.ledger.wake();
    return changed.length;
  }

  remove(ids: readonly number[]): number {
    const rows = this.#find(ids);
    for (const row of rows) {
      this.#rows.note(row, { kind: 'removed', reply: removalReply, atMs: Date.now() });
      this.#rows.remove(row);
    }
    this.ledger.wake();
    return rows.length;
  }

  suppress(address: string, reason: string): void {
    this.#writes.suppress.run(suppressionKey(address), reason, Date.now());
  }

  /** @throws StoreError 'missing' */
  unsuppress(address: string): void {
    if (this.#writes.unsuppress.run(suppressionKey(address)).changes === 0) missing(refusals.noSuppression(address));
  }

  #addMessage(body: number, metadata: MessageMetadata, outgoing: Outgoing, recipients: number): number {
    const { envelope, summary } = metadata;
    const { trace, submitter = null, expiresAtMs, delayNoticeAtMs = null } = outgoing;
    const { bodyKind, smtputf8, requireTls, returned = null, envelopeId = null } = outgoing;
    const sent = octetsOf(metadata, trace);
    const added = this.#writes.addOutgoing.run(
      ...([body, recipients, sent, trace.length + summary.headerOctets] as const),
      ...([envelope.receivedAtMs, expiresAtMs, delayNoticeAtMs, envelope.reversePath, submitter] as const),
      ...([bodyKind, Number(smtputf8), Number(requireTls), returned, envelopeId, trace] as const),
    );
    return Number(added.lastInsertRowid);
  }

  /** None that is leased. Returns those that were changed. */
  #become(ids: readonly number[], rule: (row: Waiting) => Waiting | undefined): readonly QueuedRow[] {
    return this.#find(ids).filter((row) => {
      const next = row.leased_by === null ? rule(waitingOf(row)) : undefined;
      if (next !== undefined) this.#rows.change(row, next);
      return next !== undefined;
    });
  }

  #find(ids: readonly number[]): readonly QueuedRow[] {
    return ids.map((id) => this.leases.damaged.row(id)).filter((row) => row !== undefined);
  }
}

function isRemote(recipient: EnvelopeRecipient): recipient is RemoteRecipient {
  return recipient.kind === 'remote';
}
