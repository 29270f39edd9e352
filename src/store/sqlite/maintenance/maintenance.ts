/** The care of an SQLite database, put together; loaded by the commands that need it, and by no process of a server. */
import type { Maintenance } from '../../maintenance.js';
import { check } from './check.js';
import { repair } from './repair.js';

export const maintenance: Maintenance = { check, repair };
