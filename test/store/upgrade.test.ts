/**
 * The databases of earlier releases, as their programs made them, in test/store/releases: each is upgraded with its mail, is kept as
 * it was beside that, and comes back by `rollBack`. An upgrade that is killed leaves the old one or the new one, whole.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { migrations } from '../../src/store/sqlite/database/migrations.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { maintenance } from '../../src/store/sqlite/maintenance/maintenance.js';
import { ROOT } from '../support/server.js';
import { allPieces } from '../support/sources.js';
import { at, deliver, envelopeTo, fails } from './contract.js';

const RELEASES = join(ROOT, 'test', 'store', 'releases');
const UPGRADING = fileURLToPath(new URL('../support/upgrading.js', import.meta.url));
const KILLS = 8;
/** Of the database of 0.1.0. */
const FIRST = { name: '0.1.0.db.gz', version: 13 };
const MAIL = [
  { account: 'alice@localhost', number: 1, octets: 386, subject: 'Grüße' },
  { account: 'bob@localhost', number: 1, octets: 382, subject: 'Grüße' },
  { account: 'bob@localhost', number: 2, octets: 354, subject: 'no last line end' },
];

describe('a database of an earlier release', function () {
  this.timeout(60_000);
  let directory = '';
  let db = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-upgrade-'));
    db = join(directory, 'mail.db');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function put(name: string): void {
    writeFileSync(db, gunzipSync(readFileSync(join(RELEASES, name))), { mode: 0o600 });
  }

  function look(path: string, sql: string): unknown {
    const connection = openConnection(path, { readonly: true });
    try {
      return connection.prepare(sql).all();
    } finally {
      connection.close();
    }
  }

  function versionIn(path: string): unknown {
    return look(path, 'pragma user_version');
  }

  const SHOWN = 'select account, number, octets, subject from mail where octets < 10000 order by account, number';

  for (const name of readdirSync(RELEASES))
    it(`${name} is upgraded, keeps its mail and takes more`, async () => {
      put(name);
      const store = await sqlite.open(db);
      expect(await store.findLogin('alice')).to.deep.include({ enabled: true });
      const [large] = (await store.mailboxes.listMail(at('alice@localhost'))).filter(({ octets }) => octets > 10_000);
      const pieces = await allPieces(store.mailboxes.readMail(at('alice@localhost'), large?.id ?? 0));
      expect(Buffer.concat([...pieces]).toString()).to.match(/a line of a large message, as long as a line is\r\n$/);
      expect((await store.queuedMail.count()).active).to.equal(2);
      await deliver(store, envelopeTo(1), Buffer.from('Subject: new\r\n\r\n'));
      await store.close();
      expect(versionIn(db)).to.deep.equal([{ user_version: migrations().length }]);
      expect((await maintenance.check(db)).findings).to.deep.equal([]);
    });

  describe('before its tables are changed', () => {
    beforeEach(async () => {
      put(FIRST.name);
      await sqlite.open(db).then((store) => store.close());
    });

    it('is kept as it was', () => {
      const kept = `${db}.before-upgrade-${FIRST.version}`;
      expect(readFileSync(kept).equals(gunzipSync(readFileSync(join(RELEASES, FIRST.name))))).to.equal(true);
      expect(look(db, SHOWN)).to.deep.equal(MAIL);
    });

    it('takes the place of what an earlier one kept, and of no other file', async () => {
      const [earlier, notes] = [`${db}.before-upgrade-1`, `${db}.before-upgrade-notes`];
      for (const path of [earlier, notes]) writeFileSync(path, 'text');
      put(FIRST.name);
      await sqlite.open(db).then((store) => store.close());
      expect([earlier, notes].map((path) => existsSync(path))).to.deep.equal([false, true]);
    });

    it('can be returned to, and upgraded again', async () => {
      const store = await sqlite.open(db);
      await deliver(store, envelopeTo(1), Buffer.from('Subject: new\r\n\r\n'));
      await fails('refused', maintenance.rollBack(db), /stop it first/);
      await store.close();
      const { isRestored, since, aside = '', report } = await maintenance.rollBack(db);
      expect({ isRestored, since, version: report.olderVersion }).to.deep.equal({
        ...{ isRestored: true, since: 1, version: FIRST.version },
      });
      expect(versionIn(db)).to.deep.equal([{ user_version: FIRST.version }]);
      expect(look(aside, "select count(*) as n from mail where subject = 'new'")).to.deep.equal([{ n: 1 }]);
      await fails('refused', maintenance.rollBack(db), /No upgrade of/);
      await sqlite.open(db).then((again) => again.close());
      expect(look(db, SHOWN)).to.deep.equal(MAIL);
    });
  });

  it('is either old and whole or new and whole, whenever its upgrade is killed', async () => {
    put(FIRST.name);
    const whole = readFileSync(db);
    const beganMs = performance.now();
    await once(spawn(process.execPath, [UPGRADING, db]), 'exit');
    const tookMs = performance.now() - beganMs;
    const found = new Set<unknown>();
    for (let kill = 0; kill < KILLS; kill++) {
      for (const name of readdirSync(directory)) rmSync(join(directory, name));
      writeFileSync(db, whole, { mode: 0o600 });
      const child = spawn(process.execPath, [UPGRADING, db]);
      const ended = once(child, 'exit'); // It may end before it is killed.
      await pause(tookMs * (0.4 + 0.6 * Math.random()));
      child.kill('SIGKILL');
      await ended;
      found.add(JSON.stringify(versionIn(db)));
      expect(look(db, SHOWN)).to.deep.equal(MAIL);
      await sqlite.open(db).then((store) => store.close());
      expect((await maintenance.check(db)).findings).to.deep.equal([]);
      expect(existsSync(`${db}.before-upgrade-${FIRST.version}`) || found.size > 0).to.equal(true);
    }
    for (const version of found)
      expect(version).to.be.oneOf(
        [FIRST.version, migrations().length].map((each) => JSON.stringify([{ user_version: each }])),
      );
  });
});
