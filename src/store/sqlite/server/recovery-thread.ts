/** The thread of a recovery (wal-recovery.ts), so that whoever only reads is served meanwhile. */
import { parentPort } from 'node:worker_threads';
import { threadData } from '../database/thread-start.js';
import { attemptHere, type RecoveryData } from './wal-recovery.js';

const { db } = threadData() as RecoveryData;

parentPort?.on('message', () => parentPort?.postMessage(attemptHere(db)));
