/**
 * A disk that fills: mail is refused for now, what is there can be read, and service returns by itself with the space.
 * Once with the shim, where no file may grow at all, and once on a real small file system, which needs root.
 */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { stuffed, type LineClient } from '../support/line-client.js';
import { beginData, demand, fetchAll, pop3Session, retrieve, sendData, smtpSession } from '../support/mail-clients.js';
import { itNeeds } from '../support/programs.js';
import { POSTMASTER, Server } from '../support/server.js';
import { letterOf } from '../support/ledger-clients.js';
import { storeOf } from './faults.js';
import { Control, Shim } from './shim.js';
import { freeBytes, mountSmall, whyNoSmallDisk } from './small-disk.js';

const MESSAGE = letterOf('kept', 4_000);
const MIB = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const DISK_MIB = 64;
const MARK_MIB = 8;
const NO_MARK = ['--min-free', '0'];
/** What is removed makes room at once. */
const NOTHING_KEPT = [...NO_MARK, '--keep-removed', '0s'];
/** What comes back must hold what the WAL still has to move, and what a removal writes. */
const BALLAST_MIB = 24;
const LARGE_OCTETS = 2 * MIB;
/** 96 MB in all, of which 6 MB are there at any time. */
const SMALLEST_DISK_MIB = 24;
const SENDERS = 4;
const LETTERS = 6;
const ROUNDS = 16;

