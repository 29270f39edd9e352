/**
 * Loaded into every process of a server by NODE_OPTIONS=--import: a signal makes its event loop stand still for good, in a
 * loop that nothing ends.
 */
import { isMainThread } from 'node:worker_threads';

export const SPIN = 'SIGUSR2';

if (isMainThread)
  process.on(SPIN, () => {
    for (;;);
  });
