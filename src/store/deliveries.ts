/** Mail on its way in: where a forward-path leads, and a message until it is durable. */
import type { DeviceUse } from './devices.js';
import type { StoreError } from './errors.js';
import type { BodyKind, Settlement } from './queue.js';
import type { Room } from './quotas.js';
import type { RecipientLimits } from './recipient-limits.js';
import type { AccountId, Address, MaybePromise, NotifyOn, Returned } from './shapes.js';

/** Where one copy of a message goes, after aliases, plus addressing and catch-alls: into a maildrop here, or to another server. */
export type Target = LocalTarget | RemoteTarget;

export interface LocalTarget {
  readonly kind: 'local';
  readonly account: AccountId;
  /** The address delivered to: the account's own, with the `+detail` of the forward-path if it had one. */
  readonly address: string;
  /** What is left of its quota and of its domain's; absent where neither has one. */
  readonly rooms?: readonly Room[];
  /** Whether it has an autoreply; absent where it has none. */
  readonly autoreplies?: true;
}

export interface RemoteTarget {
  readonly kind: 'remote';
  /** As it is sent on, without angle brackets. */
  readonly address: string;
  /** The domain of the address, in lower case: what decides the route. */
  readonly destination: string;
}

/**
 * Where a forward-path leads, through aliases and accounts that forward; each target stands in it once.
 * `unknown`: the domain is ours, the name is not. `disabled`: whoever has it takes no mail. `remote`: the domain is not ours.
 * `too-many`: an alias that leads to more maildrops than one path may.
 */
export type Resolution =
  /** `account`: whose name it is, wherever his mail goes; absent for an alias. */
  | { readonly kind: 'local'; readonly targets: readonly Target[]; readonly account?: AccountId }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'remote' };

/** One copy of a message: into a maildrop here, or into the queue of what is sent on. */
export type EnvelopeRecipient = LocalRecipient | RemoteRecipient;

/** Who gets the copy, as whom it was addressed, and the trace headers that stand before the body. */
export interface LocalRecipient {
  readonly kind: 'local';
  readonly account: AccountId;
  /** The forward-path as the client gave it, without angle brackets. */
  readonly recipient: string;
  /** Complete header lines, each ended by CRLF; none where nothing is put before the body. */
  readonly trace: Uint8Array;
  /** There when it comes from elsewhere by administration, and by no protocol. */
  readonly imported?: Imported | undefined;
}

/** A message that comes from elsewhere comes once, however often it is tried. */
export interface Imported {
  /** What it is known by in this account: 32 octets. A copy whose key is known is left out, also when its message was removed since. */
  readonly key: Uint8Array;
  /** The UIDL it had. Not kept when it is none, was another message's in this maildrop, or could become one (mayKeepUidl). */
  readonly uidl?: string | undefined;
  /** Stored whatever the account may hold. */
  readonly ignoresQuota: boolean;
}

export interface RemoteRecipient {
  readonly kind: 'remote';
  /** The forward-path as it will be sent on, without angle brackets. */
  readonly recipient: string;
  /** The domain of the forward-path in lower case, in A-labels or U-labels as given: what decides the route. */
  readonly destination: string;
  /** RFC 3461 §4.1. Absent: failure and delay. */
  readonly notify?: readonly NotifyOn[] | undefined;
  /** ORCPT, RFC 3461 §4.2, as it was given: `rfc822;` and an xtext. */
  readonly originalRecipient?: string | undefined;
}

/** What all remote recipients of a message have in common. */
export interface Outgoing {
  /** Received lines that stand before the body when it is sent on, CRLF each. */
  readonly trace: Uint8Array;
  /** Who has logged in: all recipients of this message count as its. */
  readonly submitter?: AccountId | undefined;
  /** What the submitter may send to, as far as its account has no limits of its own. */
  readonly limits?: RecipientLimits | undefined;
  /** Now, or what HOLDUNTIL says (RFC 4865). */
  readonly firstAttemptAtMs: number;
  /** When the sender is told that a recipient still waits, once; absent: never. */
  readonly delayNoticeAtMs?: number | undefined;
  /** When what still waits is given up. */
  readonly expiresAtMs: number;
  readonly bodyKind: BodyKind;
  readonly smtputf8: boolean;
  /** RFC 8689. */
  readonly requireTls: boolean;
  /** RET, RFC 3461 §4.3. */
  readonly returned?: Returned | undefined;
  /** ENVID, RFC 3461 §4.4, as it was given. */
  readonly envelopeId?: string | undefined;
}

export interface Envelope {
  /** Without angle brackets; empty for the null reverse-path. */
  readonly reversePath: string;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly receivedAtMs: number;
  /** Whether each recipient's quota is judged for itself: for a protocol that answers for each, as LMTP does. */
  readonly perRecipient?: boolean;
  /** The device that it comes from: it counts for that one's rate. */
  readonly device?: DeviceUse | undefined;
  /** There when there is a remote recipient. */
  readonly outgoing?: Outgoing | undefined;
  /**
   * What becomes of recipients that this process has leased from the queue (Queue.settle), in the same transaction: so a bounce
   * and the outcome that it tells of are both durable, or neither is. When none of them is leased by this process any more,
   * nothing is stored, and the commit rejects with 'missing': somebody else has told of it, or will.
   */
  readonly settles?: readonly Settlement[] | undefined;
}

/**
 * A message on its way in: for maildrops here, for the queue, or both. Exactly one of commit or abort ends it.
 * `write` may return a promise: the caller then waits for it before it writes again. It copies what it keeps of a chunk.
 *
 * Quotas of accounts and of domains are judged at the commit, by the octets of each copy as RETR sends it, in the order of the
 * envelope; what earlier copies add to the same quota counts. When no copy is within those that it counts for, the commit rejects with 'over-quota'.
 * When some are: of an envelope that is judged `apart` those are stored. Of an ordinary envelope every copy is, since all were
 * accepted and one answer stands for all, so that a quota may be passed by one message; where it would by more,
 * nothing is stored, and the commit rejects with 'over-quota-meanwhile'. A remote recipient has no quota: its copy always fits.
 * Where the submitter would send to more recipients than it may, nothing is stored, and the commit rejects with 'over-limit'.
 * Of a device that has sent as many messages as it may for now nothing is stored, and the commit rejects with 'over-rate'; of one that
 * was removed, with 'refused'.
 */
export interface Delivery {
  write(chunk: Uint8Array): void | Promise<void>;
  /**
   * Resolves, with the positions in the envelope of the recipients that were left out, when the message is durable for every
   * other, in one transaction; rejects when it is for none. Of an ordinary envelope only a copy that was imported before is left out.
   */
  commit(): Promise<readonly number[]>;
  abort(): void;
}

/** What takes mail in sees of a store. */
export interface Deliveries {
  resolve(address: Address): MaybePromise<Resolution>;
  /** To how many recipients elsewhere the account may send now; `usual` holds as far as it has no limits of its own. Infinity: to any number. */
  recipientsLeft(account: AccountId, usual: RecipientLimits): MaybePromise<number>;
  /** To how many with one message, when it has sent nothing for long: what is beyond that never passes. */
  recipientsAtMost(account: AccountId, usual: RecipientLimits): MaybePromise<number>;
  /** Why no message can be taken now: 'full' when the disk nearly is, 'busy' when the store is far behind. */
  availability(): StoreError | undefined;
  deliver(envelope: Envelope): Delivery;
}
