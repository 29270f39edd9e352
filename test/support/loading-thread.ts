/** A thread of the store whose driver takes its time to load. It says in a cell that it loads, and in a file that it has loaded. */
import { writeFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { loadWithin } from '../../src/store/sqlite/database/loading.js';
import type { ThreadStart } from '../../src/store/sqlite/database/thread-start.js';

export interface SlowLoading {
  readonly loads: Int32Array;
  readonly file: string;
}

const LOAD_MS = 500;

const { data, loading } = workerData as ThreadStart;
const { loads, file } = data as SlowLoading;

loadWithin(loading, () => {
  Atomics.store(loads, 0, 1);
  for (const endMs = performance.now() + LOAD_MS; performance.now() < endMs;);
  writeFileSync(file, 'loaded');
});
