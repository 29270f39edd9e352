/** A process that answers nothing is ended and another takes its place; and nothing outlives the supervisor. */
import { expect } from 'chai';
import { storeOf, workersOf } from '../crash/faults.js';
import { eventually } from '../support/eventually.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { POSTMASTER, Server } from '../support/server.js';
import { SPIN } from '../support/spin.js';

const LIMIT_MS = 3_000;
const SPINNER = new URL('../support/spin.js', import.meta.url).href;

describe('the watchdog', function () {
  this.timeout(60_000);
  let server: Server;

  before(async () => {
    server = await Server.start({
      arguments: ['--watchdog-timeout', `${LIMIT_MS}ms`],
      environment: { NODE_OPTIONS: `--import ${SPINNER}` },
    });
  });

  after(() => server.release());

  const told = (what: RegExp) => server.stdout.split('\n').filter((line) => what.test(line)).length;

  async function takesMail(): Promise<void> {
    const client = await smtpSession(server.smtpPort);
    await sendData(client, POSTMASTER, Buffer.from('Subject: still here\r\n\r\n'));
    client.destroy();
  }

  for (const [how, signal] of [
    ['stopped', 'SIGSTOP'],
    ['busy', SPIN],
  ] as const) {
    it(`ends a worker that is ${how}, once, and another takes its place`, async () => {
      const [before, stuck = 0] = [told(/a worker answers nothing/), workersOf(server)[0]];
      process.kill(stuck, signal);
      await eventually('the worker to be ended', () => !isAlive(stuck), 30_000);
      await eventually('another worker', async () => (await server.status()).workers.length === 2, 20_000);
      await takesMail();
      expect(told(/a worker answers nothing/)).to.equal(before + 1);
    });

    it(`ends a store that is ${how}, and another takes its place`, async () => {
      const stuck = storeOf(server) ?? 0;
      process.kill(stuck, signal);
      await eventually('the store to be ended', () => !isAlive(stuck), 30_000);
      await eventually(
        'another store',
        () =>
          takesMail().then(
            () => true,
            () => false,
          ),
        20_000,
      );
    });
  }

  it('ends nobody when all of them were stopped together, as on a machine that slept', async () => {
    const before = [...server.processes].sort();
    server.signalAll('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3 * LIMIT_MS));
    server.signalAll('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 2 * LIMIT_MS));
    expect([...server.processes].sort()).to.deep.equal(before);
    await takesMail();
  });

  it('leaves nothing behind when the supervisor is killed, not even a busy process: its ports are free', async () => {
    for (const pid of server.processes) if (pid !== server.pid) process.kill(pid, SPIN);
    await new Promise((resolve) => setTimeout(resolve, 500));
    process.kill(server.pid, 'SIGKILL');
    await eventually('every process to end', () => server.processes.length === 0, 10_000);
    const next = await Server.start({ like: server });
    await server.release({ keep: true });
    server = next;
    await takesMail();
  });
});
