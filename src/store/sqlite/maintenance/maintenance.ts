/** The care of an SQLite database, put together; loaded by the commands that need it, and by no process of a server. */
import type { Maintenance } from '../../maintenance.js';
import { backUp } from './backup.js';
import { check } from './check.js';
import { repair } from './repair.js';
import { restore, rollBack } from './restore.js';

export const maintenance: Maintenance = { check, repair, backUp, restore, rollBack };
