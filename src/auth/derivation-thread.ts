/** A thread of derivation.ts: one key after the other, at a priority that leaves the processor to whoever serves a session. */
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { DerivationAnswer, DerivationTask } from './derivation.js';

/** On a busy machine still a third of what a thread of the usual priority gets: a login is late, and never starves. */
const LOWER_BY = 5;

// On Linux this is of the calling thread alone; elsewhere it would be of the whole process.
if (process.platform === 'linux') giveWay();

parentPort?.on('message', (task: DerivationTask) => {
  parentPort?.postMessage({ number: task.number, key: derived(task) } satisfies DerivationAnswer);
});

function derived({ password, salt, keyBytes, by }: DerivationTask): Uint8Array | undefined {
  try {
    if (by.name === 'scrypt') return scryptSync(password, salt, keyBytes, by);
    return pbkdf2Sync(password, salt, by.iterations, keyBytes, by.digest);
  } catch {
    return undefined; // The pool says what is wrong.
  }
}

function giveWay(): void {
  try {
    setPriority(Math.min(getPriority() + LOWER_BY, constants.priority.PRIORITY_LOW));
  } catch {
    // A filter of system calls may refuse it: then it is a thread like others.
  }
}
