/** Which kinds of databases there are. Opens none, and carries no driver: for whoever only reads `--db`. */

/** How the name of a database on a server begins: `postgres://`. */
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Those that there is a driver for (open.ts). */
export type Scheme = 'file';

/** What has no scheme is the path of a file. Undefined when there is no driver for it. */
export function schemeOf(db: string): Scheme | undefined {
  return SCHEME.test(db) ? undefined : 'file';
}
