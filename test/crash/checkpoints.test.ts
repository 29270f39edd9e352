/**
 * What checkpoints move to the database file is soon on the disk: the writer's own, which every commit waits for, must not
 * find the work of many passes before it. Seen in the system calls, under a load that never lets the WAL come to its end.
 */
import { expect } from 'chai';
import { itNeeds } from '../support/programs.js';
import { record, type RecordingOptions } from './recording.js';
import { checkpointNotSynced } from './shim.js';
import { TracedFile } from './trace.js';

/** About 60 MB, which the WAL of 32 MiB does not hold. */
const LOAD = { messages: 1000, load: { senders: 12, large: 1, largeOctets: 60_000, pauseMs: 0 } };
const MIB = 1024 * 1024;
/** Two passes of about 4 MiB and what they carry of the trees. */
const UNSYNCED_LIMIT = 12 * MIB;
const TIMEOUT_MS = 120_000;

interface Moved {
  readonly bytes: number;
  /** The most that was written to the database between two syncs of it. */
  readonly mostUnsynced: number;
}

async function movedUnder(program: Pick<RecordingOptions, 'change'> = {}): Promise<Moved> {
  const { records } = await record({ seed: 7, ...LOAD, ...program });
  let [bytes, unsynced, mostUnsynced] = [0, 0, 0];
  for (const { kind, file, data } of records) {
    if (file !== TracedFile.Db) continue;
    if (kind === 'W') {
      bytes += data.length;
      unsynced += data.length;
      mostUnsynced = Math.max(mostUnsynced, unsynced);
    } else if (kind === 'S') unsynced = 0;
  }
  return { bytes, mostUnsynced };
}

describe('checkpoints, by the system calls', function () {
  this.timeout(TIMEOUT_MS);

  itNeeds(['cc'], 'leave little to sync for the one that commits wait for', async () => {
    const { bytes, mostUnsynced } = await movedUnder();
    expect(bytes).to.be.above(32 * MIB);
    expect(mostUnsynced).to.be.below(UNSYNCED_LIMIT);
  });

  itNeeds(['cc'], 'are watched: passes that nobody syncs are noticed', async () => {
    const { mostUnsynced } = await movedUnder({ change: checkpointNotSynced });
    expect(mostUnsynced).to.be.above(UNSYNCED_LIMIT);
  });
});
