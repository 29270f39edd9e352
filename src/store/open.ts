/**
 * Opens the store behind a database path: the one place that knows which drivers there are.
 */
import { damageIn } from './sqlite/database/database.js';
import { requireDatabase } from './sqlite/database/identification.js';
import { locate, makeDirectory } from './sqlite/database/location.js';
import { joinSqliteStore, openSqliteStore } from './sqlite/client/sqlite-store.js';
import { StoreServer, type StoreObserver } from './sqlite/server/store-server.js';
import type { PeerReport } from './sqlite/protocol/status.js';
import type { StoreError } from './errors.js';
import type { AccountId, Soon } from './shapes.js';
import type { MailStore } from './store.js';

export type { ServerStatus } from './sqlite/protocol/status.js';
export { readStatus } from './sqlite/client/status.js';
export type { StoreObserver, StoreServer } from './sqlite/server/store-server.js';

/**
 * For commands that come and go: joins the store process of a running server,
 * or becomes the store itself, until close, when there is none. Creates the database if it is missing.
 * @throws StoreError 'unavailable' with a sentence that names the fix.
 */
export function openStore(db: string): Promise<MailStore> {
  return openSqliteStore(db);
}

/** Why a database that is there cannot be what it was, found by a look at all of it; undefined when it is sound. */
export function damageOf(db: string): StoreError | undefined {
  return damageIn(db);
}

/** Whose logins may not stand any more, after a change of the directory. */
export type Concerned = AccountId | 'nobody' | 'anybody';

export interface JoinOptions {
  /** Where a login without a domain is looked for, and where every domain's postmaster may live. */
  readonly domain: string;
  /** Less free disk space than this is an obstacle. */
  readonly minFreeBytes: number;
  readonly report: () => PeerReport;
  readonly changed: (there: boolean) => void;
  /** Logins are to be looked at again; whoever changed the directory waits until it resolves, but not for long. */
  readonly rightsChanged?: (concerned: Concerned) => Soon<void>;
  /** Another database is at the path than the one that this process reads: it must end, and with it all that it knows. */
  readonly replaced: () => void;
}

/** For a worker, whose supervisor sees to it that there is a store. */
export function joinStore(db: string, options: JoinOptions): MailStore {
  return joinSqliteStore(db, options);
}

/**
 * For the store process. Undefined when another process is the store of this database.
 * With `mustExist` it makes none: in the place of one that was lost, nobody would look for another.
 * @throws StoreError 'unavailable'
 */
export async function startStore(
  db: string,
  observer: StoreObserver,
  { mustExist = false } = {},
): Promise<StoreServer | undefined> {
  if (!mustExist) makeDirectory(db);
  const location = locate(db);
  if (mustExist) requireDatabase(location.db);
  return StoreServer.start(location, observer);
}
