/**
 * Whose a file is, before anything is made beside it or changed in it. Ours carry an application id; those from before there
 * was one are known by their schema, and get it when they are opened. Only what is empty becomes ours.
 */
import { accessSync, constants, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { lstatIfThere, statIfThere } from '../../../runtime/stats.js';
import { StoreError } from '../../errors.js';
import { FilePages } from './file-pages.js';
import { migrations } from './migrations.js';
import { schemaNames } from './schema-names.js';
import { unusable } from './unusable-file.js';

/** `PPST`, in the header of each of our databases; `file(1)` and others find it there. */
export const APPLICATION_ID = 0x50505354;

const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;
/** Of the first migration; no later one takes them away. */
const OUR_NAMES = ['domain', 'account', 'alias', 'body', 'chunk', 'message', 'mail', 'mailboxes'];

/** `none`: nothing is there, or an empty file. @throws StoreError 'unavailable' for a file that is not ours to use */
export function identify(db: string): 'ours' | 'none' {
  const stats = look(db);
  if (stats === undefined || stats.size === 0) {
    refuseOrphan(db);
    return 'none';
  }
  if (!isReadable(db)) return 'ours'; // Who may use it is said by whoever takes it.
  const pages = fromFile(db, () => FilePages.open(db));
  if (pages === undefined) throw leftAlone(`${db} is no SQLite database`);
  try {
    fromFile(db, () => requireOurs(db, pages));
    return 'ours';
  } finally {
    pages.close();
  }
}

/** Of its tables; 0 where there is no database yet. It is ours (`identify`). */
export function versionOf(db: string): number {
  const pages = (statOf(db)?.size ?? 0) === 0 ? undefined : fromFile(db, () => FilePages.open(db));
  try {
    return pages?.page(1)?.readInt32BE(USER_VERSION_AT) ?? 0;
  } finally {
    pages?.close();
  }
}

/** What cannot be found may be there all the same, or can never be. */
function requireNothing(db: string): void {
  const directory = dirname(db);
  if (statOf(directory)?.isDirectory() === false)
    throw new StoreError('unavailable', `Cannot use ${db}: ${directory} is no directory`);
  if (lstatIfThere(db) !== undefined)
    throw new StoreError('unavailable', `${db} is a link that leads nowhere; remove it, or mend where it leads`);
}

/** @throws StoreError 'unavailable' when there is none, or what is there is not ours */
export function requireDatabase(db: string): void {
  if (identify(db) === 'none')
    throw new StoreError(
      'unavailable',
      `The database is not at ${db} any more: put it back, or restart the server to begin a new one`,
    );
}

function look(db: string): Stats | undefined {
  const stats = statOf(db);
  if (stats === undefined) requireNothing(db);
  if (stats?.isDirectory() === true)
    throw new StoreError(
      'unavailable',
      `${db} is a directory; --db takes a file in it, such as ${join(db, 'mail.db')}`,
    );
  if (stats?.isFile() === false)
    throw new StoreError('unavailable', `${db} is a device, a socket or a pipe, where a file is needed`);
  return stats;
}

function statOf(path: string): Stats | undefined {
  try {
    return statIfThere(path);
  } catch (error) {
    throw unusable(path, error as NodeJS.ErrnoException);
  }
}

function isReadable(db: string): boolean {
  try {
    accessSync(db, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** What the disk does not give is a sentence. @throws StoreError */
function fromFile<T>(db: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError('unavailable', `Cannot read ${db}: ${(error as Error).message}`, { cause: error });
  }
}

/** The WAL of a database that was moved away: SQLite would delete it, and it may hold mail that nothing else holds. */
function refuseOrphan(db: string): void {
  const wal = `${db}-wal`;
  if ((statOf(wal)?.size ?? 0) === 0) return;
  throw new StoreError(
    'unavailable',
    `${db} is missing or empty, but ${wal} holds what was written to it last: put the database back; ` +
      `to begin a new one, move ${wal} away`,
  );
}

function requireOurs(db: string, pages: FilePages): void {
  const header = pages.page(1);
  if (header === undefined) throw leftAlone(`${db} is cut short`);
  const version = header.readInt32BE(USER_VERSION_AT);
  const id = header.readInt32BE(APPLICATION_ID_AT);
  if (id !== APPLICATION_ID && !(id === 0 && version > 0 && hasOurNames(pages)))
    throw leftAlone(`${db} is the database of another program`);
  if (version <= migrations().length) return;
  throw new StoreError(
    'unavailable',
    `${db} was written by a newer Pennypost (version ${version} of its tables, where this one knows ${migrations().length}): ` +
      'start that one again, or restore a backup from before',
  );
}

function hasOurNames(pages: FilePages): boolean {
  const names = schemaNames(pages);
  return OUR_NAMES.every((name) => names.has(name));
}

function leftAlone(what: string): StoreError {
  return new StoreError('unavailable', `${what}, and was left as it is; choose another file with --db`);
}
