/** Names of files, which are on the disk when the folder they stand in is synced; by mistake none takes the place of another file. */
import { linkSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lstatIfThere } from './stats.js';

/** What a file system without links says, or one that lets nobody link what is another's. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Gives what was written, and synced, under another name its own. `replaces`: whatever file has it now; else it throws EEXIST. */
export async function nameDurably(from: string, to: string, replaces: boolean): Promise<void> {
  if (replaces) renameSync(from, to);
  else {
    linkOrMove(from, to);
    rmSync(from, { force: true });
  }
  await syncPath(dirname(to));
}

/** False where there are no links. Replaces nothing: it throws EEXIST, as link(2) does. */
export function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (WITHOUT_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** A moment as a part of a name: such names are in the order of their moments. */
export function momentName(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/** Of a file, or of a folder whose names have changed. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function linkOrMove(from: string, to: string): void {
  if (link(from, to)) return;
  if (lstatIfThere(to) !== undefined) throw Object.assign(new Error(`${to} is there`), { code: 'EEXIST' });
  renameSync(from, to);
}
