/**
 * What the supervisor starts: a worker or the store, by the first argument. With a second one it becomes that user
 * before it loads anything else: no code that reads a client or opens the database ever runs as root.
 * It ends with the supervisor.
 */
import { become, readIdentity } from './control/identity.js';
import { endWithSupervisor } from './control/orphan-watch.js';

/** A worker has nothing to finish when the supervisor is gone; the store has its last group. */
const GRACE_MS = { worker: 300, store: 3_000 };

const [, , role, identity] = process.argv;

try {
  if (identity !== undefined) become(readIdentity(identity));
  endWithSupervisor(role === 'store' ? GRACE_MS.store : GRACE_MS.worker);
  if (role === 'store') (await import('./store-process.js')).runStore();
  else (await import('./worker/worker.js')).runWorker();
} catch (error) {
  const sentence = `Cannot begin as ${identity ?? role}: ${(error as Error).message}`;
  process.send?.({ kind: 'failed', sentence }, undefined, {}, () => process.exit(1));
}
