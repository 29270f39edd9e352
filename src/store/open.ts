/** The drivers there are, and the one of a database: chosen by the scheme of `--db`. */
import type { Driver } from './driver.js';
import { requireScheme, type Scheme } from './schemes.js';
import { sqlite } from './sqlite/driver.js';

const DRIVERS: Readonly<Record<Scheme, Driver>> = { file: sqlite };

/** @throws Error for a name that the configuration does not take */
export function driverOf(db: string): Driver {
  return DRIVERS[requireScheme(db)];
}
