/** The file that the supervisor of the counting server starts its processes with. */
import { runProcess } from '../../../src/cluster/run-process.js';
import { COUNTING_ROLES } from './roles.js';

await runProcess(COUNTING_ROLES);
