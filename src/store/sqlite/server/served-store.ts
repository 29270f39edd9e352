/** The store as those see it who serve its connections: uploads, removals, requests. */
import type { Concerned } from '../../driver.js';
import type { StoreError } from '../../errors.js';
import type { LoginIntervals } from '../../rules/login-intervals.js';
import type { MaildropLocks } from '../../rules/maildrop-locks.js';
import type { StoreStatus } from '../../status.js';
import type { SharedReads } from '../../../runtime/shared-reads.js';
import type { DeviceRefusals } from './device-refusals.js';
import type { Write } from './group.js';
import type { LastLogins } from './last-logins.js';
import type { RecentUses } from './recent-uses.js';
import type { Senders } from './senders.js';
import type { Sweeper } from './sweeper.js';
import type { Writer } from './writer.js';

export interface ServedStore {
  readonly reads: SharedReads;
  readonly locks: MaildropLocks;
  readonly intervals: LoginIntervals;
  readonly uses: RecentUses;
  readonly logins: LastLogins;
  readonly refusals: DeviceRefusals;
  readonly status: StoreStatus;
  readonly senders: Senders;
  /** Why nothing can be written yet. */
  readonly refusal: StoreError | undefined;
  /** @throws StoreError while the database is not open */
  readonly sweeper: Sweeper;
  /** The number of a body to come. @throws StoreError while the database is not open */
  nextBody(): number;
  /** What is asked outside of a write. @throws StoreError also while the database is not open */
  read<T>(ask: (writer: Writer) => T): T;
  /** To the next group, or refused at once. */
  add(write: Write): void;
  /** Runs one change as any client could, and resolves when it is durable. */
  write(act: (writer: Writer) => void): Promise<void>;
  /** Resolves when no process remembers the directory as it was, and no session goes on by a login that does not stand. */
  reportChanged(concerned: Concerned): Promise<void>;
  /** Something went wrong that no client caused: a line in the log. */
  trouble(what: string, details: object): void;
  countAccepted(): void;
  /** Why nothing can be promised now: the files are not where they belong. */
  lost(): StoreError | undefined;
  /** The text of a message that came in waits to be decoded. */
  undecoded(): void;
  /** Frames on their way in must not fill the memory, whoever sends them. @throws FrameError */
  requireRoom(connection: object, bytes: number): void;
}
