/**
 * For the supervisor: whether a store answers on a database, and what this server says of itself in `status`.
 * Opens no database: the supervisor carries no SQLite.
 */
import { locate } from './sqlite/location.js';
import { StoreClient } from './sqlite/store-client.js';
import type { PeerReport } from './sqlite/store-server.js';

export type { PeerReport } from './sqlite/store-server.js';

export interface StoreWatch {
  close(): void;
}

/** Connects now or as soon as it can, and again whenever it must. `lost` is called each time the store goes away. */
export function watchStore(db: string, report: () => PeerReport, lost: () => void): StoreWatch {
  const client = new StoreClient(locate(db).socket, { report, lost });
  client.stayConnected();
  return client;
}
