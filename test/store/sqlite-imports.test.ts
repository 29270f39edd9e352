/** Imported mail in SQLite: found by an index, shown by the view under its UIDL, and gone with its account. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { prepareReads } from '../../src/store/sqlite/database/reads.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { ImportTable } from '../../src/store/sqlite/server/imports.js';
import { Writer } from '../../src/store/sqlite/server/writer.js';
import { withConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { plansOf } from '../support/query-plans.js';
import { at } from './contract.js';

const ALICE = at('alice@example.org');

describe('imports in SQLite', () => {
  let directory = '';
  let db = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-imports-'));
    db = join(directory, 'mail.db');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are looked for by an index', () => {
    const details = withConnection(db, (connection) => {
      new Writer(connection).sweep(); // It has the tables.
      const plans = [...plansOf(connection, (noting) => new ImportTable(noting)), ...plansOf(connection, prepareReads)];
      return plans.filter(({ sql }) => sql.includes('imported')).flatMap((plan) => plan.details);
    });
    expect(details.filter((detail) => detail.startsWith('SEARCH imported'))).to.have.length.above(6);
    expect(details.filter((detail) => detail.startsWith('SCAN'))).to.deep.equal(['SCAN wanted VIRTUAL TABLE INDEX 1:']);
    // Of a list of messages each is looked for; no more of the account is looked at than was asked for.
    expect(details).to.include('SEARCH message USING INDEX message_listing (account=? AND uid=?)');
  });

  it('are shown under the UIDL they had, and go with the account', async () => {
    const store = await sqlite.open(db);
    const count = () =>
      withConnection(db, (connection) => connection.prepare<[], number>('select count(*) from imported').pluck().get());
    try {
      await store.directory.addAccount(ALICE, '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA');
      const account = (await store.findLogin('alice@example.org'))?.id ?? -1;
      for (const uidl of ['first', undefined]) {
        const imported = { key: Buffer.alloc(32, uidl ?? 'x'), uidl, ignoresQuota: false };
        const copy = { kind: 'local', account, recipient: 'a@b', trace: Buffer.alloc(0), imported } as const;
        await store.deliver({ reversePath: '', receivedAtMs: 0, recipients: [copy] }).commit();
      }
      const shown = withConnection(db, (connection) =>
        connection.prepare<[], string>('select uidl from mail order by number').pluck().all(),
      );
      expect(shown[0]).to.equal('first');
      expect(shown[1]).to.match(/^\S+\.\d+$/);
      expect(count()).to.equal(2);
      await store.directory.removeAccount(ALICE);
      await eventually('the rows to go', () => (count() === 0 ? true : undefined));
    } finally {
      await store.close();
    }
  });
});
