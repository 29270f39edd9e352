/** One transaction to come: a message, those of its recipients that go the same way, and the ways that are left to be tried. */
import type { LeasedMessage, LeasedRecipient } from '../store/queue.js';
import type { NextHop } from './client/next-hop.js';

export interface Job {
  readonly message: LeasedMessage;
  /** Of the message; never empty, and no more than go into one transaction. */
  readonly recipients: readonly LeasedRecipient[];
  /** In order of preference; the first is the one that it waits for. */
  readonly hops: readonly NextHop[];
  /** By performance.now(). */
  readonly leasedAtMs: number;
  /** Once, when a kept connection turns out to be closed. */
  readonly isRepeated?: boolean;
}

/** Of an attempt. */
export interface Time {
  readonly startedAtMs: number;
  readonly durationMs: number;
}

export interface BegunTime extends Time {
  /** By performance.now(). */
  readonly begunAtMs: number;
}