describe('a full disk', () => {
  const cleaning: (() => unknown)[] = [];
  afterEach(async () => {
    for (const clean of cleaning.splice(0).reverse()) await clean();
  });

  itNeeds(
    ['cc'],
    'where no file can grow: 452 at the end of data, reading goes on, and mail when there is room',
    async () => {
      const shim = await Shim.build();
      cleaning.push(() => shim.release());
      const server = await shim.serve({ arguments: NO_MARK });
      cleaning.push(() => server.release());
      const store = storeOf(server);
      const client = await smtpSession(server.smtpPort);
      await sendData(client, POSTMASTER, MESSAGE);
      shim.set(Control.Full, 1);
      for (const octets of [4_000, 600_000])
        expect(await endOfData(client, letterOf('no', octets))).to.match(/^452 4\.3\.1 /);
      const reader = await pop3Session(server.pop3Port, POSTMASTER, server.password);
      expect((await retrieve(reader, 1)).includes(MESSAGE)).to.equal(true);
      await reader.ask('DELE 1', /^\+OK/);
      // Without a reserve a removal may find no room either; it is then refused, not promised.
      await reader.ask('QUIT', /^(\+OK|-ERR \[SYS\/TEMP\])/);
      shim.set(Control.Full, 0);
      await eventually('mail to be taken', async () => (await endOfData(client, MESSAGE)).startsWith('250 '));
      expect(shim.get(Control.WritesFailed)).to.be.above(0);
      expect(storeOf(server), 'a full disk is no broken disk: the store stays').to.equal(store);
    },
  );

  itNeeds(['cc'], 'that has no room for the last chunk of a message takes none of it', async () => {
    const shim = await Shim.build();
    cleaning.push(() => shim.release());
    const server = await shim.serve({ arguments: NO_MARK });
    cleaning.push(() => server.release());
    const client = await smtpSession(server.smtpPort);
    await sendData(client, POSTMASTER, MESSAGE);
    await beginData(client, POSTMASTER);
    client.write(Buffer.alloc(CHUNK_BYTES, 'text of a line\r\n'));
    await eventually('the first chunk to be stored', () => statSync(`${server.db}-wal`).size > CHUNK_BYTES);
    shim.set(Control.Room, CHUNK_BYTES / 4); // The commit would fit in what the last chunk leaves.
    shim.set(Control.Full, 1);
    client.write(Buffer.concat([Buffer.alloc(CHUNK_BYTES / 2, 'text of a line\r\n'), Buffer.from('.\r\n')]));
    expect((await client.reply()).lines[0]).to.match(/^452 4\.3\.1 /);
    shim.set(Control.Full, 0);
    await removeAll(server, 1);
  });

  const small = whyNoSmallDisk();

  itOnSmallDisk('that fills: 452 at the end of data, reading goes on, service returns with the space', async (disk) => {
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(BALLAST_MIB * MIB));
    const server = await serveOn(disk, NOTHING_KEPT);
    const client = await smtpSession(server.smtpPort);
    await sendData(client, POSTMASTER, MESSAGE);
    let accepted = 0;
    let reply: string;
    do {
      accepted += 1;
      reply = await endOfData(client, letterOf(`large-${accepted}`, LARGE_OCTETS));
    } while (reply.startsWith('250 '));
    expect(reply).to.match(/^452 4\.3\.1 /);
    expect(accepted).to.be.above(3);
    const reader = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    expect((await retrieve(reader, 1)).includes(MESSAGE)).to.equal(true);
    reader.destroy();
    rmSync(ballast);
    await eventually('mail to be taken', async () => (await endOfData(client, MESSAGE)).startsWith('250 '));
    await removeAll(server, accepted + 1);
    // Half of them, since the WAL has a part of the disk, and gives it back only when it starts over.
    for (let sent = 0; sent < accepted / 2; sent++)
      expect(await endOfData(client, letterOf(`again-${sent}`, LARGE_OCTETS))).to.match(/^250 /);
  });

  itOnSmallDisk('below its mark: 452 at MAIL, reading and deleting go on, service returns by itself', async (disk) => {
    const server = await serveOn(disk, ['--min-free', `${MARK_MIB}MiB`]);
    const client = await smtpSession(server.smtpPort);
    await sendData(client, POSTMASTER, MESSAGE);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(freeBytes(disk) - (MARK_MIB * MIB) / 2));
    await eventually('MAIL to be refused', async () => {
      const { lines } = await client.command('MAIL FROM:<>');
      await client.command('RSET');
      return (lines[0] ?? '').startsWith('452 4.3.1 ');
    });
    await removeAll(server, 1);
    rmSync(ballast);
    await eventually('mail to be taken', async () => (await client.command('MAIL FROM:<>')).code === 250);
  });

  itOnSmallDisk('that fills as fast as mail can come: the mark is kept free for removals', async (disk) => {
    const server = await serveOn(disk, ['--min-free', `${MARK_MIB}MiB`]);
    const senders = await Promise.all(Array.from({ length: SENDERS }, () => smtpSession(server.smtpPort)));
    const accepted = await Promise.all(
      senders.map(async (client, sender) => {
        for (let sent = 0; ; sent++) {
          const { code, lines } = await client.command('MAIL FROM:<>');
          if (code !== 250) {
            expect(lines[0]).to.match(/^452 4\.3\.1 /);
            return sent;
          }
          await demand(client, `RCPT TO:<${POSTMASTER}>`, 250);
          await demand(client, 'DATA', 354);
          client.write(Buffer.concat([stuffed(letterOf(`${sender}-${sent}`, CHUNK_BYTES)), Buffer.from('.\r\n')]));
          expect((await client.reply()).lines[0]).to.match(/^250 /);
        }
      }),
    );
    // Whoever began above the mark ends below it; and what the WAL holds needs its room twice.
    expect(freeBytes(disk)).to.be.above((MARK_MIB * MIB) / 2);
    await removeAll(
      server,
      accepted.reduce((sum, sent) => sum + sent, 0),
    );
  });

  itOnSmallDisk('that fills with what was removed: it is purged, and mail is taken by itself', async (disk) => {
    const server = await serveOn(disk, ['--min-free', `${MARK_MIB}MiB`]);
    const client = await smtpSession(server.smtpPort);
    // Twice what the disk holds.
    for (let round = 0; round < (2 * DISK_MIB) / (LETTERS * 2); round++) {
      for (let letter = 0; letter < LETTERS; letter++)
        await eventually('mail to be taken', async () => {
          const { code } = await client.command('MAIL FROM:<>');
          return (
            code === 250 && (await endOfData(client, letterOf(`${round}-${letter}`, LARGE_OCTETS))).startsWith('250 ')
          );
        });
      await removeAll(server, LETTERS);
    }
    expect(server.logs).to.include('the disk is nearly full: what was removed is purged before its time');
    expect(await server.do('mail', 'removed', POSTMASTER, '--json')).to.include('"number"');
  });

  itOnSmallDisk(
    'that is smaller than the WAL would grow to: as much as is removed comes in again, and nothing is refused',
    async (disk) => {
      const server = await serveOn(disk, NOTHING_KEPT);
      const senders = await Promise.all(Array.from({ length: SENDERS }, () => smtpSession(server.smtpPort)));
      for (let round = 0; round < ROUNDS; round++) {
        const reader = readOver(server);
        const replies = await Promise.all(
          senders.map(async (client, sender) => {
            const said: string[] = [];
            for (let letter = 0; letter < LETTERS; letter++)
              said.push(await endOfData(client, letterOf(`${round}-${sender}-${letter}`, CHUNK_BYTES)));
            return said;
          }),
        );
        expect(replies.flat().filter((reply) => !reply.startsWith('250 '))).to.deep.equal([]);
        await reader.stop();
        await removeAll(server, SENDERS * LETTERS);
      }
    },
    SMALLEST_DISK_MIB,
  );

  function itOnSmallDisk(rule: string, test: (disk: string) => Promise<void>, mebibytes = DISK_MIB): void {
    if (small === undefined) it(rule, () => test(mount(mebibytes)));
    else
      it(`${rule} (skipped: ${small})`, function () {
        this.skip();
      });
  }

  async function serveOn(disk: string, mark: readonly string[]): Promise<Server> {
    const directory = join(disk, 'mail');
    mkdirSync(directory);
    const server = await Server.start({ directory, arguments: mark });
    cleaning.push(() => server.release());
    return server;
  }

  function mount(mebibytes: number): string {
    const disk = mountSmall(mebibytes);
    cleaning.push(() => disk.release());
    return disk.directory;
  }

  /** Reads what is there, over and over. */
  function readOver({ pop3Port, password }: Server): { stop(): Promise<void> } {
    let stopped = false;
    const read = async (): Promise<void> => {
      while (!stopped) await fetchAll(pop3Port, POSTMASTER, password);
    };
    const reading = read();
    return {
      stop: () => {
        stopped = true;
        return reading;
      },
    };
  }

  async function removeAll(server: Server, messages: number): Promise<void> {
    const reader = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    await reader.ask('STAT', new RegExp(`^\\+OK ${messages} `));
    await retrieve(reader, 1);
    for (let number = 1; number <= messages; number++) await reader.ask(`DELE ${number}`, /^\+OK/);
    await reader.ask('QUIT', /^\+OK/);
  }

  async function endOfData(client: LineClient, message: Buffer): Promise<string> {
    await demand(client, 'RSET', 250);
    await beginData(client, POSTMASTER);
    client.write(Buffer.concat([stuffed(message), Buffer.from('.\r\n')]));
    return (await client.reply()).lines[0] ?? '';
  }
});
