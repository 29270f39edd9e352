/** One row of the queue as it changes: its columns, what is noted of it, and what its destination and the counts are told. */
import type { Reply } from '../../queue.js';
import type { AttemptKind } from '../../queued-mail.js';
import type { Leased, Waiting } from '../../rules/queue.js';
import { QUEUE_STATES, type QueuedRow, type QueueWrites } from '../database/queue-writes.js';
import type { Bodies } from './bodies.js';
import { DamagedRows } from './damaged-rows.js';
import type { NewMail } from './new-mail.js';
import type { QueueLedger } from './queue-ledger.js';

export interface Tried {
  readonly kind: AttemptKind;
  readonly reply: Reply;
  readonly atMs: number;
  readonly durationMs?: number | undefined;
}

export interface QueueRowsOptions {
  readonly writes: QueueWrites;
  readonly ledger: QueueLedger;
  readonly newMail: NewMail;
  readonly bodies: Bodies;
}

export class QueueRows {
  readonly writes: QueueWrites;
  readonly ledger: QueueLedger;
  readonly damaged: DamagedRows;
  readonly newMail: NewMail;
  readonly #bodies: Bodies;

  constructor({ writes, ledger, newMail, bodies }: QueueRowsOptions) {
    this.writes = writes;
    this.ledger = ledger;
    this.damaged = new DamagedRows(writes, ledger);
    this.newMail = newMail;
    this.#bodies = bodies;
  }

  /** False where it cannot be: damaged-rows.ts. */
  lease(row: QueuedRow, next: Leased, sender: string): boolean {
    const { attempts, dueAtMs = 0, isAttempt } = next;
    const { id, due_at: dueBefore } = row;
    const lease = () => this.writes.lease.run(dueAtMs, attempts, sender, dueBefore, Number(isAttempt), id);
    if (!this.damaged.write(id, lease)) return false;
    this.#moved(row, next);
    return true;
  }

  /** It is nobody's any more. */
  change(row: QueuedRow, next: Waiting): void {
    const { dueAtMs = null, attempts, crashes, noticeAtMs, notBeforeMs = null } = next;
    const expireAt = dueAtMs === null ? null : row.expires_at;
    const noticeAt = dueAtMs === null ? null : (noticeAtMs ?? null);
    const noticed = Number(row.notice_at !== null && noticeAtMs === undefined);
    const counts = [attempts, crashes, noticed] as const;
    const change = () =>
      this.writes.change.run(stateOf(next), dueAtMs, ...counts, expireAt, noticeAt, notBeforeMs, row.id);
    this.newMail.ended(row.id);
    if (this.damaged.write(row.id, change)) this.#moved(row, next);
  }

  /** With the last of a message its octets go, if no maildrop has them. */
  remove(row: QueuedRow): void {
    this.newMail.ended(row.id);
    if (!this.damaged.drop(row.id)) return;
    this.ledger.count(row.state, undefined);
    this.ledger.gone(row.destination);
    this.damaged.deleteOf(row.message, () => this.#release(row.message));
  }

  #release(message: number): void {
    const body = this.writes.dropOutgoing.get(message);
    if (body === undefined) this.writes.unref.run(message);
    else this.#bodies.release(body);
  }

  note({ id, reverse_path, recipient }: QueuedRow, { kind, reply, atMs, durationMs }: Tried): void {
    this.writes.addAttempt.run(id, atMs, durationMs ?? null, kind, reverse_path, recipient, JSON.stringify(reply));
  }

  #moved(row: QueuedRow, next: Waiting): void {
    this.ledger.count(row.state, stateOf(next));
    this.ledger.touch(row.destination);
  }
}

export function stateOf({ state }: Waiting): number {
  return QUEUE_STATES.indexOf(state);
}

/** What the rules decide by. */
export function waitingOf(row: QueuedRow): Waiting {
  return {
    state: QUEUE_STATES[row.state] ?? 'corrupt',
    dueAtMs: row.due_at ?? undefined,
    attempts: row.attempts,
    crashes: row.crashes,
    noticeAtMs: row.noticed === 0 ? (row.notice_at ?? undefined) : undefined,
    notBeforeMs: row.leased_by === null ? (row.due_before ?? undefined) : undefined,
  };
}

export function leaseOf(row: QueuedRow): Leased {
  return { ...waitingOf(row), dueBeforeMs: row.due_before ?? 0, isAttempt: row.is_attempt !== 0 };
}
