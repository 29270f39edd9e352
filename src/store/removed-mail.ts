/** Administration: messages that were removed and are kept for a while, and the ways back. */
import type { NumberRange } from './maildrops.js';
import type { Address, MaybePromise } from './shapes.js';

/** A message that was removed, and is not purged. */
export interface RemovedSummary {
  /** Its name here as long as it is kept, whatever else is removed, restored or purged. */
  readonly number: number;
  /** What orders the list; opaque outside the store. */
  readonly id: number;
  readonly removedAtMs: number;
  /** Who removed it: the client's address and its session, for people. */
  readonly client: string;
  readonly receivedAtMs: number;
  readonly octets: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly subject: string | undefined;
}

/** What becomes of messages that are removed now: kept for a while, or gone for good, by --keep-removed or on a disk that is nearly full. */
export type Keeping = 'kept' | 'not-kept' | 'disk-full';

/** What sessions removed: nobody sees it, no quota counts it, and it goes for good when it was kept long enough. */
export interface RemovedMail {
  /** In pages, in the order in which the messages came. Rejects with 'missing' when there is no such account. */
  listRemoved(address: Address, after?: RemovedSummary): MaybePromise<readonly RemovedSummary[]>;
  /**
   * Those of these that are still kept, a few hundred at most, are there again as the newest messages of the account, with the
   * same octets and another UIDL: all of them, or none with 'over-quota'. Resolves with how many, durably.
   */
  restoreMail(address: Address, numbers: readonly number[]): Promise<number>;
  /**
   * What was removed after this moment is there again, with the UIDLs and in the order of before; what came meanwhile stays.
   * Resolves with how many messages, durably. Rejects with 'in-use' while a session holds the maildrop, with 'over-quota', and with
   * 'refused' when some of it may be purged already, or is purged meanwhile: then the message says how many are there again. A crash
   * may leave a part of it: it is asked for again.
   */
  restoreTo(address: Address, atMs: number): Promise<number>;
  /**
   * Removes messages as a session does: of these numbers, in ranges that come in order and do not touch. Rejects with 'in-use' while
   * a session holds the maildrop, and with 'refused' when there are not so many. Resolves with what becomes of them.
   */
  removeMail(address: Address, numbers: readonly NumberRange[]): Promise<Keeping>;
  /**
   * The same by their ids (Mailboxes), of those that are there, or of all: for `by`, whom listRemoved then names as the client. Rejects
   * with 'in-use' as above.
   */
  removeMailById(address: Address, ids: readonly number[] | 'all', by: string): Promise<Keeping>;
  /** As restoreMail, by the ids that the messages had before they were removed. */
  restoreMailById(address: Address, ids: readonly number[]): Promise<number>;
}
