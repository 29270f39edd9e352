/** SQLite as a driver of the store: one process that writes, and every other one reads for itself. */
import { statIfThere } from '../../runtime/stats.js';
import type { Driver, JoinOptions, RunningStore, StartOptions, StoreObserver } from '../driver.js';
import { StoreError } from '../errors.js';
import type { Maintenance } from '../maintenance.js';
import type { MailStore } from '../store.js';
import { Openers } from './client/openers.js';
import { SqliteStore } from './client/sqlite-store.js';
import { Remembered } from './client/remembered.js';
import { readStatus } from './client/status.js';
import { StoreClient, type StoreClientOptions } from './client/store-client.js';
import { damageIn } from './database/database.js';
import { engineName } from './database/driver.js';
import { FileIdentity } from '../../runtime/file-identity.js';
import { requireDatabase } from './database/identification.js';
import { locate, makeDirectory, type Location } from './database/location.js';
import { requireOther } from './database/own-files.js';
import type { StoreServer } from './server/store-server.js';

/** How long a command waits for a store process that has its lock but does not answer yet. */
const JOIN_TIMEOUT_MS = 5_000;
const JOIN_RETRY_MS = 50;

export const sqlite: Driver = {
  ...{ mayBeThere, requireOther, open, join, start, readStatus, damageIn },
  ...{ engine: engineName, maintenance },
};

/** Loaded by who becomes a store: half of the driver, of which a worker needs nothing. */
async function loadServer(): Promise<typeof StoreServer> {
  return (await import('./server/store-server.js')).StoreServer;
}

async function maintenance(): Promise<Maintenance> {
  return (await import('./maintenance/maintenance.js')).maintenance;
}

function mayBeThere(db: string): boolean {
  try {
    return statIfThere(db) !== undefined;
  } catch {
    return true;
  }
}

async function start(
  db: string,
  observer: StoreObserver,
  options: StartOptions = {},
): Promise<RunningStore | undefined> {
  const { mustExist = false } = options;
  if (!mustExist) makeDirectory(db);
  const location = locate(db);
  if (mustExist) requireDatabase(location.db);
  return (await loadServer()).start(location, observer, options);
}

function join(db: string, options: JoinOptions): MailStore {
  const { domain, detailSeparators, minFreeBytes, changed, rightsChanged, directoryChanged, replaced } = options;
  const location = locate(db);
  const file = new FileIdentity(location.named);
  const remembered = new Remembered();
  const openers = new Openers();
  const client = new StoreClient(() => locate(db).socket, {
    isLeaving: (lock) => openers.isLeaving(lock),
    found: () => {
      if (file.look() === 'other') return replaced(); // The store may have opened that one: its accounts are others.
      changed(true);
    },
    lost: () => {
      remembered.clear();
      changed(false);
    },
    changed: (concerned) => {
      remembered.clear();
      directoryChanged?.();
      if (concerned !== 'nobody') return rightsChanged?.(concerned);
    },
  });
  const store = new SqliteStore({
    ...{ db: location.db, file, firstDomain: domain, detailSeparators, minFreeBytes },
    ...{ client, openers, remembered },
  });
  client.stayConnected();
  return store;
}

async function open(db: string): Promise<MailStore> {
  makeDirectory(db);
  const location = locate(db);
  const server = await (await loadServer()).start(location, silent);
  await server?.tried; // What only reads goes on however that ended.
  const remembered = new Remembered();
  const openers = new Openers();
  const client = await connectSoon(location, {
    changed: () => remembered.clear(),
    isLeaving: (lock) => openers.isLeaving(lock),
  });
  const file = new FileIdentity(location.named);
  const whole = { db: location.db, firstDomain: undefined, detailSeparators: undefined, minFreeBytes: 0 };
  return new SqliteStore({ ...whole, file, client, openers, remembered, server });
}

async function connectSoon({ socket, db }: Location, options: StoreClientOptions): Promise<StoreClient> {
  for (const deadlineMs = Date.now() + JOIN_TIMEOUT_MS; ;) {
    const client = new StoreClient(() => socket, options);
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.close();
      if (Date.now() > deadlineMs)
        throw new StoreError('unavailable', `Another process holds ${db} but does not answer`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, JOIN_RETRY_MS));
    }
  }
}

/** A command's own requests tell it of every failure; nobody else listens. */
const silent = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
