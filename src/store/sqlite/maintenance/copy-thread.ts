/** The thread of a backup (backup.ts): one statement of SQLite's, which nothing can look into or interrupt while it runs. */
import { parentPort } from 'node:worker_threads';
import { openForReading } from '../database/database.js';
import { asStoreError, isBug } from '../database/sqlite-error.js';
import { threadData } from '../database/thread-start.js';
import type { CopyData, CopyResult } from './backup.js';

const { db, into } = threadData() as CopyData;

parentPort?.on('message', () => parentPort?.postMessage(copy()));

function copy(): CopyResult {
  try {
    const connection = openForReading(db);
    connection.vacuumInto(into);
    connection.close();
    return {};
  } catch (error) {
    if (isBug(error)) throw error;
    const { kind, message } = asStoreError(error, db);
    return { refused: { kind, message } };
  }
}
