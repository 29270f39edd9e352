/**
 * A disk that fails: what a failed sync or write covered is never answered with 250, the store ends rather than commit
 * on top of it, the supervisor starts another, and the log says so.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Chance } from '../support/ledger-chance.js';
import { LedgerLoad, letterOf } from '../support/ledger-clients.js';
import { hold, Ledger, nothingFound } from '../support/ledger.js';
import { eventually } from '../support/eventually.js';
import { beginData, behindTrace, fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { itNeeds } from '../support/programs.js';
import { POSTMASTER, type Server } from '../support/server.js';
import { storeOf, workersOf } from './faults.js';
import { Control, Shim } from './shim.js';

const needed = ['cc'];
const MESSAGE = Buffer.from('Subject: of a test\r\n\r\ntext\r\n');
const STRIKES = 2;
/** Of LARGE_OCTETS: more than a checkpoint waits for. */
const MESSAGES_LIMIT = 100;
const LARGE_OCTETS = 200_000;
/** nBackfill: https://www.sqlite.org/walformat.html#the_wal_index_file_format */
const MOVED_AT = 96;

describe('a disk that fails', () => {
  let shim: Shim | undefined;
  let server: Server | undefined;

  async function begin(): Promise<{ shim: Shim; server: Server }> {
    shim = await Shim.build();
    server = await shim.serve();
    return { shim, server };
  }

  afterEach(async () => {
    await server?.release();
    shim?.release();
    shim = server = undefined;
  });

  const ways: readonly (readonly [what: string, control: Control, counter: Control])[] = [
    ['a sync of the WAL', Control.WalSyncFails, Control.SyncsFailed],
    ['a write to the WAL', Control.WalWriteFails, Control.WritesFailed],
  ];
  for (const [what, control, counter] of ways)
    itNeeds(needed, `at ${what}: 451, another store, and the same session goes on`, async () => {
      const { shim, server } = await begin();
      const client = await smtpSession(server.smtpPort);
      await sendData(client, POSTMASTER, MESSAGE);
      const store = storeOf(server) as number;
      await beginData(client, POSTMASTER);
      shim.set(control, 1);
      client.send('Subject: never acknowledged', '', '.');
      expect((await client.reply()).lines[0]).to.match(/^451 4\.3\.0 /);
      expect(shim.get(counter)).to.equal(1);
      await eventually('the store to end', () => !isAlive(store));
      await eventually('another store', () => storeOf(server) !== undefined);
      await eventually('the session to be served', () =>
        sendData(client, POSTMASTER, MESSAGE).then(
          () => true,
          async () => {
            await client.command('RSET');
            return false;
          },
        ),
      );
      expect(server.logs)
        .to.match(/the disk failed; the store stops/)
        .and.to.match(/the store ended; it is started again/);
    });

  itNeeds(needed, 'at a sync of mail.db: store and workers let go of the file, and all mail is there', async () => {
    const { shim, server } = await begin();
    const before = [storeOf(server) as number, ...workersOf(server)];
    shim.set(Control.DbSyncFails, 1);
    const accepted: Buffer[] = [];
    for (let sent = 0; before.some(isAlive); sent++) {
      expect(sent, 'messages before a checkpoint failed').to.be.below(MESSAGES_LIMIT);
      const letter = letterOf(`moved-${sent}`, LARGE_OCTETS);
      if (await isTaken(server, letter)) accepted.push(letter);
    }
    expect(shim.get(Control.SyncsFailed)).to.equal(1);
    await eventually('mail to be taken', () => isTaken(server, MESSAGE));
    // SQLite's count of what was moved, at its place in the WAL's index, was begun anew: all of the WAL will be moved again.
    expect(readFileSync(`${server.db}-shm`).readUInt32LE(MOVED_AT)).to.equal(0);
    const there = await fetchAll(server.pop3Port, POSTMASTER, server.password);
    const bodies = there.map((message) => behindTrace(message).toString('latin1'));
    for (const letter of accepted) expect(bodies).to.include(letter.toString('latin1'));
    expect(server.logs)
      .to.match(/the disk failed; the store stops/)
      .and.to.match(/a worker ended; another is started/);
  });

  const all: readonly Control[] = [Control.WalSyncFails, Control.WalWriteFails, Control.DbSyncFails];
  itNeeds(needed, 'again and again under load: nothing lost, nothing torn, nothing back', async () => {
    const { shim, server } = await begin();
    const accounts = [{ address: POSTMASTER, password: server.password }];
    const ledger = new Ledger(join(server.directory, 'ledger.jsonl'));
    const findings = nothingFound();
    const { smtpPort, pop3Port } = server;
    // Large enough that checkpoints, and syncs of mail.db, come soon.
    const options = { smtpPort, pop3Port, accounts, large: 0.2, largeOctets: 400_000, pauseMs: 1 };
    const load = new LedgerLoad(ledger, findings, new Chance(6), options);
    try {
      for (let strikes = 0; strikes < STRIKES * all.length; strikes++) {
        const before = ledger.acknowledged;
        await eventually('mail to be taken', () => ledger.acknowledged > before + 20, 20_000);
        const control = all[strikes % all.length] as Control;
        shim.set(control, 1);
        await eventually(`${Control[control]} to strike`, () => shim.get(control) === 0, 20_000);
      }
      const before = ledger.acknowledged;
      await eventually('mail to be taken', () => ledger.acknowledged > before + 20, 20_000);
    } finally {
      await load.stop();
    }
    const held = await hold(ledger, pop3Port, accounts);
    ledger.close();
    for (const { lost, risen, torn, duplicate } of [findings, held])
      expect({ lost, risen, torn, duplicate }).to.deep.equal({ lost: [], risen: [], torn: [], duplicate: [] });
    expect(shim.get(Control.SyncsFailed) + shim.get(Control.WritesFailed)).to.equal(STRIKES * all.length);
  });
});

/** On a session of its own, of which anything may fail. */
async function isTaken(server: Server, message: Buffer): Promise<boolean> {
  try {
    const client = await smtpSession(server.smtpPort);
    await sendData(client, POSTMASTER, message).finally(() => client.destroy());
    return true;
  } catch {
    return false;
  }
}
