/**
 * The care of a database as a whole: looked through, copied, put back. For commands, which need no server for it. Whatever is
 * wrong with a database is a finding and no error; errors are what keeps anybody from looking.
 */

/** How far something is, in steps of whatever it counts. */
export type Progress = (step: 'pages' | 'mail' | 'copy', done: number, total: number) => void;

/** A message that a finding is about; what cannot be read of it is undefined. */
export interface AffectedMail {
  readonly kind: 'maildrop' | 'queue';
  /** Whose maildrop it is in, or who it waits to be sent to. */
  readonly whose: string | undefined;
  /** Its uid, or its number in the queue. */
  readonly number: number;
  readonly from: string | undefined;
  readonly subject: string | undefined;
}

export interface Finding {
  /** A sentence without its full stop. */
  readonly what: string;
  readonly mail: readonly AffectedMail[];
  /** Whether `repair` mends it. */
  readonly mendable: boolean;
}

export interface CheckReport {
  readonly messages: number;
  readonly bodies: number;
  /** Of all bodies. */
  readonly octets: number;
  /** Bodies of before their hashes were kept: only their octets were counted. */
  readonly withoutHash: number;
  /** Of its tables; undefined when they are those of this program. */
  readonly olderVersion: number | undefined;
  readonly findings: readonly Finding[];
}

export interface RepairReport {
  /** What was mended. */
  readonly mended: readonly Finding[];
  /** Bodies that got the hash of what was found. */
  readonly hashed: number;
  /** The database as it is now. */
  readonly left: CheckReport;
}

export interface BackupOptions {
  /** Takes the place of a file of that name; refused otherwise. */
  readonly replaces?: boolean;
  readonly progress?: Progress;
}

export interface BackupReport {
  /** Every message that was acknowledged until then is in it. */
  readonly atMs: number;
  /** Absolute. */
  readonly file: string;
  /** False when the database is damaged: there is no copy then. */
  readonly isKept: boolean;
  /** Of the copy. */
  readonly report: CheckReport;
}

export interface RestoreReport {
  /** Of what was, or was to be, put there. */
  readonly report: CheckReport;
  /** False when that is damaged: nothing was done then. */
  readonly isRestored: boolean;
  /** Where the database of before is; undefined when there was none. */
  readonly aside: string | undefined;
}

export interface RollbackReport extends RestoreReport {
  /** When the upgrade began. */
  readonly takenAtMs: number;
  /** Messages that came afterwards; undefined when they cannot be counted. */
  readonly since: number | undefined;
}

export interface Maintenance {
  /** Looks at every page, row and octet, whether a server runs or not, and changes nothing. @throws StoreError when it cannot be opened */
  check(db: string, progress?: Progress): Promise<CheckReport>;
  /** Mends counters and what an outside `delete` left behind. @throws StoreError 'refused' while a server runs */
  repair(db: string, progress?: Progress): Promise<RepairReport>;
  /** A copy of one moment, also while a server runs: on the disk and checked before it has its name. @throws StoreError */
  backUp(db: string, file: string, options?: BackupOptions): Promise<BackupReport>;
  /** Puts a copy in the place of the database, which is moved aside. @throws StoreError 'refused' while a server runs */
  restore(db: string, file: string, progress?: Progress): Promise<RestoreReport>;
  /** Puts what the last upgrade kept in the place of the database. @throws StoreError 'refused' while a server runs, or without any */
  rollBack(db: string, progress?: Progress): Promise<RollbackReport>;
}
