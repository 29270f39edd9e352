/**
 * What can happen to a server, each as one act on a running one. Each leaves a server that is to serve again,
 * the same or another in its place, and says so by returning it.
 */
import { readFileSync, rmSync } from 'node:fs';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import type { Chance } from '../support/ledger-chance.js';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { limitDescriptors } from '../support/no-forks.js';
import { Server } from '../support/server.js';

export interface Fault {
  readonly name: string;
  strike(server: Server, chance: Chance): Promise<Server>;
}

/** Its processes of one kind, from the system: `pennypost status` would ask processes that are stopped. */
export function processesOf(server: Server, role: 'store' | 'worker' | 'sender'): readonly number[] {
  return server.processes.filter((pid) => isOf(pid, role));
}

export function storeOf(server: Server): number | undefined {
  return processesOf(server, 'store')[0];
}

export function workersOf(server: Server): readonly number[] {
  return processesOf(server, 'worker');
}

function isOf(pid: number, role: string): boolean {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return argv.includes(role) && argv.some((word) => word.endsWith('process.js'));
  } catch {
    return false;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function kill(pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (pid !== undefined && isAlive(pid)) process.kill(pid, signal);
}

const killStore: Fault = {
  name: 'kill the store',
  async strike(server, chance) {
    for (let times = chance.between(1, 3); times > 0; times--) {
      kill(storeOf(server));
      await pause(chance.between(0, 400));
    }
    return server;
  },
};

const killWorker: Fault = {
  name: 'kill a worker',
  async strike(server, chance) {
    const workers = workersOf(server);
    if (workers.length > 0) kill(chance.pick(workers));
    await pause(chance.between(0, 200));
    return server;
  },
};

const killSupervisor: Fault = {
  name: 'kill the supervisor',
  async strike(server) {
    kill(server.pid);
    await server.end();
    return Server.start({ like: server });
  },
};

const killAll: Fault = {
  name: 'kill everything',
  strike: (server) => startAgain(server, () => undefined),
};

/** The WAL holds commits, and its index is gone, as after a reboot with /dev/shm elsewhere. */
const killAllWithoutShm: Fault = {
  name: 'kill everything, remove -shm',
  strike: (server) => startAgain(server, () => rmSync(`${server.db}-shm`, { force: true })),
};

/** Killed again while it recovers. */
const killTheRecovery: Fault = {
  name: 'kill everything, twice',
  async strike(server, chance) {
    server.signalAll('SIGKILL');
    await server.release({ keep: true });
    const second = await Server.launch({ like: server });
    await pause(chance.between(50, 900));
    second.signalAll('SIGKILL');
    await second.release({ keep: true });
    return Server.start({ like: server });
  },
};

/** A reader that never ends keeps the WAL from starting over: it grows past its bound, and the next start finds it whole. */
const hugeWal: Fault = {
  name: 'kill everything with a huge WAL',
  async strike(server) {
    const reader = openConnection(server.db, { readonly: true });
    try {
      reader.exec('begin; select count(*) from message');
      await Promise.all(Array.from({ length: 4 }, () => fillWal(server, 12)));
      return await startAgain(server, () => reader.close());
    } finally {
      if (reader.open) reader.close();
    }
  },
};

/** Chunks of messages that never end: they are committed, and nobody owns them after the fault. */
async function fillWal(server: Server, megabytes: number): Promise<void> {
  const client = await smtpSession(server.smtpPort).catch(() => undefined);
  if (client === undefined) return;
  client.send('MAIL FROM:<>', 'RCPT TO:<postmaster@localhost>');
  for (let sent = 0; sent < megabytes; sent++) {
    client.send(`BDAT ${1024 * 1024}`);
    client.write(Buffer.alloc(1024 * 1024, 'never to be seen\r\n'));
  }
  for (let replies = 0; replies < megabytes + 2; replies++) await client.reply().catch(() => undefined);
  client.destroy();
}

/** What dies meanwhile comes back when it may. */
const noForks: Fault = {
  name: 'no process can be started',
  async strike(server, chance) {
    const lift = await limitDescriptors(server);
    try {
      kill(storeOf(server));
      if (chance.happens(0.5)) kill(workersOf(server)[0]);
      await pause(chance.between(0, 1_500));
    } finally {
      await lift();
    }
    return server;
  },
};

/** Workers and all are replaced, one by one, while sessions go on. */
const reload: Fault = {
  name: 'reload',
  async strike(server) {
    const before = workersOf(server);
    server.signal('SIGHUP');
    await eventually(
      'every worker to be new',
      () => !workersOf(server).some((pid) => before.includes(pid)),
      RELOAD_LIMIT_MS,
    );
    return server;
  },
};

function stopStore(forMs: (chance: Chance) => number): Fault {
  return {
    name: 'stop the store for a while',
    async strike(server, chance) {
      const store = storeOf(server);
      kill(store, 'SIGSTOP');
      try {
        const untilMs = Date.now() + forMs(chance);
        do {
          await isAnswered(server);
          await pause(Math.min(1_000, Math.max(0, untilMs - Date.now())));
        } while (Date.now() < untilMs);
      } finally {
        kill(store, 'SIGCONT');
      }
      return server;
    },
  };
}

const ANSWER_LIMIT_MS = 2_000;
const RELOAD_LIMIT_MS = 30_000;

/** A worker whose store is stopped goes on with everything else. */
async function isAnswered(server: Server): Promise<void> {
  const askedAtMs = Date.now();
  const client = await LineClient.greeted(server.smtpPort);
  await client.ask('NOOP', /^250/);
  client.destroy();
  const tookMs = Date.now() - askedAtMs;
  if (tookMs > ANSWER_LIMIT_MS) throw new Error(`NOOP took ${tookMs} ms while the store was stopped`);
}

async function startAgain(server: Server, meanwhile: () => void): Promise<Server> {
  await server.release({ keep: true });
  meanwhile();
  return Server.start({ like: server });
}

/** A server is back when it answers a login and a sender; nothing else is asked of it. */
export async function isBack(server: Server): Promise<void> {
  await eventually(
    'the server to take mail again',
    async () => {
      const client = await LineClient.greeted(server.smtpPort).catch(() => undefined);
      client?.destroy();
      return client !== undefined && storeOf(server) !== undefined && workersOf(server).length > 0;
    },
    20_000,
  );
}

/** Each as often as it stands here. */
export const faults: readonly Fault[] = [
  killStore,
  killStore,
  killStore,
  killWorker,
  killWorker,
  killSupervisor,
  killAll,
  killAll,
  killAllWithoutShm,
  killTheRecovery,
  hugeWal,
  noForks,
  reload,
  stopStore((chance) => chance.between(500, 3_000)),
  stopStore((chance) => chance.between(500, 3_000)),
];

export const stoppedFor30Seconds = stopStore(() => 30_000);
