/** Which kinds of databases there are. Opens none, and carries no driver: for whoever only reads `--db`. */

/** How the name of a database on a server begins: `postgres://`. */
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Those that there is a driver for: what each has stands in open.ts and in locations.ts. */
export type Scheme = 'file';

/** What has no scheme is the path of a file. Undefined when there is no driver for it. */
export function schemeOf(db: string): Scheme | undefined {
  return SCHEME.test(db) ? undefined : 'file';
}

/** @throws Error for a name that the configuration does not take */
export function requireScheme(db: string): Scheme {
  const scheme = schemeOf(db);
  if (scheme === undefined) throw new Error(`there is no driver for ${db}`);
  return scheme;
}
