/** What SQLite says, as the store's own errors. */
import { StoreError } from '../store.js';
import { isSqliteError } from './driver.js';

const DISK_ERROR = /^SQLITE_(IOERR|CORRUPT|NOTADB|READONLY|CANTOPEN)/;
/**
 * SHMSIZE: the WAL had room for the commit, but its index has none for where that stands. What is refused so may be there after
 * a power cut or a kill that comes before the next commit, as if only the answer had been lost.
 */
const FULL = /^SQLITE_(FULL|IOERR_SHMSIZE)/;

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

/**
 * Whether the rest of a group may succeed without the write that met it: a refusal, a bug, or a message that is too large
 * for what is left of the disk. A lock that another program holds stops everybody alike.
 */
export function isOneWritesFault(error: unknown): boolean {
  return !isDiskError(error) && !codeOf(error).startsWith('SQLITE_BUSY');
}

/** What a client of the store is told; the cause stays with it for the log. */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  if (isFull(error)) return new StoreError('full', 'the disk is full', { cause: error });
  if (code.startsWith('SQLITE_BUSY'))
    return new StoreError('busy', 'another program holds the database', { cause: error });
  return new StoreError('unavailable', 'the database cannot be used', { cause: error });
}

/** Runs what reads; SQLite's errors leave it as StoreErrors, and bugs as they are. */
export function reading<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw isSqliteError(error) ? asStoreError(error) : error;
  }
}

function codeOf(error: unknown): string {
  return isSqliteError(error) ? error.code : '';
}
