/** Loaded before the program (NODE_OPTIONS=--import): its store takes a moment to begin, and says how it ends, unless it is killed. */
import { writeSync } from 'node:fs';

const LATE_MS = 700;

if (process.argv[2] === 'store') {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, LATE_MS);
  process.on('exit', (status) => void writeSync(1, `the store ended by itself with ${status}\n`));
}
