/** The thread that waits for the disk in a worker's place, on a connection of its own: one read after another, as asked. */
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { RunDelay } from '../../../runtime/run-delay.js';
import { Slices } from '../../../runtime/slices.js';
import { StoreError } from '../../errors.js';
import { perform } from './read.js';
import { Reader } from './reader.js';
import type { SlowRead, SlowReadData, SlowReadTold } from './slow-reads.js';
import { threadData } from '../database/thread-start.js';

const { db, firstDomain, detailSeparators } = threadData() as SlowReadData;
const runDelay = new RunDelay();
const reader = new Reader(db, { firstDomain, detailSeparators, slices: new Slices() });

parentPort?.on('message', (read: SlowRead) => {
  const delayMs = runDelay.ms;
  const startedMs = performance.now();
  const { told, moved } = answer(read);
  const waitedMs = performance.now() - startedMs - (runDelay.ms - delayMs);
  parentPort?.postMessage({ ...told, waitedMs }, moved);
});

interface Answer {
  readonly told: Omit<SlowReadTold, 'waitedMs'>;
  readonly moved: readonly ArrayBuffer[];
}

function answer(read: SlowRead): Answer {
  const { request } = read;
  try {
    const value = perform(reader, read);
    return { told: { request, value }, moved: octetsOf(value).map(({ buffer }) => buffer as ArrayBuffer) };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { kind, message, isDamage } = error;
    return { told: { request, failed: { kind, message, isDamage } }, moved: [] };
  }
}

/** The octets that change threads without a copy: those that have their memory to themselves. */
function octetsOf(value: unknown): readonly Uint8Array[] {
  const found: unknown[] = value instanceof Uint8Array ? [value] : Object.values(value ?? {});
  return found
    .filter((each) => each instanceof Uint8Array)
    .filter((each) => each.byteLength === each.buffer.byteLength);
}
