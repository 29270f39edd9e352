/**
 * The kinds of process that a server is made of. To add one: its module, and its row here.
 * What loads no row's module knows nothing of what that does; the supervisor reads the rows and loads none.
 */
import { fileURLToPath } from 'node:url';
import type { Roles } from './control/role.js';
import { MISCONFIGURED_STATUS, UNAVAILABLE_STATUS } from './supervisor/start-error.js';

/**
 * glibc learns from the 16 MiB of a password hash that such blocks are common, and keeps one for each thread of libuv's pool, for
 * good. With a threshold that was set it learns nothing: what is above it goes back to the system at once. Others know no such name.
 */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: String(1024 * 1024) };

export const ROLES: Roles = {
  store: {
    name: 'store',
    title: 'the store',
    load: async () => (await import('./store-process.js')).runStore,
    count: () => 1,
    forkedBy: 'child_process',
    orphanGraceMs: 3_000, // For its last group.
    // How long it takes to open a database depends on the database. And it may stand still for longer than a worker: in a sync.
    watched: { from: 'ready', patience: 2 },
    failedStatus: MISCONFIGURED_STATUS,
    drains: false,
    endLimitMs: 3_000, // Its last commit may take this long; by force it loses nothing that was acknowledged.
    rolled: false,
    opensDatabase: true,
  },
  worker: {
    name: 'worker',
    title: 'a worker',
    load: async () => (await import('./worker/worker.js')).runWorker,
    count: ({ workers }) => workers,
    forkedBy: 'cluster',
    environment: MALLOC,
    orphanGraceMs: 300, // It has nothing to finish.
    watched: { from: 'fork', patience: 1 },
    readyLimitMs: 60_000,
    failedStatus: UNAVAILABLE_STATUS,
    drains: true,
    endLimitMs: 1_500, // For the goodbye, and the process's own end.
    rolled: true,
    opensDatabase: true,
  },
  web: {
    name: 'web',
    title: 'the web process',
    load: async () => (await import('./web-process.js')).runWeb,
    count: ({ webPort, webTlsPort }) => (webPort === 0 && webTlsPort === 0 ? 0 : 1),
    forkedBy: 'cluster', // So that one of a reload listens before the old one has ended, and below port 1024.
    orphanGraceMs: 300,
    watched: { from: 'fork', patience: 1 },
    readyLimitMs: 60_000,
    failedStatus: UNAVAILABLE_STATUS,
    drains: true,
    endLimitMs: 1_500,
    rolled: true,
    opensDatabase: true,
  },
  sender: {
    name: 'sender',
    title: 'the sender',
    load: async () => (await import('./sender-process.js')).runSender,
    count: ({ outbound }) => (outbound === 'off' ? 0 : 1),
    forkedBy: 'child_process',
    orphanGraceMs: 300, // What it had under way the next one finds in the queue.
    watched: { from: 'fork', patience: 1 },
    readyLimitMs: 60_000,
    failedStatus: MISCONFIGURED_STATUS,
    drains: true,
    endLimitMs: 14_000, // For a token that a provider is being asked for; what is broken off, and its outcomes, take less.
    reloadPatienceMs: 11 * 60_000, // A server may take ten minutes for its last reply (RFC 5321 §4.5.3.2.6).
    rolled: true,
    opensDatabase: true,
  },
  fetcher: {
    name: 'fetcher',
    title: 'the fetcher',
    load: async () => (await import('./fetcher-process.js')).runFetcher,
    count: () => 1,
    onDemand: true,
    forkedBy: 'child_process',
    orphanGraceMs: 300, // What it had not committed the next one fetches.
    watched: { from: 'fork', patience: 1 },
    readyLimitMs: 60_000,
    failedStatus: MISCONFIGURED_STATUS,
    drains: true,
    endLimitMs: 3_000, // For what is on its way to the store; by force nothing is lost.
    rolled: true,
    opensDatabase: true,
  },
};

/** The file that every process under the supervisor begins with, and the table in which it finds its row. */
export interface Processes {
  readonly file: string;
  readonly roles: Roles;
}

export const PROCESSES: Processes = {
  file: fileURLToPath(new URL('./process.js', import.meta.url)),
  roles: ROLES,
};
