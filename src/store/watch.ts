/**
 * For the supervisor: whether a store answers on a database.
 * Opens no database: the supervisor carries no SQLite.
 */
import { locate } from './sqlite/database/location.js';
import { StoreClient } from './sqlite/client/store-client.js';

export { controlSocketOf, makeDirectory } from './sqlite/database/location.js';

export interface StoreWatch {
  /** Resolves when a store has answered for the first time. */
  readonly found: Promise<void>;
  /** Whether one answers now. */
  readonly isThere: boolean;
  close(): void;
}

/** Connects now or as soon as it can, and again whenever it must. `away` is called whenever no store answers. */
export function watchStore(db: string, away: () => void): StoreWatch {
  let answered: () => void = () => undefined;
  const found = new Promise<void>((resolve) => (answered = resolve));
  const client = new StoreClient(() => locate(db).socket, { found: answered, lost: away, missed: away });
  client.stayConnected();
  return {
    found,
    get isThere() {
      return !client.isAway;
    },
    close: () => client.close(),
  };
}
