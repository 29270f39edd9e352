/** Where the database of a name is: chosen by the scheme of `--db`, as its driver is in open.ts, but without an engine. */
import type { DatabaseLocation } from './location.js';
import { requireScheme, type Scheme } from './schemes.js';
import { fileLocation } from './sqlite/location.js';

const LOCATIONS: Readonly<Record<Scheme, (db: string) => DatabaseLocation>> = { file: fileLocation };

/** @throws Error for a name that the configuration does not take */
export function locationOf(db: string): DatabaseLocation {
  return LOCATIONS[requireScheme(db)](db);
}
