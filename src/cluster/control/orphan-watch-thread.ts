/** The thread of orphan-watch.ts: sleeps until the pipe ends, then ends the process that it is a thread of. */
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import type { OrphanWatchData } from './orphan-watch.js';

const { descriptor, graceMs } = workerData as OrphanWatchData;

new Socket({ fd: descriptor, readable: true, writable: false })
  .on('error', () => undefined) // 'close' follows.
  .on('close', () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs))
  .resume();
