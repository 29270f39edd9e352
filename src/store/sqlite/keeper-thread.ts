/** The keeper's thread: checkpoints, and the MIME library, on a connection and a heap of their own. */
import { parentPort, workerData } from 'node:worker_threads';
import { openForCheckpoints } from './database.js';
import type { KeeperResult, KeeperTask } from './keeper.js';
import { decodeText } from './text.js';

/** As many as the writer moves in about a millisecond. */
const FEW_FRAMES = 256;
const PASS_LIMIT = 4;

const connection = openForCheckpoints(workerData as string);
const chunk = connection.prepare<[number], Buffer>('select data from chunk where body = ? and seq = 0').pluck();

parentPort?.on('message', (task: KeeperTask) => {
  void perform(task).then((result) => parentPort?.postMessage(result));
});

async function perform(task: KeeperTask): Promise<KeeperResult> {
  if (task.kind === 'decode') return { kind: 'decode', body: task.body, text: await decodeText(chunk.get(task.body)) };
  return { kind: 'checkpoint', ...checkpoint(task.limitFrames) };
}

/**
 * When the WAL has grown so long that the writer is to move the rest, what came during a pass is moved in another, shorter
 * one: all commits wait for the writer's. A full disk stops a checkpoint, and loses nothing by it: it is tried again when
 * there is more to move.
 */
function checkpoint(limitFrames: number): { readonly walFrames: number; readonly trouble?: string } {
  try {
    for (let pass = 1, moved = 0; ; pass++) {
      const [row] = connection.pragma('wal_checkpoint(PASSIVE)') as {
        readonly log: number;
        readonly checkpointed: number;
      }[];
      const { log = 0, checkpointed = 0 } = row ?? {};
      const isHeld = checkpointed < log; // By a reader.
      if (log <= limitFrames || isHeld || log - moved <= FEW_FRAMES || pass === PASS_LIMIT) return { walFrames: log };
      moved = checkpointed;
    }
  } catch (error) {
    return { walFrames: 0, trouble: (error as Error).message };
  }
}
