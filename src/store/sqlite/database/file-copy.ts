/** Copies of a database's files: sharing their blocks where the file system can, never beyond the room there is, and synced. */
import { constants, linkSync, renameSync, statfsSync, statSync } from 'node:fs';
import { chmod, copyFile, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lstatIfThere } from '../../../runtime/stats.js';
import { StoreError } from '../../errors.js';

const PRIVATE = 0o600;
/** What a file system without links says, or one that lets nobody link what is another's. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];
const MIB = 1024 * 1024;
/** What is left on the disk for everybody else. */
const SPARE_BYTES = 16 * MIB;

/** For its owner alone, and on the disk when it resolves. @throws StoreError 'full' without room for it */
export async function copySynced(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await share(from, to).catch(async () => {
    requireRoom(to, statSync(from).size);
    await copyFile(from, to, constants.COPYFILE_EXCL);
  });
  await chmod(to, PRIVATE);
  await syncPath(to);
}

/** Reflinks take neither time nor room; few file systems have them. */
function share(from: string, to: string): Promise<void> {
  return copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
}

/** @throws StoreError 'full' */
export function requireRoom(path: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  const free = bavail * bsize;
  if (free >= bytes + SPARE_BYTES) return;
  throw new StoreError(
    'full',
    `${dirname(path)} has ${Math.floor(free / MIB)} MiB free, and ${path} needs ${Math.ceil((bytes + SPARE_BYTES) / MIB)}: make room there`,
  );
}

/** Another name for a file, which keeps the old one where it can. Replaces nothing: it throws EEXIST, as link(2) does. */
export function linkOrMove(from: string, to: string): void {
  if (link(from, to)) return;
  if (lstatIfThere(to) !== undefined) throw Object.assign(new Error(`${to} is there`), { code: 'EEXIST' });
  renameSync(from, to);
}

/** False where there are no links. Replaces nothing. */
export function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (WITHOUT_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Of a file, or of a directory whose names have changed. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
