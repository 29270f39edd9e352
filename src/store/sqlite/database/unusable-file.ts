/**
 * The sentences that a file of the database is refused with when this user may not use it: each names the fix, and none
 * names one that cannot work, such as a chown where nothing can be changed.
 */
import { lchownSync, lstatSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { StoreError } from '../../errors.js';

const ROOT_UID = 0;

/** For what could not even be looked at. */
export function unusable(path: string, error: NodeJS.ErrnoException): StoreError {
  if (error.code === 'EACCES' && !isLink(path)) return notOurs(path, dirname(path));
  return new StoreError('unavailable', `Cannot use ${path}: ${error.message}`, { cause: error });
}

export function readOnly(path: string): StoreError {
  return new StoreError(
    'unavailable',
    `${path} is on a file system that is mounted read-only: mount it for writing, or choose another place with --db`,
  );
}

export function notOurs(path: string, directory: string): StoreError {
  const { uid, name } = ourselves();
  if (uid === ROOT_UID)
    return new StoreError(
      'unavailable',
      `${path} cannot be written, though this is root: look at its attributes, at the mount, and at what root may do here`,
    );
  if (isReadOnly(directory)) return readOnly(path);
  return new StoreError(
    'unavailable',
    `The user ${name} must own ${path} and be able to write it; as root: chown -R ${uid} ${directory}`,
  );
}

/** What is in the way is then where it leads, which no chown beside it mends. */
function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** access(2) says EACCES before EROFS on a mount of a part of a tree (bind); chown(2) asks the mount first, and with -1 changes no owner. */
function isReadOnly(directory: string): boolean {
  try {
    lchownSync(directory, -1, -1);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

function ourselves(): { readonly uid: number; readonly name: string } {
  const uid = process.geteuid?.() ?? -1;
  try {
    return { uid, name: userInfo().username };
  } catch {
    return { uid, name: String(uid) }; // A user without an entry among the machine's users has a number only.
  }
}
