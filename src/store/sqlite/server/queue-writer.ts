/**
 * The queue as the writer changes it: what comes in, what administration does, and, by the parts of it, leases and outcomes. Runs
 * inside a transaction that somebody else begins and commits.
 */
import type { Outgoing } from '../../deliveries.js';
import { held, released, removalReply, retried, suppressionKey, type Waiting } from '../../rules/queue.js';
import { missing, refusals } from '../../rules/refusals.js';
import type { Connection } from '../database/database.js';
import { QueueSummary } from '../database/queue-summary.js';
import { prepareQueueWrites, type QueuedRow, type QueueWrites } from '../database/queue-writes.js';
import type { MessageMetadata } from '../protocol/message-frame.js';
import type { Bodies } from './bodies.js';
import { NewMail } from './new-mail.js';
import { QueueIntake } from './queue-intake.js';
import { QueueLeases } from './queue-leases.js';
import { QueueLedger } from './queue-ledger.js';
import { QueueRows, waitingOf } from './queue-rows.js';
import { Suspects } from './suspects.js';

export class QueueWriter {
  readonly ledger: QueueLedger;
  readonly leases: QueueLeases;
  readonly newMail = new NewMail();
  readonly summary: QueueSummary;
  readonly #writes: QueueWrites;
  readonly #rows: QueueRows;
  readonly #intake: QueueIntake;

  constructor(connection: Connection, bodies: Bodies) {
    this.#writes = prepareQueueWrites(connection);
    this.summary = new QueueSummary(connection);
    this.ledger = new QueueLedger(this.#writes);
    const parts = { writes: this.#writes, ledger: this.ledger, newMail: this.newMail };
    const suspects = new Suspects(this.#writes);
    this.#intake = new QueueIntake({ ...parts, suspects });
    this.#rows = new QueueRows({ ...parts, bodies });
    this.leases = new QueueLeases(this.#rows, suspects);
  }

  /** Its body counts one that points to it for all of these. `octets`: the body, where it came whole. */
  add(body: number, metadata: MessageMetadata, outgoing: Outgoing, octets?: Uint8Array): void {
    this.#intake.add(body, metadata, outgoing, octets);
  }

  /** After ROLLBACK. */
  forget(): void {
    this.ledger.forget();
    this.newMail.forget();
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
