/** A disk for the log that is full: the server serves on without its lines, and ends when it is told to. */
import { join } from 'node:path';
import { Server } from '../support/server.js';
import { isBack, pause, workersOf, type Fault } from './faults.js';
import { fillUp, mountSmall } from './small-disk.js';

const DISK_MIB = 1;

/** Some of the lines would be about a worker that died meanwhile. Needs a root that may mount. */
export const fullLogDisk: Fault = {
  name: 'a full disk for the log',
  async strike(server, chance) {
    const disk = mountSmall(DISK_MIB);
    try {
      await server.release({ keep: true });
      const silent = await Server.start({ like: server, log: join(disk.directory, 'log') });
      fillUp(join(disk.directory, 'ballast'));
      await pause(chance.between(500, 2_000));
      const [worker] = workersOf(silent);
      if (worker !== undefined && chance.happens(0.5)) process.kill(worker, 'SIGKILL');
      await isBack(silent);
      await silent.stop();
      await silent.release({ keep: true });
      return await Server.start({ like: server });
    } finally {
      disk.release();
    }
  },
};
