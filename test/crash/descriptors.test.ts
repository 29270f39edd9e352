/** A worker that runs out of file descriptors (EMFILE) goes on, and accepts again when it has some. */
import { expect } from 'chai';
import { eventually, within } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { itNeeds, run } from '../support/programs.js';
import { POSTMASTER, Server } from '../support/server.js';
import { workersOf } from './faults.js';

const DESCRIPTORS = 64;
const CLIENTS = 150;
const PATIENCE_MS = 2_000;

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
});
