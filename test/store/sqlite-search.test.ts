/** The index of words in SQLite: the shell of a distribution searches it, mail goes on without it, and it goes with the mail. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { openForWriting } from '../../src/store/sqlite/database/database.js';
import { prepareMailSearch } from '../../src/store/sqlite/database/mail-search.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { IndexWriter } from '../../src/store/sqlite/server/index-writer.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { plansOf } from '../support/query-plans.js';
import { at, deliver, envelopeTo, fails, withMaildrop } from './contract.js';

const ALICE = at('alice@example.org');
const INVOICE = { all: [[{ text: 'invoice' }]], none: [] };
const observer = { noted: () => undefined, stopped: () => undefined };

function letter(number: number): Buffer {
  return Buffer.from(`Subject: invoice ${number}\r\nFrom: Bob <bob@example.net>\r\n\r\nterms of payment\r\n`);
}

/** As they stand in db/README.md. */
function examplesOfReadme(): readonly string[] {
  const [, looking = ''] = readFileSync(new URL('../../../db/README.md', import.meta.url), 'utf8').split(
    '```sql\n-- The ten',
  );
  const [statements = ''] = looking.split('```');
  return statements.split('\n').filter((line) => line.includes('mail_search match'));
}

describe('the search index in SQLite', () => {
  let directory = '';
  let db = '';
  let server: Awaited<ReturnType<typeof sqlite.start>>;
  let store: MailStore;
  const troubles: string[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-search-'));
    db = join(directory, 'mail.db');
    await start(true);
    await store.directory.addAccount(ALICE, 'hash');
  });

  afterEach(async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function start(indexesMail: boolean, keepRemovedMs = 0): Promise<void> {
    const trouble = (what: string) => void troubles.push(what);
    server = await sqlite.start(db, { ...observer, trouble }, { indexesMail, keepRemovedMs });
    store = await sqlite.open(db);
  }

  async function stop(): Promise<void> {
    await store.close();
    await server?.close();
  }

  const unindexed = async () => store.mailboxes.countUnindexed();
  const indexed = () => eventually('all to be in the index', async () => (await unindexed()) === 0);
  const found = async () => (await store.mailboxes.searchMail(ALICE, INVOICE, { limit: 100 })).entries.length;

  function look(sql: string): unknown {
    const connection = openConnection(db, { readonly: true });
    try {
      return connection.prepare(sql).pluck().get();
    } finally {
      connection.close();
    }
  }

  it('is filled by itself, and searched by the sqlite3 shell while the server runs', async function () {
    for (const number of [1, 2]) await deliver(store, envelopeTo(1), letter(number));
    await indexed();
    const search = (sql: string): string => {
      try {
        return execFileSync('sqlite3', ['-readonly', db, sql], { encoding: 'utf8' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.skip();
        throw error;
      }
    };
    const examples = examplesOfReadme();
    expect(examples).to.have.length(2);
    const [invoices = '', phrase = ''] = examples;
    expect(search(invoices.replace('received, ', ''))).to.equal(
      'alice@example.org|invoice 2\nalice@example.org|invoice 1\n',
    );
    expect(search(invoices).split('\n')).to.have.length(3);
    expect(search(phrase)).to.equal('terms of payment\r\n\nterms of payment\r\n\n');
    expect(search(`select count(*) from mail_search where mail_search match '"payment of terms"'`)).to.equal('0\n');
  });

  it('waits to be asked when it is off', async () => {
    await stop();
    await start(false);
    await deliver(store, envelopeTo(1), letter(1));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect([await found(), await unindexed()]).to.deep.equal([0, 1]);
    await store.mailboxes.indexMail(false);
    await indexed();
    expect(await found()).to.equal(1);
  });

  it('loses what was removed, words and all, and goes on with ids that it has not passed', async () => {
    for (let number = 1; number <= 3; number++) await deliver(store, envelopeTo(1), letter(number));
    await indexed();
    await withMaildrop(store, 1, async (maildrop) => maildrop.remove([[1, 3]]));
    await eventually('the bodies to go', () => look('select count(*) from body') === 0);
    expect(look('select count(*) from indexed')).to.equal(0);
    expect(look(`select count(*) from mail_index where mail_index match 'invoice'`)).to.equal(0);
    await stop();
    await start(true);
    await deliver(store, envelopeTo(1), letter(4));
    await indexed();
    expect(await found()).to.equal(1);
  });

  it('keeps the words of what can be restored, until it is purged', async () => {
    await stop();
    await start(true, 86_400_000);
    for (let number = 1; number <= 3; number++) await deliver(store, envelopeTo(1), letter(number));
    await indexed();
    await withMaildrop(store, 1, async (maildrop) => maildrop.remove([[1, 2]]));
    const words = () => look(`select count(*) from mail_index where mail_index match 'invoice'`);
    const seen = () => look(`select count(*) from mail_search where mail_search match 'invoice'`);
    expect([await found(), seen(), words()]).to.deep.equal([1, 1, 3]);
    const [removed] = await store.removedMail.listRemoved(ALICE);
    await store.removedMail.restoreMail(ALICE, [removed?.number as number]);
    expect([await found(), seen()]).to.deep.equal([2, 2]);
    await stop();
    await start(true, 1);
    await eventually('the body to be purged', () => look('select count(*) from body') === 2);
    expect([await found(), seen(), words(), look('select count(*) from indexed')]).to.deep.equal([2, 2, 2, 2]);
    expect(
      look(`select 1 from mail_index where mail_index match 'invoice' and rowid not in (select id from body)`),
    ).to.equal(undefined);
  });

  it('costs nothing where nothing was ever added', () => {
    const connection = openForWriting(join(directory, 'unused.db'));
    const index = new IndexWriter(connection);
    expect([index.nextMessage(), index.has(1)]).to.deep.equal([null, false]);
    connection.close();
  });

  it('is in few parts, though each step leaves one, and none is merged within a step', async () => {
    for (let number = 1; number <= 70; number++) await deliver(store, envelopeTo(1), letter(number));
    await stop();
    const connection = openForWriting(db);
    const index = new IndexWriter(connection);
    const parts = connection.prepare<[], number>('select count(distinct segid) from mail_index_idx').pluck();
    index.request(true);
    let before = 0;
    while (index.waiting > 0) {
      index.add(0);
      expect(parts.get()).to.equal((before += 1));
    }
    expect(before).to.equal(70);
    while (index.isScattered) index.merge();
    expect(parts.get()).to.be.lessThan(16);
    connection.close();
    await start(true);
    expect(await found()).to.equal(70);
  });

  it('that is damaged stops no mail, is told of, and is made anew', async () => {
    await deliver(store, envelopeTo(1), letter(1));
    await indexed();
    await stop();
    const connection = openConnection(db);
    connection.unsafeMode();
    connection.exec("update mail_index_data set block = x'ffffffffffffffff' where id = 10");
    connection.close();
    await start(true);
    await fails(
      'unavailable',
      Promise.resolve().then(() => found()),
      /index .* is damaged: run 'pennypost mail index --rebuild'/,
    );
    await deliver(store, envelopeTo(1), letter(2));
    await eventually('the index to be tried', () => troubles.includes('a write failed'));
    await deliver(store, envelopeTo(1), letter(3));
    await withMaildrop(store, 1, async (maildrop) => maildrop.remove([[1, 1]]));
    await eventually('the body to go', () => look('select count(*) from body') === 2);
    await store.mailboxes.indexMail(true);
    await indexed();
    expect(await found()).to.equal(2);
  });

  it('is asked and kept up without a look at all that is stored', () => {
    const connection = openForWriting(join(directory, 'plans.db'));
    const plans = [
      ...plansOf(connection, prepareMailSearch),
      ...plansOf(connection, (noting) => new IndexWriter(noting)),
    ];
    connection.close();
    const scans = plans.flatMap(({ details }) => details.filter((each) => each.startsWith('SCAN')));
    const allowed = /^SCAN (mail_index VIRTUAL|wanted VIRTUAL|indexing|indexed$|found|gaps|counted|CONSTANT|\(sub)/;
    expect(scans.filter((each) => !allowed.test(each))).to.deep.equal([]);
  });
});
