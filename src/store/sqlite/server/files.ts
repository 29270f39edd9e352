/**
 * The files of a database are their owner's alone. Before a store opens them: what others could read is closed to them,
 * and what this user could not write, or root would make for somebody else, is refused with a sentence that names the fix.
 */
import { accessSync, closeSync, constants, fchmodSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { lstatIfThere } from '../../../runtime/stats.js';
import { StoreError } from '../../errors.js';
import type { Location } from '../database/location.js';
import { notOurs, readOnly, unusable } from '../database/unusable-file.js';

const OTHERS = 0o077;
const PRIVATE = 0o600;
const ROOT_UID = 0;

/** The files whose mode was too wide; it is not any more. @throws StoreError 'unavailable' */
export function takeFiles({ db, lock }: Location): readonly string[] {
  const directory = dirname(db);
  const files = [db, `${db}-wal`, `${db}-shm`, `${db}-journal`, lock].flatMap((path) => {
    const stats = look(path);
    if (stats === undefined) return [];
    requirePlain(path, stats);
    return [{ path, mode: stats.mode, uid: stats.uid }];
  });
  for (const { path, uid } of files) requireOurs(path, uid, directory);
  requireAccess(directory, constants.W_OK | constants.X_OK, directory);
  const wide = files.filter(({ mode }) => (mode & OTHERS) !== 0).map(({ path }) => path);
  for (const path of wide) closeToOthers(path);
  return wide;
}

function look(path: string): Stats | undefined {
  try {
    return lstatIfThere(path);
  } catch (error) {
    throw unusable(path, error as NodeJS.ErrnoException);
  }
}

/** Whoever may write in the directory could lead us elsewhere by a link, and root to a file of its own by a second name. */
function requirePlain(path: string, stats: Stats): void {
  const isSecondName = process.geteuid?.() === ROOT_UID && stats.nlink > 1;
  if (stats.isFile() && !isSecondName) return;
  const what = stats.isSymbolicLink() ? 'a link' : isSecondName ? 'a second name of a file' : 'no file';
  throw new StoreError('unavailable', `${path} is ${what}, which no database has there: move it away`);
}

/** What was looked at, and not what a link leads to that came meanwhile. Before the database is open: closing loses its locks. */
function closeToOthers(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  fchmodSync(descriptor, PRIVATE);
  closeSync(descriptor);
}

/** Root could write anything, and what it makes beside the database of another would lock that one out. */
function requireOurs(path: string, owner: number, directory: string): void {
  const me = process.geteuid?.() ?? owner;
  if (owner === me) return requireAccess(path, constants.R_OK | constants.W_OK, directory);
  if (me === ROOT_UID)
    throw new StoreError('unavailable', `${path} belongs to user ${owner}: serve as that user, with --user ${owner}`);
  throw notOurs(path, directory);
}

function requireAccess(path: string, mode: number, directory: string): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EROFS' ? readOnly(path) : notOurs(path, directory);
  }
}
