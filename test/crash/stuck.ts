/** Workers that answer nothing, as one act on a running server: the watchdog ends them, and others take their places. */
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/processes.js';
import { workersOf, type Fault } from './faults.js';

/** Above the watchdog's limit, which is 30 s unless told, with room for a busy machine. */
const ENDED_LIMIT_MS = 60_000;

/** One of them, or all at once: then nobody is there until they are ended. */
export const stuckWorkers: Fault = {
  name: 'stuck workers',
  async strike(server, chance) {
    const workers = workersOf(server);
    const stuck = chance.between(0, 1) === 0 ? workers : workers.slice(0, 1);
    for (const pid of stuck) process.kill(pid, 'SIGSTOP');
    await eventually('the watchdog to end them', () => stuck.every((pid) => !isAlive(pid)), ENDED_LIMIT_MS);
    return server;
  },
};
