/** Mail on its way in: where a forward-path leads, and a message until it is durable. */
import type { StoreError } from './errors.js';
import type { AccountId, Address, MaybePromise } from './shapes.js';

/** One maildrop that a forward-path leads to, after aliases, plus addressing and catch-alls. */
export interface Target {
  readonly account: AccountId;
  /** The address delivered to: the account's own, with the `+detail` of the forward-path if it had one. */
  readonly address: string;
  /** Octets that it may still take: none, or less than none, when it is full. Absent without a quota. */
  readonly freeOctets?: number;
}

/**
 * Where a forward-path leads; each maildrop stands in it once.
 * `unknown`: the domain is ours, the name is not. `foreign`: the domain is not ours. `too-many`: an alias that leads to more
 * maildrops than one path may.
 */
export type Resolution =
  | { readonly kind: 'local'; readonly targets: readonly Target[] }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'foreign' };

/** One copy of a message: who gets it, as whom it was addressed, and the trace headers that stand before the body. */
export interface EnvelopeRecipient {
  readonly account: AccountId;
  /** The forward-path as the client gave it, without angle brackets. */
  readonly recipient: string;
  /** Complete header lines, each ended by CRLF; never empty of a last CRLF. */
  readonly trace: Uint8Array;
}

export interface Envelope {
  /** Without angle brackets; empty for the null reverse-path. */
  readonly reversePath: string;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly receivedAtMs: number;
  /** Whether each recipient's quota is judged for itself: for a protocol that answers for each, as LMTP does. */
  readonly perRecipient?: boolean;
}

/**
 * A message on its way in. Exactly one of commit or abort ends it.
 * `write` may return a promise: the caller then waits for it before it writes again. It copies what it keeps of a chunk.
 *
 * Quotas are judged at the commit, by the octets of each copy as RETR sends it, in the order of the envelope; what earlier
 * copies add to the same account counts. When no copy is within its account's quota, the commit rejects with 'over-quota'.
 * When some are: of an envelope that is judged `apart` those are stored. Of an ordinary envelope every copy is, since all were
 * accepted and one answer stands for all, so that an account may come above its quota by one message; where it would by more,
 * nothing is stored, and the commit rejects with 'over-quota-meanwhile'.
 */
export interface Delivery {
  write(chunk: Uint8Array): void | Promise<void>;
  /**
   * Resolves, with the positions in the envelope of the recipients that were left out, when the message is durable for every
   * other, in one transaction; rejects when it is for none. Nobody is left out of an ordinary envelope.
   */
  commit(): Promise<readonly number[]>;
  abort(): void;
}

/** What takes mail in sees of a store. */
export interface Deliveries {
  resolve(address: Address): MaybePromise<Resolution>;
  /** Why no message can be taken now: 'full' when the disk nearly is, 'busy' when the store is far behind. */
  availability(): StoreError | undefined;
  deliver(envelope: Envelope): Delivery;
}
