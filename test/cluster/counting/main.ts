/** `pennypost serve`, with one kind of process more. */
import { fileURLToPath } from 'node:url';
import { readCommandLine } from '../../../src/cli/command-line.js';
import { findCommand } from '../../../src/cli/commands.js';
import { runSupervisor } from '../../../src/cluster/supervisor/supervisor.js';
import { COUNTING_ROLES } from './roles.js';

const invocation = readCommandLine(findCommand(['serve']), process.argv.slice(3));
const file = fileURLToPath(new URL('./counting-process.js', import.meta.url));

process.exit(await runSupervisor(() => invocation.load().configuration, { file, roles: COUNTING_ROLES }));
