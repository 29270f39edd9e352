/** The drivers there are, and the one of a database: chosen by the scheme of `--db`. */
import type { Driver } from './driver.js';
import { schemeOf, type Scheme } from './schemes.js';
import { sqlite } from './sqlite/driver.js';

const DRIVERS: Readonly<Record<Scheme, Driver>> = { file: sqlite };

/** @throws Error for a name that the configuration does not take */
export function driverOf(db: string): Driver {
  const scheme = schemeOf(db);
  if (scheme === undefined) throw new Error(`there is no driver for ${db}`);
  return DRIVERS[scheme];
}
