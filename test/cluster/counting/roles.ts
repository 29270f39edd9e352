/** A server's roles and one row more: processes that count. */
import type { Roles } from '../../../src/cluster/control/role.js';
import { ROLES } from '../../../src/cluster/roles.js';

export const COUNTERS = 2;

export const COUNTING_ROLES: Roles = {
  ...ROLES,
  counter: {
    name: 'counter',
    title: 'a counter',
    load: async () => (await import('./counter.js')).runCounter,
    count: () => COUNTERS,
    forkedBy: 'child_process',
    orphanGraceMs: 300,
    watched: { from: 'fork', patience: 1 },
    readyLimitMs: 20_000,
    failedStatus: 69,
    drains: true,
    endLimitMs: 1_500,
    rolled: true,
    opensDatabase: false,
  },
};
