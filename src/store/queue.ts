/**
 * Mail on its way out, as the process that sends it sees it: one row a recipient, leased before anything is tried and settled by
 * what became of it. What got 250 is delivered, or its sender is told, or it is in here. Never the octets of more than a piece.
 */
import type { AccountId, MaybePromise, NotifyOn, Returned } from './shapes.js';
import type { Source } from './source.js';
import type { Suppressions } from './suppressions.js';

export type BodyKind = '7bit' | '8bitmime';

/**
 * `active`: leased, or due for the first time. `deferred`: waits for a next attempt. `hold`: waits until an administrator releases
 * it. `corrupt`: ended the process that sent it again and again, or stands where the database is damaged, and waits likewise.
 */
export type QueueState = 'active' | 'deferred' | 'hold' | 'corrupt';

/** A destination for which something is due. */
export interface DueDestination {
  readonly destination: string;
  readonly dueAtMs: number;
  /** An administrator asks for an attempt now (QueuedMail.retry): no dead host is a reason to wait. Until it rests again. */
  readonly isRetried?: boolean;
}

export interface LeaseRequest {
  readonly destination: string;
  /** At most so many rows. */
  readonly recipients: number;
}

/** What answered, or what went wrong before anything could. */
export interface Reply {
  readonly code?: number | undefined;
  /** As `5.1.1`. */
  readonly enhanced?: string | undefined;
  readonly text: string;
  readonly host?: string | undefined;
  readonly address?: string | undefined;
  /** The version; absent in clear. */
  readonly tls?: string | undefined;
  /** That was being answered. */
  readonly command?: string | undefined;
}

/** One recipient of one message. */
export interface LeasedRecipient {
  /** Of the row, for people too: `pennypost queue show 17`. */
  readonly id: number;
  readonly recipient: string;
  readonly destination: string;
  /** This one included; one leased because it is late is not attempted by that. */
  readonly attempts: number;
  /** How often the process that had leased it ended before it was settled. */
  readonly crashes: number;
  readonly notify?: readonly NotifyOn[] | undefined;
  readonly originalRecipient?: string | undefined;
  readonly queuedAtMs: number;
  readonly expiresAtMs: number;
  /** The last reply that was not good; absent before the first attempt. */
  readonly lastReply?: Reply | undefined;
}

/** What is leased of one message: for one destination, or, of what is late, for all. */
export interface LeasedMessage {
  /** What `open` takes. */
  readonly message: number;
  /** Empty for the null reverse-path. */
  readonly reversePath: string;
  /** What is sent, trace and body, with the CRLF that a body without one gets. */
  readonly octets: number;
  /** Of them, up to and including the empty line. */
  readonly headerOctets: number;
  readonly bodyKind: BodyKind;
  readonly smtputf8: boolean;
  readonly requireTls: boolean;
  readonly returned?: Returned | undefined;
  readonly envelopeId?: string | undefined;
  readonly submitter?: AccountId | undefined;
  readonly recipients: readonly LeasedRecipient[];
  /** The same as `open` gives, of what is small and was given as new. Nobody tells of its removal: it is not to be sent much later. */
  readonly content?: Uint8Array | undefined;
}

/** What gets new mail (Queue.takeNew). */
export interface NewMailTaker {
  /** Of one message: leased by the transaction that queued it. */
  leased(messages: readonly LeasedMessage[]): void;
  /** The store went away, and maybe with what it gave: `returnAllBut` is to be said before `takeNew` is again. */
  lost(): void;
}

/**
 * What becomes of a leased recipient. `delivered` and `failed`: it leaves the queue. `deferred`: it is due again then. `held`: it
 * waits for an administrator. `corrupt`: it cannot be read here, and waits likewise. `returned`: nothing was tried after all; due as before, this attempt not counted. `noticed`: the
 * sender was told that it still waits; due as before.
 */
export type Outcome =
  | { readonly kind: 'delivered'; readonly reply: Reply }
  | { readonly kind: 'deferred'; readonly reply: Reply; readonly nextAttemptAtMs: number }
  | { readonly kind: 'failed'; readonly reply: Reply }
  | { readonly kind: 'held'; readonly reply: Reply }
  | { readonly kind: 'corrupt'; readonly reply: Reply }
  | { readonly kind: 'returned' }
  | { readonly kind: 'noticed' };

