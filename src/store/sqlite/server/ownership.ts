/**
 * Two stores on one file never happen: whoever writes holds the lock of a file beside the database,
 * and the operating system gives it back when that process ends, however it ends.
 * The lock is SQLite's own (an exclusive transaction on an empty database), since Node has no other that dies with its holder.
 */
import { StoreError } from '../../errors.js';
import { isSqliteError, openConnection } from '../database/driver.js';

export interface Ownership {
  release(): void;
}

/** Undefined when another process is the store. @throws StoreError 'unavailable' */
export function claim(lock: string): Ownership | undefined {
  try {
    const connection = openConnection(lock, { timeout: 0 });
    try {
      connection.pragma('journal_mode = memory'); // Nothing is ever written, so no journal need lie beside it.
      connection.exec('begin exclusive');
    } catch (error) {
      connection.close();
      throw error;
    }
    return { release: () => connection.close() };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (isSqliteError(error) && error.code.startsWith('SQLITE_BUSY')) return undefined;
    throw new StoreError(
      'unavailable',
      `Cannot write ${lock}, beside the database: ${(error as Error).message}; the directory must be writable`,
      { cause: error },
    );
  }
}
