/**
 * A store for as long as one command needs it. Never holds it during a question to a person:
 * without a running server this process is the store meanwhile, and others would wait for an answer.
 */
import { statIfThere } from '../runtime/stats.js';
import type { MailStore } from '../store/store.js';
import { isBug, Refusal } from './exit.js';
import { becomeOwnerOf } from './owner.js';

/** What only looks, or changes what must be there already: it makes no database where the path is mistaken. */
export function withExistingStore<T>(db: string, work: (store: MailStore) => T | Promise<T>): Promise<T> {
  if (!mayBeThere(db))
    throw new Refusal(`There is no database ${db}; 'pennypost serve' or 'pennypost account add' makes one.`);
  return withStore(db, work);
}

/** Also where it cannot be looked at: why not is said by whoever opens it. */
function mayBeThere(db: string): boolean {
  try {
    return statIfThere(db) !== undefined;
  } catch {
    return true;
  }
}

export async function withStore<T>(db: string, work: (store: MailStore) => T | Promise<T>): Promise<T> {
  // Loaded here and not above: the supervisor runs behind the same table of commands and must not carry SQLite.
  const { openStore, damageOf } = await import('../store/open.js');
  becomeOwnerOf(db);
  const store = await openStore(db);
  try {
    return await work(store);
  } catch (error) {
    // Rows that nobody wrote can be of any shape, and break whatever reads them.
    throw isBug(error) ? (damageOf(db) ?? error) : error;
  } finally {
    await store.close();
  }
}
