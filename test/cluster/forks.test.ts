/** While no process can be started, what is there serves on; afterwards store and workers come back by themselves. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { demand, fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { ForkShim, limitDescriptors } from '../support/no-forks.js';
import { itNeeds } from '../support/programs.js';
import { POSTMASTER, Server } from '../support/server.js';

const MESSAGE = Buffer.from('Subject: of a test\r\n\r\ntext\r\n');
/** Its beginning is read by a thread. */
const LARGE = Buffer.from(`Subject: large\r\n\r\n${'text of a large message\r\n'.repeat(20_000)}`);
/** More than one: what is tried again fails too, and is tried again. */
const ATTEMPTS = 2;

describe('a process that cannot be started', () => {
  let server: Server | undefined;
  let shim: ForkShim | undefined;

  afterEach(async () => {
    await server?.release();
    shim?.release();
    server = shim = undefined;
  });

  for (const error of ['EAGAIN', 'ENOMEM'] as const)
    itNeeds(['cc'], `for ${error} is tried again until it can be`, async () => {
      const forks = (shim = new ForkShim());
      server = await forks.serve();
      await outlives(server, error, () => {
        forks.fail(error);
        return Promise.resolve(() => Promise.resolve(forks.fail()));
      });
    });

  itNeeds(['prlimit'], 'for want of descriptors is tried again until it can be', async () => {
    const limited = (server = await Server.start());
    await outlives(limited, 'EMFILE', () => limitDescriptors(limited));
  });

  itNeeds(['cc'], 'is missed by nobody who reads: a large message comes without the thread that reads it', async () => {
    const forks = (shim = new ForkShim());
    const there = (server = await forks.serve());
    const client = await smtpSession(there.smtpPort);
    await sendData(client, POSTMASTER, LARGE);
    client.destroy();
    forks.fail('EAGAIN');
    const [fetched] = await fetchAll(there.pop3Port, POSTMASTER, there.password);
    expect(fetched?.subarray(-LARGE.length).equals(LARGE)).to.equal(true);
  });

  async function outlives(there: Server, error: string, limit: () => Promise<() => Promise<void>>): Promise<void> {
    const { store, workers } = await there.status();
    const [dying, staying] = workers.map(({ pid }) => pid);
    const client = await sessionOn(there, staying ?? NaN);
    const lift = await limit();
    for (const pid of [store?.pid, dying]) process.kill(pid ?? NaN, 'SIGKILL');
    const failed = (what: string) =>
      there.stdout.split('\n').filter((line) => line.includes(`not begun: ${error}`) && line.includes(what));
    await eventually('the store to be tried', () => failed('the store ended').length >= ATTEMPTS);
    await eventually('the worker to be tried', () => failed('a worker ended').length >= ATTEMPTS);
    await demand(client, 'NOOP', 250);
    await demand(client, 'MAIL FROM:<>', 451);
    await lift();
    await eventually('a store', async () => (await there.status()).store !== null);
    await eventually('two workers', async () => (await there.status()).workers.length === 2);
    await sendData(client, POSTMASTER, MESSAGE);
    await eventually('four processes and no more', () => there.processes.length === 4);
    expect(await there.stop()).to.deep.equal({ status: 0, signal: null });
  }

  /** Those that another worker accepts are ended again. */
  async function sessionOn(there: Server, pid: number) {
    return eventually('a session of that worker', async () => {
      const client = await smtpSession(there.smtpPort);
      const { workers } = await there.status();
      if (workers.some((worker) => worker.pid === pid && worker.sessions > 0)) return client;
      client.destroy();
      return undefined;
    });
  }
});
