/** The checkpointer's thread: one checkpoint after another, on a connection of its own. */
import { fdatasyncSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { CheckpointerData, CheckpointResult } from './checkpointer.js';
import { openForCheckpoints, passiveCheckpoint } from '../database/database.js';
import { isDiskError } from '../database/sqlite-error.js';
import { threadData } from '../database/thread-start.js';

const { db, file } = threadData() as CheckpointerData;
const connection = openForCheckpoints(db);

parentPort?.on('message', () => parentPort?.postMessage(checkpoint()));

/**
 * A full disk stops a checkpoint, and loses nothing by it.
 *
 * SQLite syncs the database file only in a pass that reached the end of the WAL. Under steady load that is the writer's own, and
 * commits would wait until the disk has taken all that the passes before it moved: it takes it after each of them, beside them.
 */
function checkpoint(): CheckpointResult {
  let walFrames = 0;
  try {
    walFrames = passiveCheckpoint(connection).log;
  } catch (error) {
    return { walFrames, [isDiskError(error) ? 'diskFailed' : 'trouble']: (error as Error).message };
  }
  try {
    fdatasyncSync(file);
  } catch (error) {
    return { walFrames, diskFailed: (error as Error).message };
  }
  return { walFrames };
}
