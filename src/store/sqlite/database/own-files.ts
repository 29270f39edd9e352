/**
 * Which paths are a database and what stands beside it: nothing that is copied or exported may take one of their names, by
 * whatever way the path leads there. Links are followed, so that a directory with another name hides nothing.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { statIfThere } from '../../../runtime/stats.js';
import { StoreError } from '../../errors.js';
import { locate } from './location.js';

const ENDINGS = /^(-wal|-shm|-journal|\.lock|\.sock|\.restoring.*|\.control-.*|\.before-.*)$/;

export function isDatabase(path: string, db: string): boolean {
  const { db: own } = locate(db);
  return isSameFile(path, own) || located(path) === own;
}

/** @throws StoreError 'refused' for the database, and for a file that it has or will have */
export function requireOther(path: string, db: string): void {
  const { db: own } = locate(db);
  if (isDatabase(path, db)) throw new StoreError('refused', `${resolve(path)} is the database itself`);
  const name = located(path);
  const isCompanion = name.startsWith(own) && ENDINGS.test(name.slice(own.length));
  if (isCompanion || isSameFile(path, `${own}-wal`) || isSameFile(path, `${own}-shm`))
    throw new StoreError('refused', `${resolve(path)} is a name of the database's own files: choose another`);
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [statIfThere(one), statIfThere(other)];
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

/** Where a file of that name would be; a last part that is a link would itself be replaced. */
function located(path: string): string {
  const absolute = resolve(path);
  const directory = dirname(absolute);
  return join(statIfThere(directory) === undefined ? directory : realpathSync(directory), basename(absolute));
}
