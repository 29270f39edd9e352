/** Administration: what waits to be sent and what became of it, by recipient, and whom nothing is sent to. */
import type { QueueState, Reply } from './queue.js';
import type { MaybePromise } from './shapes.js';
import type { Suppression, Suppressions } from './suppressions.js';

/** Those that are all of this; without case. */
export interface QueueFilter {
  readonly state?: QueueState | undefined;
  readonly destination?: string | undefined;
  /** The reverse-path; empty for the null reverse-path. */
  readonly from?: string | undefined;
  /** The forward-path. */
  readonly to?: string | undefined;
  readonly queuedBeforeMs?: number | undefined;
  /** The id that the 250 said. */
  readonly acceptedAs?: string | undefined;
}

/** One recipient that waits. */
export interface QueueEntry {
  readonly id: number;
  /** Other recipients of the same message have it too. */
  readonly message: number;
  readonly state: QueueState;
  readonly reversePath: string;
  readonly recipient: string;
  readonly destination: string;
  /** What is sent. */
  readonly octets: number;
  /** 0 where the database is damaged, as the expiry is. */
  readonly queuedAtMs: number;
  /** Of the next attempt; of one that is leased, the end of the lease; undefined while it waits for an administrator. */
  readonly dueAtMs: number | undefined;
  readonly expiresAtMs: number;
  readonly attempts: number;
  readonly crashes: number;
  /** Whether it is being sent at this moment. */
  readonly isLeased: boolean;
  /** Until when its destination rests. */
  readonly restsUntilMs: number | undefined;
  /** Why it rests, as the next hop or the way there said it; undefined where that is not known. */
  readonly restReason: Reply | undefined;
  readonly lastReply: Reply | undefined;
}

/** Whether its sender wants it to leave later (RFC 4865): it was never tried, and is not due. */
export function isForLater({ attempts, dueAtMs }: Pick<QueueEntry, 'attempts' | 'dueAtMs'>, nowMs: number): boolean {
  return attempts === 0 && dueAtMs !== undefined && dueAtMs > nowMs;
}

/** Entries in the order of their ids. There may be more behind `next`, also where there is none here. */
export interface QueuePage {
  readonly entries: readonly QueueEntry[];
  readonly next: number | undefined;
}

/** `corrupt`: it could not be read. `crashed`: the process that sent it ended. `removed`: by an administrator. */
export type AttemptKind = 'delivered' | 'deferred' | 'failed' | 'held' | 'corrupt' | 'crashed' | 'removed';

export interface Attempt {
  readonly atMs: number;
  readonly durationMs: number | undefined;
  readonly kind: AttemptKind;
  readonly reversePath: string;
  readonly recipient: string;
  readonly reply: Reply;
}

/** One recipient and its story. */
export interface QueuedRecipient {
  /** Undefined when it has left the queue. */
  readonly entry: QueueEntry | undefined;
  /** As long as they are kept, oldest first; the last few hundred of them. */
  readonly attempts: readonly Attempt[];
}

/** Recipients by their state. */
export interface QueueCounts extends Readonly<Record<QueueState, number>> {
  /** When the message that waits longest was queued; null when nothing waits. */
  readonly oldestQueuedAtMs: number | null;
  /** When something is tried next, or its sender told of it; null when nothing ever is. */
  readonly nextDueAtMs: number | null;
}

/**
 * What is selected is found by pages and changed by ids: durable when it resolves, with how many were changed, a few hundred at a
 * time. What left the queue meanwhile is not changed.
 */
export interface QueuedMail extends Suppressions {
  list(filter: QueueFilter, after?: number): MaybePromise<QueuePage>;
  /** Undefined when nothing is known of it any more. */
  find(id: number): MaybePromise<QueuedRecipient | undefined>;
  /** As quickly for a million as for one. */
  count(): MaybePromise<QueueCounts>;
  /** Nothing is tried before they are released. None that is being sent at this moment. */
  hold(ids: readonly number[]): Promise<number>;
  /** Those that are held or corrupt are due now, or at the time that they were held until, and their crashes are forgotten. */
  release(ids: readonly number[]): Promise<number>;
  /** Those that wait for a next attempt are due now, and their destinations rest no longer. None that is being sent. */
  retry(ids: readonly number[]): Promise<number>;
  /** They are gone, and nobody is told. One that is being sent at this moment may arrive all the same. */
  remove(ids: readonly number[]): Promise<number>;
  /** Those behind this address, in pages. */
  listSuppressions(after?: string): MaybePromise<readonly Suppression[]>;
  addSuppression(address: string, reason: string): Promise<void>;
  /** Rejects with 'missing' when there is none. */
  removeSuppression(address: string): Promise<void>;
}
