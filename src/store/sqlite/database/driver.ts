/**
 * Loads better-sqlite3 in the release that this Node can run: the one place that chooses.
 *
 * - Node 22 and later: 13, built against Node-API. Its binaries come in the package, so no compiler is needed.
 *   12 would be compiled there, and Node 24 aborts when a statement of it is collected.
 * - Node 20: 12, the last release for it; 13 ends a process of Node 20 with a segmentation fault. It is a package of its own
 *   (packaging/node20) with `engines`, and optional, so npm leaves it out on every other Node, as it does 13 on Node 20.
 *
 * Loaded when the first database is opened: a driver that is missing is a sentence that names the fix, not a stack.
 */
import { createRequire } from 'node:module';
import type Database from 'better-sqlite3';
import { StoreError } from '../../errors.js';

export type Connection = Database.Database;
export type Statement<P extends unknown[] = unknown[], R = unknown> = Database.Statement<P, R>;

/** The only Node that better-sqlite3 13 cannot run on and this project can. */
const OLD_NODE = '20';

const require = createRequire(import.meta.url);
const { node } = process.versions;
const isOldNode = node.split('.')[0] === OLD_NODE;

/** @throws StoreError 'unavailable' without a driver; what SQLite says about the file is thrown as it is */
export function openConnection(path: string, options: Database.Options = {}): Connection {
  const Driver = load();
  try {
    return new Driver(path, options);
  } catch (error) {
    // Before it opens anything 12 loads its binary, which is not there when it was not compiled.
    if (isSqliteError(error) || error instanceof TypeError) throw error;
    throw missing(error);
  }
}

/** With a `code` such as 'SQLITE_FULL'. */
export function isSqliteError(error: unknown): error is InstanceType<typeof Database.SqliteError> {
  return error instanceof Error && error.name === 'SqliteError';
}

/** With its binary, which is loaded for the first database that is opened. @throws StoreError 'unavailable' without a driver */
export function loadDriver(): void {
  openConnection(':memory:').close();
}

/** For people: both releases. @throws StoreError 'unavailable' without a driver */
export function engineName(): string {
  const connection = openConnection(':memory:');
  const sqlite = String(connection.prepare('select sqlite_version()').pluck().get());
  connection.close();
  const { version } = request('better-sqlite3/package.json') as { readonly version: string };
  return `SQLite ${sqlite} in better-sqlite3 ${version}`;
}

function load(): typeof Database {
  return request('better-sqlite3') as typeof Database;
}

function request(name: string): unknown {
  try {
    const requirer = isOldNode ? createRequire(require.resolve('better-sqlite3-node20/package.json')) : require;
    return requirer(name);
  } catch (error) {
    throw missing(error);
  }
}

function missing(cause: unknown): StoreError {
  const how = isOldNode
    ? 'install a C++ compiler, make and Python (Debian: g++ make python3), then run `npm ci`; Node 22 and later need none of them'
    : 'run `npm ci` with this Node; other releases of Node have drivers of their own';
  return new StoreError('unavailable', `The SQLite driver for Node ${node} is not installed: ${how}`, { cause });
}
