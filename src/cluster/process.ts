/** The file that the supervisor starts its processes with. */
import { ROLES } from './roles.js';
import { runProcess } from './run-process.js';

await runProcess(ROLES);
