/**
 * A store for as long as one command needs it. Never holds it during a question to a person:
 * without a running server this process is the store meanwhile, and others would wait for an answer.
 */
import type { Autoreplies } from '../store/autoreplies.js';
import type { Collectors } from '../store/collectors.js';
import type { Deliveries } from '../store/deliveries.js';
import type { Devices } from '../store/devices.js';
import type { Directory } from '../store/directory.js';
import type { Driver } from '../store/driver.js';
import type { Logins } from '../store/logins.js';
import type { Mailboxes } from '../store/mailboxes.js';
import type { Maintenance } from '../store/maintenance.js';
import type { QueuedMail } from '../store/queued-mail.js';
import type { RelayLogins } from '../store/relay-logins.js';
import type { RemovedMail } from '../store/removed-mail.js';
import type { Routes } from '../store/routes.js';
import { isBug, Refusal } from './exit.js';
import { becomeOwnerOf } from './owner.js';

/** What administration sees of a store. */
export interface Administration extends Deliveries, Logins {
  readonly autoreplies: Autoreplies;
  readonly collectors: Collectors;
  readonly directory: Directory;
  readonly devices: Devices;
  readonly mailboxes: Mailboxes;
  readonly queuedMail: QueuedMail;
  readonly relayLogins: RelayLogins;
  readonly removedMail: RemovedMail;
  readonly routes: Routes;
}

/** What only looks, or changes what must be there already: it makes no database where the path is mistaken. */
export async function withExistingStore<T>(db: string, work: (store: Administration) => T | Promise<T>): Promise<T> {
  await requireDatabase(db);
  return withStore(db, work);
}

/** Before a person is asked for anything that would be of no use. @throws Refusal */
export async function requireDatabase(db: string): Promise<void> {
  if ((await driverOf(db)).mayBeThere(db)) return;
  throw new Refusal(`There is no database ${db}; 'pennypost serve' or 'pennypost account add' makes one.`);
}

/** What a command writes is never a file of the database. @throws StoreError 'refused' */
export async function requireOther(path: string, db: string): Promise<void> {
  (await driverOf(db)).requireOther(path, db);
}

export async function withStore<T>(db: string, work: (store: Administration) => T | Promise<T>): Promise<T> {
  const driver = await driverOf(db);
  becomeOwnerOf(db);
  const store = await driver.open(db);
  try {
    return await work(store);
  } catch (error) {
    // Rows that nobody wrote can be of any shape, and break whatever reads them.
    throw isBug(error) ? (driver.damageIn(db) ?? error) : error;
  } finally {
    await store.close();
  }
}

/** Loaded here and not above: the supervisor runs behind the same table of commands and must not carry SQLite. */
async function driverOf(db: string): Promise<Driver> {
  return (await import('../store/open.js')).driverOf(db);
}

/** The care of a database, which root does as its owner. @throws Refusal */
export async function maintenanceOf(db: string): Promise<Maintenance> {
  becomeOwnerOf(db);
  const { maintenance } = await driverOf(db);
  if (maintenance === undefined)
    throw new Refusal('This is for a database in a file; one on a server has tools of its own for it.');
  return maintenance();
}

/** What opens a database here, and its release: loaded by this, so whether it can be is seen too. */
export async function engineOf(db: string): Promise<string> {
  becomeOwnerOf(db);
  return (await driverOf(db)).engine();
}