export interface Settlement {
  /** Of the leased recipient. */
  readonly id: number;
  readonly outcome: Outcome;
  readonly startedAtMs?: number | undefined;
  readonly durationMs?: number | undefined;
}

/** Why a row is late. */
export type Lateness = 'expired' | 'delayed';

export interface Queue extends Suppressions {
  /**
   * This sender lives now, under a name that no other process has or had. What was leased by senders that are gone returns to the
   * queue, due as before: each row that was being sent (`sending`) counts a crash more, and one whose second crash this is becomes
   * 'corrupt' where nothing else was being sent, or else with the fourth; the others count nothing. Where a sender was gone before it
   * began to send any, all that it had are suspected.
   * What a sender that still lives has leased stays its own, so that one can be drained while the next begins. A driver that loses
   * its store says it again by itself.
   */
  begin(sender: string): Promise<void>;
  /**
   * Destinations that have something due and do not rest, longest due first, at most `limit` of them, those behind `after`.
   * The destination of a row with a crash that is due is in front of all others.
   */
  dueDestinations(limit: number, after?: DueDestination): MaybePromise<readonly DueDestination[]>;
  /** When the next row is due, expires or is to be told late; undefined when there is none. */
  nextDueAtMs(): MaybePromise<number | undefined>;
  /**
   * Rows due now, the longest due first. For each the next attempt, which is the end of its lease, and an attempt more are on the
   * disk when it resolves. A row with a crash whose destination is asked for is leased before all others, and alone but for
   * others with a crash of the same message and destination: nothing else is until it is settled, so that what ends the process next
   * is known. After a while, however many of them there are and whatever became of them, all else has its turn; the next of them
   * waits longer for one that is slow (SuspectTurns).
   */
  lease(requests: readonly LeaseRequest[], leaseMs: number): Promise<readonly LeasedMessage[]>;
  /**
   * From now on new rows are leased to this sender by the transaction that queues them, without being asked for: those that are due at
   * once and could be leased, of a destination that does not rest and has nothing else due, to an address that is not suppressed, while
   * no row with a crash is tried alone or could be, and no more of them than NEW_MAIL_LIMIT that are not settled. All others wait for `lease`, as ever. Where several
   * senders take new mail, each row is given to one of them.
   */
  takeNew(taker: NewMailTaker, leaseMs: number): Promise<void>;
  /** When it resolves, nothing more is given. */
  leaveNew(): Promise<void>;
  /** From now on these are being sent, or reported on: if the process ends, it was by one of them. Lost when the store is away. */
  sending(ids: readonly number[]): void;
  /**
   * What this sender has leased and does not know of, because the answer was lost, returns to the queue as if by 'returned'. Said
   * when no lease is under way; new mail that is on its way to it meanwhile is known.
   */
  returnAllBut(ids: readonly number[]): Promise<void>;
  /**
   * Rows past their expiry, or past the time for a delay notice, that are not due now or whose destination rests: what is due is
   * tried first. None that is held, or that is leased. No attempt is counted. A row with a crash comes by `lease` alone.
   */
  leaseLate(kind: Lateness, limit: number, leaseMs: number): Promise<readonly LeasedMessage[]>;
  /** What is sent: trace and body. Must be closed. Throws, or rejects with, a StoreError 'missing' when it was removed. */
  open(message: number): Source;
  /**
   * The outcomes, durable when it resolves, all in one transaction. A row that this sender has not leased any more is left alone;
   * so it may be said again when its answer was lost. What bounces go with them: Envelope.settles.
   */
  settle(settlements: readonly Settlement[]): Promise<void>;
  /** Nothing of the destination is due until then (a dead host). Undefined ends the rest. */
  rest(destination: string, untilMs: number | undefined, reason?: Reply): Promise<void>;
  /** Calls when something may have become due earlier than `nextDueAtMs` said, until the function that it returns is called. */
  watch(listener: () => void): () => void;
}
