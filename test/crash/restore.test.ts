/**
 * What was removed, restored and purged, by the system calls: what `mail restore` said to be there again is there after a power cut,
 * and none at any point leaves a message twice, half, or neither removed nor there.
 */
import { expect } from 'chai';
import { Chance } from '../support/ledger-chance.js';
import { letterOf } from '../support/ledger-clients.js';
import { keyOf } from '../support/ledger.js';
import { pop3Session, sendData, smtpSession } from '../support/mail-clients.js';
import { itNeeds } from '../support/programs.js';
import { POSTMASTER, type Server } from '../support/server.js';
import { eventually } from '../support/eventually.js';
import { Disk } from './disk.js';
import { inspect } from './inspection.js';
import { cutAt } from './power-cut.js';
import { tracedWhile, type Traced } from './recording.js';
import { synchronousOff, type Change } from './shim.js';
import { TracedFile, type TraceRecord } from './trace.js';

const ROUNDS = 6;
const MESSAGES = 8;
const CUTS = 40;
const TIMEOUT_MS = 120_000;
/** What is added and deleted behind the commits is cut off with them. */
const INDEXING = ['--index', 'on'];

describe('what was removed, by the system calls', function () {
  this.timeout(TIMEOUT_MS);

  itNeeds(['cc'], 'is there after a power cut when it was said to be restored, once and whole', async () => {
    const { traced, told, sent } = await restoring(undefined);
    expect(keysAfter(traced, traced.records.length)).to.deep.equal([...told].sort());
    let indexed = 0;
    cutAt(traced, { cuts: CUTS, answers: syncsOf(traced), chance: new Chance(5) }, (at, loss, { damage, ...image }) => {
      const where = `cut at ${at}, ${loss}`;
      indexed = Math.max(indexed, image.indexed);
      expect(damage, where).to.deep.equal([]);
      const keys = [...image.found, ...image.removed].map(({ key }) => key);
      expect(keys, where).to.have.length(new Set(keys).size);
      expect(sent, where).to.include.members(keys);
    });
    expect(indexed).to.be.above(MESSAGES);
  });

  itNeeds(['cc'], 'is held against what was said: a restore that is not synced is noticed', async () => {
    const { traced, told } = await restoring(synchronousOff);
    expect(keysAfter(traced, traced.records.length)).to.not.deep.equal([...told].sort());
  });

  itNeeds(['cc'], 'takes nothing else with it when it is purged', async () => {
    const [traced, kept] = await tracedWhile({ arguments: [...INDEXING, '--keep-removed', '1s'] }, async (server) => {
      const sent = await sendMany(server, 'kept');
      const client = await pop3Session(server.pop3Port, POSTMASTER, server.password);
      for (let number = 1; number < sent.length; number += 2) await client.ask(`DELE ${number}`, /^\+OK/);
      await client.ask('QUIT', /^\+OK/);
      const left = async () => (await server.do('mail', 'removed', POSTMASTER, '--json')).trim();
      await eventually('it to be purged', async () => (await left()) === '[]');
      return sent.filter((_, at) => at % 2 === 1);
    });
    expect(keysAfter(traced, traced.records.length)).to.deep.equal(kept.toSorted());
    const removedAt = traced.records.findIndex(({ kind, data }) => kind === 'N' && /^\+OK Bye/m.test(data.toString()));
    const answers = syncsOf(traced).filter((at) => at > removedAt);
    cutAt(traced, { cuts: CUTS, answers, chance: new Chance(6) }, (at, loss, { damage, found }) => {
      expect(damage, `cut at ${at}, ${loss}`).to.deep.equal([]);
      expect(found.map(({ key }) => key).sort(), `cut at ${at}, ${loss}`).to.deep.equal(kept.toSorted());
    });
  });
});

/** Over and over: mail comes, all of it is removed, and some of it or all is restored. */
async function restoring(change: Change | undefined) {
  const [traced, { told, sent }] = await tracedWhile({ change, arguments: INDEXING }, async (server) => {
    const all: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      all.push(...(await sendMany(server, `round-${round}`, MESSAGES)));
      const before = new Date().toISOString();
      const client = await pop3Session(server.pop3Port, POSTMASTER, server.password);
      for (let number = 1; number <= all.length; number++) await client.ask(`DELE ${number}`, /^\+OK/);
      await client.ask('QUIT', /^\+OK/);
      await server.do('mail', 'restore', POSTMASTER, round % 2 === 0 ? '--to' : '--since', before);
    }
    return { told: all, sent: all };
  });
  return { traced, told, sent };
}

async function sendMany(server: Server, name: string, count = MESSAGES * ROUNDS): Promise<readonly string[]> {
  const letters = Array.from({ length: count }, (_, at) => letterOf(`${name}-${at}`, 500));
  const client = await smtpSession(server.smtpPort);
  for (const letter of letters) await sendData(client, POSTMASTER, letter);
  client.destroy();
  return letters.map(keyOf);
}

/** With nothing but what was synced before this record. */
function keysAfter({ records }: Traced, end: number): readonly string[] {
  const disk = new Disk();
  for (const record of records.slice(0, end)) disk.apply(record);
  return inspect(disk.image({ kind: 'drop' }))
    .found.map(({ key }) => key)
    .sort();
}

/** Right behind a sync a promise is youngest. */
function syncsOf({ records }: Traced): readonly number[] {
  return records.flatMap(({ kind, file }: TraceRecord, at) => (kind === 'S' && file === TracedFile.Wal ? [at] : []));
}
