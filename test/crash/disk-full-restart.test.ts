/**
 * Starts on a full disk: whoever can be served is, and nobody has to start anything by hand when there is room again.
 * What a disk fails under while it is full is a failing disk all the same.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { letterOf } from '../support/ledger-clients.js';
import { stuffed, type LineClient } from '../support/line-client.js';
import { beginData, demand, pop3Session, retrieve, sendData, smtpSession } from '../support/mail-clients.js';
import { itNeeds } from '../support/programs.js';
import { POSTMASTER, Server } from '../support/server.js';
import { storeOf } from './faults.js';
import { Control, Shim } from './shim.js';
import { fillUp, mountSmall, whyNoSmallDisk } from './small-disk.js';

const DISK_MIB = 24;
const MARK = ['--min-free', '6MiB'];
const NO_MARK = ['--min-free', '0'];
const LETTERS = 6;
const LETTER_OCTETS = 200_000;
const LARGE_OCTETS = 1024 * 1024;

describe('a start on a full disk', () => {
  const cleaning: (() => unknown)[] = [];
  let server: Server;
  let password: string;
  afterEach(async () => {
    for (const clean of cleaning.splice(0).reverse()) await clean();
  });

  itOnSmallDisk(
    'serves whoever reads and deletes, after the death of the store and after that of everything',
    async (ballast) => {
      fillUp(ballast);
      const dead = storeOf(server) as number;
      process.kill(dead, 'SIGKILL');
      await eventually('another store', () => ![undefined, dead].includes(storeOf(server)));
      await removeFirst(server);
      server.signalAll('SIGKILL');
      await server.release({ keep: true });
      server = await Server.start({ like: server, arguments: MARK });
      await removeFirst(server);
      expect(await refused(server)).to.match(/^452 4\.3\.1 /);
      rmSync(ballast);
      await eventually('mail to be taken', () => isTaken(server));
    },
  );

  itOnSmallDisk('that has no room for anything at all waits for it, and begins by itself', async (ballast) => {
    await server.stop();
    fillUp(ballast);
    server = await Server.start({ like: server, arguments: MARK });
    const store = storeOf(server);
    const client = await smtpSession(server.smtpPort);
    expect((await client.command('MAIL FROM:<>')).code).to.be.oneOf([451, 452]);
    rmSync(ballast);
    await eventually('mail to be taken', () => isTaken(server));
    await removeFirst(server);
    expect(storeOf(server), 'nothing had to be started again').to.equal(store);
  });

  itOnSmallDisk('free pages of the database are room: what was removed may come in again', async (ballast) => {
    const client = await smtpSession(server.smtpPort);
    fillUp(ballast);
    rmSync(ballast);
    let sent = 0;
    while ((await endOfData(client, letterOf(`fill-${sent}`, LARGE_OCTETS))).startsWith('250 ')) sent += 1;
    expect(await refused(server)).to.match(/^452 4\.3\.1 /);
    const reader = await pop3Session(server.pop3Port, POSTMASTER, password);
    for (let number = 1; number <= sent; number++) await reader.ask(`DELE ${number}`, /^\+OK/);
    await reader.ask('QUIT', /^\+OK/);
    await eventually('mail to be taken', () => isTaken(server));
    await eventually('a large one to be taken, by the other worker too', async () =>
      (await endOfData(client, letterOf('again', LARGE_OCTETS))).startsWith('250 '),
    );
  });

  itNeeds(
    ['cc'],
    'a sync of mail.db that fails while the disk is full: every process lets go of the file',
    async () => {
      const shim = await Shim.build();
      cleaning.push(() => shim.release());
      server = await shim.serve({ arguments: NO_MARK });
      cleaning.push(() => server.release());
      password = server.password;
      await sendData(await smtpSession(server.smtpPort), POSTMASTER, letterOf('first', LETTER_OCTETS));
      await server.stop();
      server = await shim.serve({ like: server, arguments: NO_MARK });
      await removeFirst(server); // What is in the WAL now can be moved; what comes has no room there.
      shim.set(Control.DbSyncFails, 1);
      shim.set(Control.Full, 1);
      expect(await isTaken(server)).to.equal(false);
      await eventually('the sync to fail', () => shim.get(Control.SyncsFailed) === 1);
      shim.set(Control.Full, 0);
      await eventually('mail to be taken', () => isTaken(server));
      expect(server.logs).to.match(/"how":75/);
    },
  );

  /** With mail in a file that has free pages, so that it need not grow. */
  function itOnSmallDisk(rule: string, test: (ballast: string) => Promise<void>): void {
    const missing = whyNoSmallDisk();
    if (missing !== undefined)
      return void it(`${rule} (skipped: ${missing})`, function () {
        this.skip();
      });
    it(rule, async () => {
      const disk = mountSmall(DISK_MIB);
      cleaning.push(() => disk.release());
      const directory = join(disk.directory, 'mail');
      mkdirSync(directory);
      server = await Server.start({ directory, arguments: MARK });
      cleaning.push(() => server.release());
      password = server.password;
      const client = await smtpSession(server.smtpPort);
      for (let sent = 0; sent < LETTERS; sent++)
        await sendData(client, POSTMASTER, letterOf(`kept-${sent}`, LETTER_OCTETS));
      client.destroy();
      await removeFirst(server);
      moveAll(server.db);
      await test(join(disk.directory, 'ballast'));
    });
  }

  async function removeFirst({ pop3Port }: Server): Promise<void> {
    const reader = await eventually('a login', () =>
      pop3Session(pop3Port, POSTMASTER, password).catch(() => undefined),
    );
    expect((await retrieve(reader, 1)).length).to.be.above(LETTER_OCTETS);
    await reader.ask('DELE 1', /^\+OK/);
    await reader.ask('QUIT', /^\+OK/);
  }
});

/** As a shell would: the WAL keeps its room, and starts over with what is written next. */
function moveAll(db: string): void {
  const connection = openConnection(db);
  const [moved] = connection.pragma('wal_checkpoint(PASSIVE)') as [{ log: number; checkpointed: number }];
  connection.close();
  expect(moved.checkpointed).to.equal(moved.log);
}

async function refused({ smtpPort }: Server): Promise<string> {
  const client = await smtpSession(smtpPort);
  const { lines } = await client.command('MAIL FROM:<>');
  client.destroy();
  return lines[0] ?? '';
}

async function isTaken({ smtpPort }: Server): Promise<boolean> {
  const client = await smtpSession(smtpPort).catch(() => undefined);
  if (client === undefined) return false;
  const sent = sendData(client, POSTMASTER, letterOf('small', 1_000));
  return sent
    .finally(() => client.destroy())
    .then(
      () => true,
      () => false,
    );
}

/** The reply, wherever in the transaction it was refused. */
async function endOfData(client: LineClient, message: Buffer): Promise<string> {
  await demand(client, 'RSET', 250);
  const { code, lines } = await client.command('MAIL FROM:<>');
  if (code !== 250) return lines[0] ?? '';
  await demand(client, 'RSET', 250);
  await beginData(client, POSTMASTER);
  client.write(Buffer.concat([stuffed(message), Buffer.from('.\r\n')]));
  return (await client.reply()).lines[0] ?? '';
}
