/**
 * Opens connections to the database file, with the pragmas that durability rests on read back:
 * a connection that does not keep its word is refused. Also: the migrations in db/sqlite, each applied once.
 */
import { StoreError } from '../../errors.js';
import { openConnection, type Connection } from './driver.js';
import { APPLICATION_ID } from './identification.js';
import { migrations, migrationText } from './migrations.js';
import { ReadingConnection } from './reading-connection.js';
import { asStoreError, damaged, isBug, isDamage, isFull } from './sqlite-error.js';

export type { Connection, Statement } from './driver.js';

/** Before it, two processes could lose committed frames when the WAL was reset. */
const OLDEST_SQLITE = [3, 51, 3] as const;
/** How long a statement, or a group of writes, waits for a lock that another process holds; the store is the only writer, so this is for shells. */
export const BUSY_TIMEOUT_MS = 5_000;
/** What is left of the WAL file after a reset. */
const WAL_KEEP_BYTES = 64 * 1024 * 1024;

const NORMAL = 1;
const FULL = 2;

/** The connection that writes; makes the file, and brings its tables up to date. The file is ours or empty (identification.ts). */
export function openForWriting(path: string): Connection {
  return opening(path, () => {
    const connection = openConnection(path, { timeout: BUSY_TIMEOUT_MS });
    refuseOldSqlite(connection);
    if (isEmpty(connection)) prepareFile(connection);
    configure(connection);
    migrate(connection);
    claimFile(connection);
    return connection;
  });
}

/** A second connection for checkpoints: it may write, but has no statement that does. */
export function openForCheckpoints(path: string): Connection {
  return opening(path, () => {
    const connection = openConnection(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    configure(connection);
    return connection;
  });
}

/** What a checkpoint did, in frames of the WAL; `busy` is not 0 when another connection is at one. */
export interface Checkpointed {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** Moves what is in the WAL into the database file, and waits for nobody. */
export function passiveCheckpoint(connection: Connection): Checkpointed {
  return (connection.pragma('wal_checkpoint(PASSIVE)') as [Checkpointed])[0];
}

/** Moves all of the WAL and empties it, waiting for readers that are just looking. Whether it could. */
export function emptyWal(connection: Connection): boolean {
  return (connection.pragma('wal_checkpoint(TRUNCATE)') as [Checkpointed])[0].busy === 0;
}

/** From now on what meets another's lock fails at once: whoever waits for it does so without standing still. */
export function waitForNobody(connection: Connection): void {
  connection.pragma('busy_timeout = 0');
}

/** As it was opened. */
export function waitForOthers(connection: Connection): void {
  connection.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

export function openForReading(path: string): ReadingConnection {
  return new ReadingConnection(
    opening(path, () => {
      const connection = openConnection(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
      setPragma(connection, 'mmap_size', 0);
      setPragma(connection, 'trusted_schema', 0);
      return connection;
    }),
  );
}

/** Looks at every page, which takes a while; undefined when nothing is wrong with them. */
export function damageIn(path: string): StoreError | undefined {
  try {
    const connection = openForReading(path);
    try {
      const found = String(connection.pragma('quick_check(1)'));
      return found === 'ok' ? undefined : damaged(path, found.replace(/\s+/g, ' '));
    } finally {
      connection.close();
    }
  } catch (error) {
    if (isBug(error)) throw error;
    return asStoreError(error, path);
  }
}

function isEmpty(connection: Connection): boolean {
  return connection.pragma('page_count', { simple: true }) === 0;
}

/** What counts only before the first table; in one transaction, so that a file that is not empty any more is known as ours. */
function prepareFile(connection: Connection): void {
  connection.pragma('page_size = 4096');
  connection.exec('begin'); // Not immediate, which would make the first page, and the mode of a file that has one is settled.
  connection.pragma('auto_vacuum = INCREMENTAL');
  setPragma(connection, 'application_id', APPLICATION_ID);
  connection.exec('commit');
}

/** One from before there was an application id gets it, as soon as its disk has room for that. */
function claimFile(connection: Connection): void {
  if (connection.pragma('application_id', { simple: true }) === APPLICATION_ID) return;
  try {
    setPragma(connection, 'application_id', APPLICATION_ID);
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}

function configure(connection: Connection): void {
  setPragma(connection, 'journal_mode', 'wal');
  setPragma(connection, 'synchronous', FULL);
  setPragma(connection, 'foreign_keys', 1);
  setPragma(connection, 'mmap_size', 0);
  setPragma(connection, 'trusted_schema', 0);
  setPragma(connection, 'wal_autocheckpoint', 0);
  connection.pragma(`journal_size_limit = ${WAL_KEEP_BYTES}`);
}

/** From now on a commit returns only after it was synced. @throws StoreError when SQLite does not keep it */
export function syncCommits(connection: Connection): void {
  setPragma(connection, 'synchronous', FULL);
}

/** From now on the sync of a commit is left to the next that is synced, which covers it, or to a checkpoint. */
export function leaveSyncs(connection: Connection): void {
  setPragma(connection, 'synchronous', NORMAL);
}

/** Sets a pragma and reads it back. */
function setPragma(connection: Connection, pragma: string, value: number | string): void {
  connection.pragma(`${pragma} = ${value}`);
  const found: unknown = connection.pragma(pragma, { simple: true });
  if (found !== value && !(value === 0 && found === undefined))
    throw new StoreError('unavailable', `SQLite keeps ${pragma} at ${String(found)} where ${value} is needed`);
}

function refuseOldSqlite(connection: Connection): void {
  const version = String(connection.prepare('select sqlite_version()').pluck().get());
  const parts = version.split('.').map(Number);
  const differing = OLDEST_SQLITE.findIndex((wanted, at) => parts[at] !== wanted);
  if (differing !== -1 && (parts[differing] ?? 0) < (OLDEST_SQLITE[differing] as number))
    throw new StoreError('unavailable', `SQLite ${version} is too old: ${OLDEST_SQLITE.join('.')} or later is needed`);
}

/** All that are missing in one transaction, with the number of the last: a database is never between two versions. */
function migrate(connection: Connection): void {
  const version = Number(connection.pragma('user_version', { simple: true }));
  const missing = migrations().slice(version);
  if (missing.length === 0) return;
  connection.exec('begin immediate');
  for (const name of missing) connection.exec(migrationText(name));
  connection.exec(`pragma user_version = ${version + missing.length}; commit;`);
}

function opening(path: string, open: () => Connection): Connection {
  try {
    return open();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (isDamage(error)) throw asStoreError(error, path);
    const { message } = error as Error;
    throw new StoreError('unavailable', `Cannot open the database ${path}: ${message}`, { cause: error });
  }
}
