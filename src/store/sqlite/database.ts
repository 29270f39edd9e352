/**
 * Opens connections to the database file, with the pragmas that durability rests on read back:
 * a connection that does not keep its word is refused. Also: the migrations in db/sqlite, each applied once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StoreError } from '../store.js';
import { openConnection, type Connection } from './driver.js';

export type { Connection, Statement } from './driver.js';

/** Before it, two processes could lose committed frames when the WAL was reset. */
const OLDEST_SQLITE = [3, 51, 3] as const;
/** How long a statement waits for a lock that another process holds; the store is the only writer, so this is for shells. */
const BUSY_TIMEOUT_MS = 5_000;
/** What is left of the WAL file after a reset. */
const WAL_KEEP_BYTES = 64 * 1024 * 1024;
const MIGRATIONS = fileURLToPath(new URL('../../../../db/sqlite/', import.meta.url));

const NORMAL = 1;
const FULL = 2;

/** The connection that writes; makes the file, and brings its tables up to date. */
export function openForWriting(path: string): Connection {
  return opening(path, () => {
    const connection = openConnection(path, { timeout: BUSY_TIMEOUT_MS });
    prepareFile(connection);
    migrate(connection);
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

export function openForReading(path: string): Connection {
  return opening(path, () => {
    const connection = openConnection(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    hold(connection, 'mmap_size', 0);
    hold(connection, 'trusted_schema', 0);
    return connection;
  });
}

/** Page size and vacuum mode count only before the first table; on an older file they change nothing. */
function prepareFile(connection: Connection): void {
  refuseOldSqlite(connection);
  connection.pragma('page_size = 4096');
  connection.pragma('auto_vacuum = INCREMENTAL');
  configure(connection);
}

function configure(connection: Connection): void {
  hold(connection, 'journal_mode', 'wal');
  hold(connection, 'synchronous', FULL);
  hold(connection, 'foreign_keys', 1);
  hold(connection, 'mmap_size', 0);
  hold(connection, 'trusted_schema', 0);
  hold(connection, 'wal_autocheckpoint', 0);
  connection.pragma(`journal_size_limit = ${WAL_KEEP_BYTES}`);
}

/** From now on a commit returns only after it was synced. @throws StoreError when SQLite does not keep it */
export function syncCommits(connection: Connection): void {
  hold(connection, 'synchronous', FULL);
}

/** From now on the sync of a commit is left to the next that is synced, which covers it, or to a checkpoint. */
export function leaveSyncs(connection: Connection): void {
  hold(connection, 'synchronous', NORMAL);
}

/** Sets a pragma and reads it back. */
function hold(connection: Connection, pragma: string, value: number | string): void {
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

/** `0001-mail.sql` brings the file to version 1, and so on; `user_version` records it, in the same transaction. */
function migrate(connection: Connection): void {
  const files = readdirSync(MIGRATIONS)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
  const version = Number(connection.pragma('user_version', { simple: true }));
  if (version > files.length)
    throw new StoreError(
      'unavailable',
      `The database is of version ${version}; this Pennypost knows ${files.length}: upgrade it`,
    );
  for (const [at, name] of files.entries()) {
    if (at < version) continue;
    const sql = readFileSync(join(MIGRATIONS, name), 'utf8');
    connection.exec(`begin immediate;\n${sql}\n;pragma user_version = ${at + 1};\ncommit;`);
  }
}

function opening(path: string, open: () => Connection): Connection {
  try {
    return open();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const { message } = error as Error;
    throw new StoreError('unavailable', `Cannot open the database ${path}: ${message}`, { cause: error });
  }
}
