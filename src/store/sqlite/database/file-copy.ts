/** Copies of a database's files: sharing their blocks where the file system can, never beyond the room there is, and synced. */
import { constants, statfsSync, statSync } from 'node:fs';
import { chmod, copyFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath } from '../../../runtime/durable-names.js';
import { StoreError } from '../../errors.js';

const PRIVATE = 0o600;
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
