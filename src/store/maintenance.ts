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

export interface Maintenance {
  /** Looks at every page, row and octet, whether a server runs or not, and changes nothing. @throws StoreError when it cannot be opened */
  check(db: string, progress?: Progress): Promise<CheckReport>;
  /** Mends counters and what an outside `delete` left behind. @throws StoreError 'refused' while a server runs */
  repair(db: string, progress?: Progress): Promise<RepairReport>;
}
