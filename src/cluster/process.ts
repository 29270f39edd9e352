/**
 * What the supervisor starts: a worker or the store, by the first argument. With a second one it becomes that user
 * before it loads anything else: no code that reads a client or opens the database ever runs as root.
 */
import { become, readIdentity } from './identity.js';

const [, , role, identity] = process.argv;

try {
  if (identity !== undefined) become(readIdentity(identity));
  if (role === 'store') (await import('./store-process.js')).runStore();
  else (await import('./worker.js')).runWorker();
} catch (error) {
  const sentence = `Cannot begin as ${identity ?? role}: ${(error as Error).message}`;
  process.send?.({ kind: 'failed', sentence }, undefined, {}, () => process.exit(1));
}
