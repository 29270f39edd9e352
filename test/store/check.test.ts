/**
 * `check` of an SQLite database: a bit that was turned in any octet of a message is found with its message, and so is what an outside
 * statement left; `repair` mends the latter alone. A damaged page is a finding, whatever page it is.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CheckReport } from '../../src/store/maintenance.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { maintenance } from '../../src/store/sqlite/maintenance/maintenance.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { at, deliver, envelopeTo, fails } from './contract.js';
import { envelopeOut } from './queue-contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const PAGE = 4096;
const SMALL = 30;
const LARGE = Buffer.from(`Subject: large\r\n\r\n${'a line of it\r\n'.repeat(40_000)}`);

function messageOf(number: number): Buffer {
  const end = number % 3 === 0 ? 'no line end' : 'the end\r\n';
  return Buffer.from(
    `From: Bob ${number} <bob@example.net>\r\nSubject: number ${number}\r\n\r\nmark ${number} mark\r\n${end}`,
  );
}

describe('a check of an SQLite database', () => {
  let directory = '';
  let sound = '';
  let db = '';

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-check-'));
    sound = join(directory, 'sound.db');
    db = join(directory, 'mail.db');
    const store = await sqlite.open(sound);
    await store.directory.addAccount(at('alice@localhost'), HASH);
    await store.directory.addAccount(at('carol@localhost'), HASH);
    for (let number = 1; number <= SMALL; number++)
      await deliver(store, envelopeTo(...(number % 2 === 0 ? [1] : [1, 2])), messageOf(number));
    await deliver(store, envelopeTo(1), LARGE, 100_000);
    await deliver(
      store,
      envelopeOut(['dan@elsewhere.example'], { submitter: 1 }),
      Buffer.from('Subject: out\r\n\r\nx\r\n'),
    );
    await store.mailboxes.indexMail(false);
    await eventually('all to be in the index', async () => (await store.mailboxes.countUnindexed()) === 0);
    await store.close();
    const connection = openConnection(sound);
    connection.pragma('incremental_vacuum'); // What stands in free pages is nobody's.
    connection.close();
  });
  beforeEach(() => {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${db}${ending}`, { force: true });
    copyFileSync(sound, db);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function change(...statements: readonly string[]): void {
    const connection = openConnection(db);
    connection.unsafeMode(); // The tables of the index are FTS5's own.
    connection.pragma('foreign_keys = off');
    for (const statement of statements) connection.exec(statement);
    connection.close();
  }

  /** Turns one bit of the text wherever it is in the file: pages also hold remains of what was moved. */
  function turn(text: string): void {
    const file = readFileSync(db);
    for (let found = file.indexOf(text); found !== -1; found = file.indexOf(text))
      file[found] = (file[found] as number) ^ 1;
    writeFileSync(db, file);
  }

  function whats({ findings }: CheckReport): readonly string[] {
    return findings.map(({ what }) => what);
  }

  it('finds nothing where nothing is wrong, and counts what there is', async () => {
    const report = await maintenance.check(db);
    expect(report.findings).to.deep.equal([]);
    expect(report).to.include({
      messages: SMALL + SMALL / 2 + 1,
      bodies: SMALL + 2,
      withoutHash: 0,
      olderVersion: undefined,
    });
  });

  it('compares with the SHA-256 of what was acknowledged, of messages in one frame and in chunks', () => {
    const connection = openConnection(db, { readonly: true });
    const hashes = connection.prepare<[], Buffer>('select hash from body order by id').pluck().all();
    connection.close();
    const given = [...Array.from({ length: SMALL }, (_, index) => messageOf(index + 1)), LARGE];
    expect(hashes.slice(0, given.length)).to.deep.equal(
      given.map((each) => createHash('sha256').update(each).digest()),
    );
  });

  for (const number of [1, 2, 17, SMALL])
    it(`finds one bit of message ${number} that was turned, and says whose it is`, async () => {
      turn(`mark ${number} mark`);
      const { findings } = await maintenance.check(db);
      expect(findings.map(({ what }) => what)).to.deep.equal([
        `body ${number}: its octets are not those that were acknowledged`,
      ]);
      const mail = findings.flatMap((finding) => finding.mail);
      expect(mail.map(({ whose }) => whose)).to.deep.equal(
        number % 2 === 0 ? ['alice@localhost'] : ['alice@localhost', 'carol@localhost'],
      );
      for (const each of mail)
        expect(each).to.deep.include({ from: `Bob ${number} <bob@example.net>`, subject: `number ${number}` });
    });

  it('finds what is missing of a message, and what waits in the queue', async () => {
    change(
      `delete from chunk where body = ${SMALL + 1} and seq = 1`,
      `update chunk set data = substr(data, 1, 10) where body = ${SMALL + 2}`,
      `update message set octets = octets + 2 where id = 5`,
    );
    const { findings } = await maintenance.check(db);
    expect(findings.map(({ what }) => what)).to.include.members([
      `body ${SMALL + 1}: a piece of it is missing`,
      `body ${SMALL + 2}: 10 octets are stored of the 19 that were acknowledged`,
    ]);
    expect(findings.some(({ what }) => /^a message should have \d+ octets, and has \d+$/.test(what))).to.equal(true);
    expect(findings.flatMap(({ mail }) => mail)).to.deep.include({
      ...{ kind: 'queue', whose: 'dan@elsewhere.example', number: 1, from: undefined, subject: 'out' },
    });
  });

  const left: readonly (readonly [string, RegExp, ...(readonly string[])])[] = [
    ['a counter of messages', /are counted for alice@localhost/, 'update account set messages = 3 where id = 1'],
    ['a counter of octets', /are counted for carol@localhost/, 'update account set octets = 1 where id = 2'],
    [
      'counters of a domain',
      /3 messages of 1 octets are counted for the domain localhost/,
      'update domain set quota_octets = 9, messages = 3, octets = 1',
    ],
    [
      'messages that were deleted',
      /0 messages point to body 2, and 1 are counted/,
      'delete from message where body = 2',
    ],
    ['bodies that were deleted', /the body of a message is gone/, 'delete from body where id = 4'],
    [
      'bodies that the search index has, and nobody else',
      /1 bodies in the search index are gone/,
      'delete from body where id = 4',
    ],
    [
      'damage in the search index',
      /^the search index is damaged: .*mail_index/,
      'update mail_index_data set block = zeroblob(length(block)) where id > 10',
    ],
    [
      'a search index that cannot be opened',
      /^the search index is damaged: .*mail_index/,
      "update mail_index_data set block = x'ffffffffffffffff' where id = 10",
    ],
    ['an account that was deleted', /15 rows of message belong to no account/, 'delete from account where id = 2'],
    [
      'a queue without its message',
      /the message to dan@elsewhere\.example in the queue is gone/,
      'delete from outgoing',
    ],
    ['a queue without its recipient', /1 recipients, and 0 are left/, 'delete from queued'],
    [
      'a count of the queue',
      /9 recipients in the queue are counted in state 0/,
      'update queue_count set recipients = 9 where state = 0',
    ],
    ['when mail is due', /when mail to elsewhere\.example is due next/, 'update destination set ready_at = 7'],
  ];
  for (const [what, said, ...statements] of left)
    it(`finds and mends ${what}`, async () => {
      change(...statements);
      const found = await maintenance.check(db);
      expect(whats(found).join('\n')).to.match(said);
      expect(
        found.findings.every(({ mendable }) => mendable),
        whats(found).join('\n'),
      ).to.equal(true);
      const { mended, left: after } = await maintenance.repair(db);
      expect(mended.map((each) => each.what)).to.deep.equal(whats(found));
      expect(after.findings).to.deep.equal([]);
    });

  it('mends no mail, and says that it did not', async () => {
    turn('mark 3 mark');
    change('update account set messages = 3 where id = 1');
    const { mended, left: after } = await maintenance.repair(db);
    expect(mended).to.have.length(1);
    expect(whats(after)).to.deep.equal(['body 3: its octets are not those that were acknowledged']);
  });

  it('gives bodies of before a hash was kept theirs, but none to one that is not whole', async () => {
    change('update body set hash = null', `update chunk set data = substr(data, 1, 10) where body = 2`);
    expect(await maintenance.check(db)).to.deep.include({ withoutHash: SMALL + 1 });
    const { hashed, left: after } = await maintenance.repair(db);
    expect(hashed).to.equal(SMALL + 1);
    expect(after.withoutHash).to.equal(0);
    expect(whats(after)).to.deep.equal([
      'body 2: 10 octets are stored of the ' + `${messageOf(2).length} that were acknowledged`,
    ]);
  });

  it('finds every page that is not what it was, and is refused by none', async function () {
    this.timeout(120_000);
    const pages = statSync(sound).size / PAGE;
    const missed: number[] = [];
    for (let page = 1; page < pages; page++) {
      const file = readFileSync(sound);
      if (file.subarray(page * PAGE, (page + 1) * PAGE).every((octet) => octet === 0)) continue;
      file.fill(0x5a, page * PAGE, (page + 1) * PAGE);
      writeFileSync(db, file);
      const findings = await maintenance.check(db).then(
        (report) => report.findings.length,
        (error: unknown) => expect(error).to.have.property('name', 'StoreError'),
      );
      if (findings === 0) missed.push(page);
    }
    expect(missed).to.deep.equal([]);
  });

  describe('beside a store that runs', () => {
    let store: MailStore;
    beforeEach(async () => (store = await sqlite.open(db)));
    afterEach(() => store.close());

    it('sees what it has committed, and mends nothing', async () => {
      await deliver(store, envelopeTo(1), messageOf(1));
      const report = await maintenance.check(db);
      expect(report.findings).to.deep.equal([]);
      expect(report.bodies).to.equal(SMALL + 3);
      await fails('refused', maintenance.repair(db), /stop it first/);
    });

    it('finds nothing while mail comes and goes', async () => {
      const state = { over: false };
      const load = (async () => {
        for (let uid = 1; !state.over; uid++) {
          await deliver(store, envelopeTo(1, 2), uid % 20 === 0 ? LARGE : messageOf(uid), 100_000);
          const maildrop = await store.open(2, { from: 'test' });
          await maildrop.remove([[1, 1]]);
          await maildrop.release();
        }
      })();
      for (let times = 0; times < 10; times++) expect(whats(await maintenance.check(db))).to.deep.equal([]);
      state.over = true;
      await load;
    });
  });

  it('of nothing, or of what is not ours, is refused in a sentence', async () => {
    await fails('refused', maintenance.check(join(directory, 'none.db')), /There is no database/);
    writeFileSync(db, 'Dear diary, '.repeat(1000));
    await fails('unavailable', maintenance.check(db), /is no SQLite database/);
  });
});
