/**
 * Work on a database that nobody serves meanwhile: what is in its WAL is recovered and moved first, as every store does, and then
 * the lock is held under which a store would begin.
 */
import { StoreError } from '../../errors.js';
import { locate } from '../database/location.js';
import { claim } from '../server/ownership.js';
import { StoreServer } from '../server/store-server.js';

const silent = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };

/** @throws StoreError 'refused' when a server, or another command, has it */
export async function alone<T>(db: string, work: () => Promise<T>): Promise<T> {
  const location = locate(db);
  const store = await StoreServer.start(location, silent);
  if (store === undefined) throw served(location.db);
  await store.close();
  return locked(db, work);
}

/** Without a look at what is there, which may be damaged. @throws StoreError 'refused' when a server, or another command, has it */
export async function locked<T>(db: string, work: () => Promise<T>): Promise<T> {
  const location = locate(db);
  const ownership = claim(location.lock);
  if (ownership === undefined) throw served(location.db);
  try {
    return await work();
  } finally {
    ownership.release();
  }
}

function served(db: string): StoreError {
  return new StoreError('refused', `A server or another command has ${db} open: stop it first`);
}
