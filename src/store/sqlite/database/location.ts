/**
 * Where a database's companions are: the socket of its store process, and the file whose lock says who that is.
 * Every process that names the same database, by whatever path, must find the same two.
 */
import { createHash } from 'node:crypto';
import { existsSync, lchownSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { StoreError } from '../../errors.js';
import { canReach } from '../../../runtime/socket-address.js';

export interface Location {
  /** Absolute, and as it was given: links in it may lead elsewhere by now. */
  readonly named: string;
  /** Where it led when it was looked up. */
  readonly db: string;
  readonly socket: string;
  readonly lock: string;
}

/** SQLite takes no longer path (MAX_PATHNAME), and makes files whose names are longer by this. */
const PATH_LIMIT_BYTES = 512;
const NAME_LIMIT_BYTES = 255;
const LONGEST_ENDING = '-journal';

/**
 * Makes the directory of the database if it is missing, but none above it: a path that is off by more is a mistake.
 * It is for `owner`, where another will write in it than who makes it.
 * @throws StoreError 'unavailable'
 */
export function makeDirectory(path: string, owner?: { readonly uid: number; readonly gid: number }): void {
  const directory = dirname(resolve(path));
  try {
    if (existsSync(directory)) return;
    mkdirSync(directory, { mode: 0o700 });
    if (owner !== undefined) lchownSync(directory, owner.uid, owner.gid);
  } catch (error) {
    throw new StoreError('unavailable', `Cannot make ${directory}: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws StoreError 'unavailable' */
export function locate(path: string): Location {
  const db = canonical(path);
  refuseLong(db);
  return { named: resolve(path), db, socket: socketOf(db), lock: `${db}.lock` };
}

function refuseLong(db: string): void {
  const more = LONGEST_ENDING.length;
  if (Buffer.byteLength(db) + more <= PATH_LIMIT_BYTES && Buffer.byteLength(basename(db)) + more <= NAME_LIMIT_BYTES)
    return;
  throw new StoreError(
    'unavailable',
    `The path ${db} is too long: a database needs one of at most ${PATH_LIMIT_BYTES - more} bytes, ` +
      `with a name of at most ${NAME_LIMIT_BYTES - more}; choose a shorter one with --db`,
  );
}

/**
 * The socket of a supervisor of this database, which may have several; `name` is its own, and always as long.
 * @throws StoreError 'unavailable'
 */
export function controlSocketOf(path: string, name: string): string {
  return socketOf(canonical(path), `.control-${name}`);
}

/** Beside the database, if there is any way to reach it there. */
function socketOf(db: string, ending = '.sock'): string {
  const short = join(dirname(db), `${digest(db)}${ending}`);
  const found = [`${db}${ending}`, short].find((socket) => canReach(socket));
  return found ?? join(runtimeDirectory(), `${digest(db)}${ending}`);
}

function canonical(path: string): string {
  const absolute = resolve(path);
  try {
    if (existsSync(absolute)) return realpathSync(absolute);
    const directory = dirname(absolute);
    return existsSync(directory) ? join(realpathSync(directory), basename(absolute)) : absolute;
  } catch (error) {
    throw new StoreError('unavailable', `Cannot use ${absolute}: ${(error as Error).message}`, { cause: error });
  }
}

function digest(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 24);
}

/** Ours alone: another user who could write there could answer in the store's name. The user may be a number without a name. */
function runtimeDirectory(): string {
  const uid = process.geteuid?.() ?? -1;
  const directory = join(tmpdir(), `pennypost-${uid}`);
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 });
  const found = lstatSync(directory); // A link could lead to a place that somebody else chose.
  if (!found.isDirectory() || (uid !== -1 && found.uid !== uid) || (found.mode & 0o077) !== 0)
    throw new StoreError('unavailable', `${directory} must belong to this user alone (mode 0700)`);
  return directory;
}
