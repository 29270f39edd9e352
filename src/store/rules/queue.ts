/**
 * What becomes of a queued recipient, whatever driver keeps it: by a lease, by each outcome, by the end of the process that had
 * leased it, and by an administrator. Pure; a driver stores what is said here.
 */
import type { Outgoing } from '../deliveries.js';
import type { Outcome, QueueState, Reply } from '../queue.js';
import { isForLater } from '../queued-mail.js';

/** What is decided here of a row that nobody has leased. */
export interface Waiting {
  readonly state: QueueState;
  /** Undefined while it waits for an administrator. */
  readonly dueAtMs: number | undefined;
  readonly attempts: number;
  readonly crashes: number;
  /** When its sender is told that it still waits; undefined: never, or it was. */
  readonly noticeAtMs: number | undefined;
  /** On hold: before which it is not due, when it is released (RFC 4865). */
  readonly notBeforeMs?: number | undefined;
}

/** It is waiting for nobody. */
export type Due = Waiting & { readonly dueAtMs: number };

/** And of one that somebody has: `dueAtMs` is then the end of the lease. */
export interface Leased extends Waiting {
  readonly dueBeforeMs: number;
  /** Not of one that was leased because it is late. */
  readonly isAttempt: boolean;
}

/** Rows that a sender has without having asked for them (Queue.takeNew): what comes faster than it sends waits in the queue. */
export const NEW_MAIL_LIMIT = 100;
/** With this many crashes a row is corrupt, where nothing else was being sent at the last: it would end the next process too. */
const CORRUPT_CRASHES = 2;
/** With this many also where something was, each time: one that is slow may stand beside another that ends processes. */
const CORRUPT_CRASHES_BESIDE_OTHERS = 4;
/** RFC 3463 §3.2: nobody has this address, or nobody has any more. */
const NO_SUCH_ADDRESS = new Set(['5.1.1', '5.1.6']);

export const crashReply: Reply = { text: 'the process that sent it ended during the attempt' };
/** Of a row that stands where the database is damaged. */
export const damageReply: Reply = {
  text: 'the database is damaged where this recipient or its message stands: look at the disk, and restore a backup',
};
export const removalReply: Reply = { text: 'removed by an administrator' };

export function queued({ firstAttemptAtMs, delayNoticeAtMs }: Outgoing, nowMs: number): Due {
  return waiting({ dueAtMs: firstAttemptAtMs, attempts: 0, crashes: 0, noticeAtMs: delayNoticeAtMs }, nowMs);
}

export function leased(row: Waiting, untilMs: number, isAttempt: boolean): Leased {
  const { dueAtMs = 0, attempts } = row;
  return {
    ...row,
    ...{ state: 'active', dueAtMs: untilMs, dueBeforeMs: dueAtMs },
    ...{ attempts: attempts + (isAttempt ? 1 : 0), isAttempt },
  };
}

/** `gone`: it leaves the queue. An attempt that came to an outcome shows that the row ends no process. */
export function settled(row: Leased, outcome: Outcome, nowMs: number): Waiting | 'gone' {
  switch (outcome.kind) {
    case 'delivered':
    case 'failed':
      return 'gone';
    case 'deferred':
      return waiting({ ...row, crashes: 0, dueAtMs: outcome.nextAttemptAtMs }, nowMs);
    case 'held':
      return { ...pick(row), state: 'hold', dueAtMs: undefined, crashes: 0 };
    case 'corrupt':
      return { ...pick(row), state: 'corrupt', dueAtMs: undefined };
    case 'returned':
      return waiting({ ...row, attempts: attemptsBefore(row), dueAtMs: row.dueBeforeMs }, nowMs);
    case 'noticed':
      return waiting({ ...row, attempts: attemptsBefore(row), dueAtMs: row.dueBeforeMs, noticeAtMs: undefined }, nowMs);
  }
}

/** The process that had leased it is gone. `isAlone`: it was sending nothing else. */
export function crashed(row: Leased, isAlone: boolean, nowMs: number): Waiting {
  const crashes = row.crashes + 1;
  if (crashes >= (isAlone ? CORRUPT_CRASHES : CORRUPT_CRASHES_BESIDE_OTHERS))
    return { ...pick(row), crashes, state: 'corrupt', dueAtMs: undefined };
  return waiting({ ...row, crashes, dueAtMs: row.dueBeforeMs }, nowMs);
}

/** By an administrator: none of these is leased. Undefined when there is nothing to change. */
export function held(row: Waiting, nowMs: number): Waiting | undefined {
  if (row.state === 'hold' || row.state === 'corrupt') return undefined;
  return { ...row, state: 'hold', dueAtMs: undefined, ...(isForLater(row, nowMs) && { notBeforeMs: row.dueAtMs }) };
}

export function released(row: Waiting, nowMs: number): Waiting | undefined {
  if (row.dueAtMs !== undefined) return undefined;
  return waiting({ ...row, crashes: 0, dueAtMs: Math.max(nowMs, row.notBeforeMs ?? nowMs) }, nowMs);
}

export function retried(row: Waiting, nowMs: number): Waiting | undefined {
  return row.dueAtMs === undefined ? undefined : waiting({ ...row, dueAtMs: Math.min(row.dueAtMs, nowMs) }, nowMs);
}

/** Whether what a server said of this one recipient means that nothing is to be sent there again. */
export function suppresses({ kind, ...rest }: Outcome): boolean {
  const { reply } = rest as { readonly reply?: Reply };
  return (
    kind === 'failed' &&
    reply?.code !== undefined &&
    reply.command === 'RCPT' &&
    NO_SUCH_ADDRESS.has(reply.enhanced ?? '')
  );
}

/** Whom a suppression means. */
export function suppressionKey(address: string): string {
  return address.normalize('NFC').toLowerCase();
}

function attemptsBefore({ attempts, isAttempt }: Leased): number {
  return isAttempt ? attempts - 1 : attempts;
}

/** It was never tried and could be now, or waits for a next attempt. */
function waiting(row: Omit<Waiting, 'state' | 'dueAtMs'> & { readonly dueAtMs: number }, nowMs: number): Due {
  const { attempts, crashes, noticeAtMs, dueAtMs } = row;
  const state = attempts === 0 && dueAtMs <= nowMs ? 'active' : 'deferred';
  return { state, dueAtMs, attempts, crashes, noticeAtMs };
}

function pick({ attempts, crashes, noticeAtMs }: Waiting): Omit<Waiting, 'state' | 'dueAtMs'> {
  return { attempts, crashes, noticeAtMs };
}
