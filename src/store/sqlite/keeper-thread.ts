/** The keeper's thread: checkpoints, and the MIME library, on a connection and a heap of their own. */
import { parentPort, workerData } from 'node:worker_threads';
import { openForCheckpoints } from './database.js';
import type { KeeperResult, KeeperTask } from './keeper.js';
import { decodeText } from './text.js';

const connection = openForCheckpoints(workerData as string);
const chunk = connection.prepare<[number], Buffer>('select data from chunk where body = ? and seq = 0').pluck();

parentPort?.on('message', (task: KeeperTask) => {
  void perform(task).then((result) => parentPort?.postMessage(result));
});

async function perform(task: KeeperTask): Promise<KeeperResult> {
  if (task.kind === 'decode') return { kind: 'decode', body: task.body, text: await decodeText(chunk.get(task.body)) };
  return { kind: 'checkpoint', ...checkpoint() };
}

/** A full disk stops a checkpoint, and loses nothing by it: it is tried again when there is more to move. */
function checkpoint(): { readonly walFrames: number; readonly trouble?: string } {
  try {
    const [row] = connection.pragma('wal_checkpoint(PASSIVE)') as { readonly log: number }[];
    return { walFrames: row?.log ?? 0 };
  } catch (error) {
    return { walFrames: 0, trouble: (error as Error).message };
  }
}
