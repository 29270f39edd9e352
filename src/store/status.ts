/** What a store tells of itself, for `pennypost status`: nothing of the processes that use it, which the cluster knows. */
import type { QueueCounts } from './queued-mail.js';
import type { Keeping } from './removed-mail.js';

/** `emptied`: in place, and for good. `parted`: the database is there, but a file that belongs to it is not. */
export type FileState = 'there' | 'missing' | 'replaced' | 'emptied' | 'parted';

/** What became of a device's mail; null for never. */
export interface DeviceStatus {
  readonly name: string;
  readonly acceptedToday: number;
  readonly refusedToday: number;
  readonly lastMailAtMs: number | null;
  readonly lastRefusedAtMs: number | null;
  readonly lastRefusal: string | null;
}

/** How often a value was at most so large, by bound; above the last bound only `count` counts it. */
export interface Distribution {
  readonly bounds: readonly number[];
  /** Of each bound, those that are not below an earlier one. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export interface StoreStatus {
  readonly pid: number;
  readonly startedAtMs: number;
  /** Since it started. */
  readonly messagesAccepted: number;
  /** Groups of writes that were made durable together, since it started. */
  readonly commits: number;
  /** How long each took, in seconds, and how many writes it made durable; null while the database is not open. */
  readonly commitSeconds: Distribution | null;
  readonly commitWrites: Distribution | null;
  /** Maildrops that sessions have open. */
  readonly maildropsHeld: number;
  /** Null for an engine without a WAL of its own. */
  readonly walBytes: number | null;
  /** What becomes of messages that are removed now; null while that is not known. */
  readonly removed: Keeping | null;
  /** Null while it cannot be read. */
  readonly queue: QueueCounts | null;
  /** Messages that are not in the search index, or a few more. Null while it cannot be read. */
  readonly unindexed: number | null;
  readonly db: string;
  /** Whether that path leads to the database that is served; when it does not, nothing is accepted. */
  readonly file: FileState;
  readonly devices: readonly DeviceStatus[];
  /** Why nothing can be written now; null when it can. */
  readonly refusal: string | null;
}
