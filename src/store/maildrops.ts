/** Mail on its way out: one account's messages, held by one session at a time. */
import type { Holder } from './errors.js';
import type { AccountId, MaybePromise } from './shapes.js';
import type { Source } from './source.js';

export interface MessageInfo {
  /** The driver's name for the message; opaque outside the store. */
  readonly id: number;
  /** RFC 1939 §7: 1 to 70 characters from 0x21 to 0x7E, never used again. */
  readonly uidl: string;
  /** What RETR sends, before byte-stuffing and without the closing line. */
  readonly octets: number;
}

/**
 * One login's view of a maildrop: all messages but those that it has hidden from itself. The id of a credential, or MAIN_VIEW.
 */
export type ViewId = number;

/** Of the account's own password. */
export const MAIN_VIEW: ViewId = 0;

/** Who asks for a maildrop, and holds it from then on. */
export interface Opener extends Holder {
  /** What it sees of the maildrop, and hides from. Absent: all of it, and what it removes is removed for everybody. */
  readonly view?: ViewId | undefined;
  /**
   * Asked when another wants the maildrop: whether this one gives it up without a further word of its client, which is gone
   * or has said its last. Absent: it does not.
   */
  isLeaving?(): MaybePromise<boolean>;
  /** What must lie between two logins to the same view, or to all of the maildrop: one that comes earlier is 'too-soon'. */
  readonly intervalMs?: number | undefined;
  /** It is no login of the account. */
  readonly isAdministration?: true;
  /** Aborted when there is nobody any more to open it for: it is not waited for then. */
  readonly gone?: AbortSignal;
}

/** Messages of a maildrop by their numbers, which count from 1: both ends belong to it. */
export type NumberRange = readonly [first: number, last: number];

/**
 * One account's messages, or one view of them, held exclusively from open to release, as they were when it was opened, oldest
 * first. Opening all of it costs the same whatever it holds: messages are looked up when they are asked for, a few at a time. The
 * messages of a view are counted when it is opened.
 */
export interface Maildrop {
  /** How many messages there are. */
  readonly count: number;
  /** Their sum. */
  readonly octets: number;
  /** All messages in order, at most a few hundred at a time. */
  pages(): Source<readonly MessageInfo[]>;
  /** The message of this number, from 1; undefined when there are not so many. */
  find(number: number): MaybePromise<MessageInfo | undefined>;
  /**
   * The octets of a message in order, in pieces of at most a chunk; ends with CRLF.
   * Throws, or rejects with, a StoreError 'missing' when it was removed by an administrator meanwhile.
   */
  read(id: number): MaybePromise<Source>;
  /**
   * Removes all of these or none, however many; durable when it resolves, and nobody sees them from then on. In a view they are
   * hidden from that view alone; when that fails, some of them may be. Ranges come in order and do not touch.
   */
  remove(numbers: Iterable<NumberRange>): Promise<void>;
  /** Resolves when another session may open it. */
  release(): Promise<void>;
}

/** What gives mail out sees of a store. */
export interface Maildrops {
  /**
   * Rejects with 'in-use' when another session holds the maildrop, or the same view of it, or when all of it is asked for and any
   * view is held: the error says who and since when. One that is leaving is waited for, up to a second.
   * Rejects with 'too-soon' within the opener's interval.
   */
  open(account: AccountId, opener: Opener): Promise<Maildrop>;
  /** The fewest days after which any account's mail is removed; undefined when it never is. */
  leastExpireDays(): MaybePromise<number | undefined>;
}
