/** A process that runs out of file descriptors (EMFILE) goes on, says so once, and accepts again when it has some. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { eventually, within } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { limitDescriptors } from '../support/no-forks.js';
import { itNeeds, run } from '../support/programs.js';
import { POSTMASTER, Server } from '../support/server.js';
import { workersOf } from './faults.js';

const DESCRIPTORS = 64;
const CLIENTS = 150;
const PATIENCE_MS = 2_000;
const WAITING = 20;
/** As proc(5) counts them in a second: 100 on Linux. */
const TICKS = 100;
const GONE = 'no file descriptors are left';
const BACK = 'there are file descriptors again';

describe('no file descriptors left', () => {
  itNeeds(
    ['prlimit'],
    'is survived by the accept loop: clients in excess wait or are cut, the others are served',
    async () => {
      const server = await Server.start({ workers: 1 });
      const clients: LineClient[] = [];
      try {
        const before = server.processes;
        for (const pid of workersOf(server))
          await run('prlimit', ['--pid', String(pid), `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`]);
        const first = await smtpSession(server.smtpPort);
        for (let count = 0; count < CLIENTS; count++) {
          const client = await LineClient.connect(server.smtpPort).catch(() => undefined);
          if (client !== undefined) clients.push(client);
        }
        const greeted = await Promise.all(
          clients.map((client) => within(PATIENCE_MS, 'a greeting', client.line()).catch(() => undefined)),
        );
        expect(greeted.filter((line) => line?.startsWith('220 ')).length).to.be.below(DESCRIPTORS);
        await sendData(first, POSTMASTER, Buffer.from('Subject: meanwhile\r\n\r\n'));
        for (const client of clients) client.destroy();
        await eventually('new clients to be served', async () => {
          const client = await smtpSession(server.smtpPort).catch(() => undefined);
          if (client === undefined) return false;
          await sendData(client, POSTMASTER, Buffer.from('Subject: afterwards\r\n\r\n'));
          client.destroy();
          return true;
        });
        expect(server.processes).to.have.members([...before]);
      } finally {
        for (const client of clients) client.destroy();
        await server.release();
      }
    },
  );

  for (const who of ['worker', 'store'] as const)
    itNeeds(
      ['prlimit'],
      `not even the one that libuv keeps: the ${who} neither spins nor loses who waits`,
      async () => {
        const server = await Server.start({ workers: 1 });
        const waiting: Socket[] = [];
        try {
          const { store, workers } = await server.status();
          const pid = (who === 'store' ? store : workers[0])?.pid ?? NaN;
          const first = await smtpSession(server.smtpPort);
          const lift = await limitDescriptors({ pid });
          const open = () => (who === 'store' ? connect(`${server.db}.sock`) : connect(server.smtpPort, '127.0.0.1'));
          for (let count = 0; count < WAITING; count++) waiting.push(open().on('error', () => undefined));
          await eventually('it to be said', () => server.stdout.includes(GONE));
          const [before, beforeMs] = [ticks(pid), performance.now()];
          await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
          const share = (ticks(pid) - before) / TICKS / ((performance.now() - beforeMs) / 1000);
          expect(share).to.be.below(0.3);
          await sendData(first, POSTMASTER, Buffer.from('Subject: meanwhile\r\n\r\n'));
          await lift();
          await eventually('it to be over', () => server.stdout.includes(BACK));
          expect((await server.status()).store?.pid).to.equal(store?.pid);
          await sendData(await smtpSession(server.smtpPort), POSTMASTER, Buffer.from('Subject: afterwards\r\n\r\n'));
          expect(server.stdout.split(GONE)).to.have.lengthOf(2);
          expect(waiting.filter(({ closed }) => closed)).to.deep.equal([]);
          for (const each of waiting) each.destroy();
          expect(await server.stop()).to.deep.equal({ status: 0, signal: null });
        } finally {
          for (const each of waiting) each.destroy();
          await server.release();
        }
      },
    );
});

/** Of processor time that it has used. */
function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
