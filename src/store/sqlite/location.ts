/** Where a database of SQLite is: a file, with all that belongs to it beside it. */
import { dirname, join, parse, resolve } from 'node:path';
import type { DatabaseLocation, StoreWatch } from '../location.js';
import { StoreClient } from './client/store-client.js';
import { controlSocketOf, locate, makeDirectory } from './database/location.js';

/** What is typed in a shell to see it (db/README.md). */
const MAIL = 'select account, number, "from", subject, octets from mail';

export function fileLocation(db: string): DatabaseLocation {
  const file = resolve(db);
  return {
    name: file,
    file,
    directory: dirname(file),
    shellCommand: `sqlite3 ${db} '${MAIL}'`,
    ownFile: (extension) => join(dirname(file), `${parse(file).name}${extension}`),
    controlSocket: (name) => controlSocketOf(file, name),
    makeDirectory: (owner) => makeDirectory(file, owner),
    watchStore: (away) => watchStore(file, away),
  };
}

function watchStore(db: string, away: () => void): StoreWatch {
  let answered: () => void = () => undefined;
  const found = new Promise<void>((done) => (answered = done));
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
