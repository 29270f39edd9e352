/** Runs commands as main.ts does, one after another in one process: each that its parent sends, and answers with its status. */
import { run } from '../../src/cli/entry.js';

process.umask(0o077);
process.on('message', (argv: readonly string[]) => void run(argv).then((status) => process.send?.(status)));
