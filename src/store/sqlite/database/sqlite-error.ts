/** What SQLite says, as the store's own errors. */
import { DAMAGE_REMEDY, StoreError } from '../../errors.js';
import { isSqliteError } from './driver.js';

const DISK_ERROR = /^SQLITE_(IOERR|CORRUPT(?!_VTAB)|NOTADB|READONLY|CANTOPEN)/;
const DAMAGE = /^SQLITE_(CORRUPT(?!_VTAB)|NOTADB)/;
/**
 * SHMSIZE: the WAL had room for the commit, but its index has none for where that stands. What is refused so may be there after
 * a power cut or a kill that comes before the next commit, as if only the answer had been lost.
 */
const FULL = /^SQLITE_(FULL|IOERR_SHMSIZE)/;
/** What SQLite will say of the same rows another time, too. */
const REFUSAL = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;

const BUG = "the store met a bug of its own and did nothing of this; the server's log has the rest";

/** Whether the file or the disk under it cannot be trusted any more. */
export function isDiskError(error: unknown): boolean {
  return DISK_ERROR.test(codeOf(error)) && !isFull(error);
}

export function isFull(error: unknown): boolean {
  return FULL.test(codeOf(error));
}

/** Whether opening the database may succeed later as it is: its disk is full, or failed. */
export function isPassing(error: unknown): boolean {
  return isFull(error) || codeOf(error).startsWith('SQLITE_IOERR');
}

/** Whether another program holds the lock that a write needs. */
export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}

/**
 * Whether the rest of a group may succeed without the write that met it: a refusal, a bug, or a message that is too large
 * for what is left of the disk. A lock that another program holds stops everybody alike.
 */
export function isOneWritesFault(error: unknown): boolean {
  return !isDiskError(error) && !isBusy(error);
}

/** Whether what is in the file is not what was written to it. */
export function isDamage(error: unknown): boolean {
  return DAMAGE.test(codeOf(error));
}

/** Whether the index of words is not what was written to it: it is made anew from the mail. */
export function isIndexDamage(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_CORRUPT_VTAB');
}

/** Neither SQLite's word nor a refusal of the store's: a mistake in the program, which is not to be taken for a fault of the disk. */
export function isBug(error: unknown): boolean {
  return !(error instanceof StoreError) && !isSqliteError(error);
}

/** What a client of the store is told; the cause stays with it for the log. `db` is the file, for people at the command line. */
export function asStoreError(error: unknown, db = 'the database'): StoreError {
  if (error instanceof StoreError) return error;
  if (isBug(error) || REFUSAL.test(codeOf(error))) return new StoreError('bug', BUG, { cause: error });
  if (isFull(error)) return new StoreError('full', 'the disk is full', { cause: error });
  if (isBusy(error)) return new StoreError('busy', 'another program holds the database', { cause: error });
  if (isDamage(error)) return damaged(db, (error as Error).message, error);
  return new StoreError('unavailable', sentenceOf(error, db), { cause: error });
}

/** The file holds what nobody wrote, or a page of it cannot be read, which SQLite takes for the same. @param how in its words */
export function damaged(db: string, how: string, cause?: unknown): StoreError {
  return new StoreError('unavailable', `${db} is damaged (${how}): ${DAMAGE_REMEDY}`, { cause, isDamage: true });
}

/** What a read met: an error of SQLite's as a StoreError, and a bug as it is. */
export function readError(error: unknown, db: string): unknown {
  return isBug(error) ? error : asStoreError(error, db);
}

function sentenceOf(error: unknown, db: string): string {
  const { message } = error as Error;
  if (isIndexDamage(error)) return `the search index of ${db} is damaged: run 'pennypost mail index --rebuild'`;
  if (isDiskError(error))
    return `${db} cannot be read or written (${message}): look at the disk under it and the system's log`;
  if (codeOf(error) === 'SQLITE_ERROR')
    return `${db} cannot be used (${message}): it was never finished, or is damaged; start the server, or restore a backup`;
  return `${db} cannot be used: ${message}`;
}

function codeOf(error: unknown): string {
  return isSqliteError(error) ? error.code : '';
}
