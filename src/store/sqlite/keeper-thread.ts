/** The keeper's thread: checkpoints, and the MIME library, on a connection and a heap of their own. */
import { fdatasyncSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openForCheckpoints, passiveCheckpoint } from './database.js';
import type { CheckpointResult, KeeperData, KeeperResult, KeeperTask } from './keeper.js';
import { isDiskError } from './sqlite-error.js';
import { decodeText } from './text.js';

const { db, file } = workerData as KeeperData;
const connection = openForCheckpoints(db);
const chunk = connection.prepare<[number], Buffer>('select data from chunk where body = ? and seq = 0').pluck();

parentPort?.on('message', (task: KeeperTask) => {
  void perform(task).then((result) => parentPort?.postMessage(result));
});

async function perform(task: KeeperTask): Promise<KeeperResult> {
  if (task.kind === 'decode') return { kind: 'decode', body: task.body, text: await decodeText(chunk.get(task.body)) };
  return { kind: 'checkpoint', ...checkpoint() };
}

/**
 * A full disk stops a checkpoint, and loses nothing by it.
 *
 * SQLite syncs the database file only in a pass that reached the end of the WAL. Under steady load that is the writer's own, and
 * commits would wait until the disk has taken all that the passes before it moved: it takes it after each of them, beside them.
 */
function checkpoint(): Omit<CheckpointResult, 'kind'> {
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
