/** The thread of a recovery (wal-recovery.ts), so that whoever only reads is served meanwhile. */
import { parentPort, workerData } from 'node:worker_threads';
import { attemptHere, type RecoveryData } from './wal-recovery.js';

const { db } = workerData as RecoveryData;

parentPort?.on('message', () => parentPort?.postMessage(attemptHere(db)));
