/**
 * Puts one database file in the place of another, which is kept aside. Nothing is deleted. Whenever the power goes, the old one or
 * the new one is there, whole; or a server refuses to start, since a WAL lies there alone, and the same command goes on.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { link, momentName, syncPath } from '../../../runtime/durable-names.js';
import { lstatIfThere, statIfThere } from '../../../runtime/stats.js';
import { emptyWal, openForCheckpoints } from '../database/database.js';
import { copySynced } from '../database/file-copy.js';
import { StoreError } from '../../errors.js';
import { walBytes } from '../server/recovery.js';

const PRIVATE = 0o600;
/** SQLite takes it for a WAL that was never begun, whatever database it lies beside. */
const NO_WAL = 'A restore of this database was broken off; do it again.\n';

/** Returns where what was there is now. Nobody has either open. */
export async function replace(db: string, by: string, why: string): Promise<string | undefined> {
  if (walBytes(by) > 0 && !mergeWal(by))
    throw new StoreError('unavailable', `The WAL of ${by} cannot be moved into it`);
  const aside = freeName(`${db}.before-${why}-${momentName(Date.now())}`);
  const isThere = statIfThere(db) !== undefined;
  if (walBytes(db) > 0 && !(isThere && mergeWal(db))) await moveWithWal(db, aside);
  else {
    rmSync(`${db}-wal`, { force: true });
    if (isThere) keepAside(db, aside);
  }
  rmSync(`${db}-shm`, { force: true });
  await syncPath(dirname(db));
  renameSync(by, db);
  rmSync(`${db}-wal`, { force: true });
  await syncPath(dirname(db));
  return isThere ? aside : undefined;
}

/** Whether all that was in it is in the file now, synced, and it is gone or empty. */
function mergeWal(path: string): boolean {
  try {
    const connection = openForCheckpoints(path);
    try {
      if (!emptyWal(connection)) return false;
    } finally {
      connection.close();
    }
  } catch {
    return false; // Damaged: the two stay as they are, and together.
  }
  return walBytes(path) === 0;
}

/**
 * The WAL would be taken for that of whatever has the name. So the database goes first, and a file that is no WAL takes the WAL's
 * place: until the other database comes, a server would find it alone, and refuse to begin an empty one.
 */
async function moveWithWal(db: string, aside: string): Promise<void> {
  const [wal, none] = [`${db}-wal`, `${db}.no-wal`];
  if (walBytes(db) !== NO_WAL.length) await copySynced(wal, `${aside}-wal`);
  writeFileSync(none, NO_WAL, { mode: PRIVATE, flush: true });
  if (lstatIfThere(db) !== undefined) renameSync(db, aside);
  await syncPath(dirname(db));
  renameSync(none, wal);
}

function keepAside(db: string, aside: string): void {
  if (link(db, aside)) return;
  writeFileSync(`${db}-wal`, NO_WAL, { mode: PRIVATE, flush: true });
  renameSync(db, aside); // A file system without links: for a moment nothing is there but that file.
}

/** Two within a second have names of their own. */
function freeName(wanted: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if ([name, `${name}-wal`].every((path) => lstatIfThere(path) === undefined)) return name;
  }
}
