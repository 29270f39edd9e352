/** What was removed, in SQLite: no question of it grows with what is stored, its view speaks plainly, and it makes room. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openForReading } from '../../src/store/sqlite/database/database.js';
import { prepareNewestReads } from '../../src/store/sqlite/database/newest-reads.js';
import { prepareReads } from '../../src/store/sqlite/database/reads.js';
import { prepareViewReads } from '../../src/store/sqlite/database/view-reads.js';
import { prepareRemovedReads } from '../../src/store/sqlite/database/removed-reads.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { FreePages } from '../../src/store/sqlite/server/free-pages.js';
import { prepareExpiry } from '../../src/store/sqlite/server/expiry.js';
import { prepareHidden } from '../../src/store/sqlite/server/hidden-mail.js';
import { prepareRemovalWrites } from '../../src/store/sqlite/database/removal-writes.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import type { StartOptions, StoreObserver } from '../../src/store/driver.js';
import type { Maildrop, NumberRange, ViewId } from '../../src/store/maildrops.js';
import type { MailStore } from '../../src/store/store.js';
import { withConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { everything, messagesOf, numbers } from '../support/maildrops.js';
import { plansOf } from '../support/query-plans.js';
import { at, deliver, envelopeTo, fails, openSoon, withMaildrop } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const ALICE = at('alice@example.org');
const HOUR_MS = 3_600_000;
const LARGE_BYTES = 1024 * 1024;
const LARGE_COUNT = 60;
/** Nothing on any disk has so much room. */
const ALL_BYTES = 2 ** 52;
/** Its first row, and one of two. */
const BOUNDED = /^SCAN (removal|\(subquery-\d+\))$/;
/** Asked by a command alone, of one account. */
const COMMANDS = 'group by removal.id';
/** Views of two devices. */
const [PHONE, DESK] = [7, 8];
/** Between a message and the last, 20,000 that are hidden and removed in turn. */
const SCATTERED = `
  create temp table n as with recursive n (at) as (select 1 union all select at + 1 from n where at < 20001) select at from n;
  create temp table first as select uid from message;
  insert into message (account, uid, body, octets, received_at, reverse_path, recipient, trace)
  select account, uid + at, body, octets, received_at, reverse_path, recipient, trace from message, n;
  insert into removal (id, account, state, removed_at, client) values (100, 1, 2, 1e15, 'test');
  insert into hidden select 1, 7, uid + at, uid + at from n, first where at < 20001 and at % 2 = 1;
  insert into removed select 1, uid + at, uid + at, 100 from n, first where at % 2 = 0;
  update account set uid_next = uid_next + 20001;`;
/** More than a store takes to answer. */
const MANY_TURNS = 12;

describe('what was removed in SQLite', () => {
  let directory = '';
  let db = '';
  const cleaning: (() => Promise<unknown>)[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-removals-'));
    db = join(directory, 'mail.db');
  });

  afterEach(async () => {
    for (const clean of cleaning.splice(0).reverse()) await clean();
    rmSync(directory, { recursive: true, force: true });
  });

  function look(sql: string): readonly unknown[] {
    const connection = openForReading(db);
    try {
      return connection.prepare(sql).all();
    } finally {
      connection.close();
    }
  }

  async function serve(options: StartOptions, observer: Partial<StoreObserver> = {}): Promise<MailStore> {
    const silent = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
    const server = await sqlite.start(db, { ...silent, ...observer }, options);
    cleaning.push(async () => server?.close());
    const store = await sqlite.open(db);
    cleaning.push(() => store.close());
    if (look('select 1 from account').length === 0) await store.directory.addAccount(ALICE, HASH);
    return store;
  }

  it('is asked nothing that is looked for among all rows', () => {
    const plans = withConnection(db, (connection) =>
      plansOf(connection, (noting) => {
        prepareRemovalWrites(noting);
        prepareRemovedReads(noting);
        prepareReads(noting);
        prepareNewestReads(noting);
        prepareHidden(noting);
        prepareViewReads(noting);
        prepareExpiry(noting);
      }),
    );
    const asked = plans.filter(
      ({ sql }) => /(from|into|update|join) (remov(al|ed|ing)|hidden|age)\b/.test(sql) && !sql.includes(COMMANDS),
    );
    expect(asked).to.have.length.above(35);
    for (const { details, sql } of asked)
      for (const detail of details) {
        expect(detail, sql).to.not.match(/TEMP B-TREE/);
        if (detail.startsWith('SCAN')) expect(detail, sql).to.match(BOUNDED);
      }
  });

  it('is shown by the view removals, in words for people, and by no other', async () => {
    const store = await serve({ keepRemovedMs: HOUR_MS });
    for (const subject of ['one', 'two\u001b[2J'])
      await deliver(store, envelopeTo(1), Buffer.from(`From: s@example.net\r\nSubject: ${subject}\r\n\r\nx\r\n`));
    const held = await store.open(1, { from: '192.0.2.7\u001b pop3-1' });
    const uidls = [(await held.find(1))?.uidl, (await held.find(2))?.uidl];
    await held.remove([[2, 2]]);
    await held.release();
    const [row, ...others] = look('select * from removals') as readonly Readonly<Record<string, unknown>>[];
    expect(others).to.deep.equal([]);
    expect(row).to.include({
      ...{ account: 'alice@example.org', client: '192.0.2.7 pop3-1', from: 's@example.net', subject: 'two[2J' },
      ...{ uidl: uidls[1], number: (await store.removedMail.listRemoved(ALICE))[0]?.number },
    });
    for (const column of ['removed', 'received'])
      expect(row?.[column], column).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(look('select uidl from mail')).to.deep.equal([{ uidl: uidls[0] }]);
    expect(look('select messages from mailboxes')).to.deep.equal([{ messages: 1 }]);
  });

  it('of a maildrop that is emptied over and over is passed by one look', async () => {
    const store = await serve({ keepRemovedMs: HOUR_MS });
    for (let round = 0; round < 30; round++) {
      for (let count = 0; count < 3; count++) await deliver(store, envelopeTo(1), Buffer.from('x\r\n'));
      // Once in a while one stays, and goes with the next.
      await withMaildrop(store, 1, (maildrop) => maildrop.remove(round % 4 === 0 ? [[1, 2]] : everything(maildrop)));
    }
    expect(look('select count(*) as n from removed')).to.deep.equal([{ n: 30 }]);
    expect(
      look('select (select count(*) from removed where first >= first_uid) as n from account where id = 1'),
    ).to.deep.equal([{ n: 0 }]);
    expect((await openSoon(store, 1)).count).to.equal(0);
  });

  it('and what a view hides stands in one range, however often and in whatever order it was hidden', async () => {
    const store = await serve({ keepRemovedMs: HOUR_MS });
    const phone = { name: 'phone', scopes: ['pop3'], hash: 'h' } as const;
    await store.directory.addCredential(ALICE, phone);
    const view = (await store.findLogin('alice+phone@example.org'))?.credentials[0]?.id ?? 0;
    const hide = async (ranges: readonly NumberRange[]) => {
      const maildrop = await openSoon(store, 1, view);
      await maildrop.remove(ranges.length === 0 ? everything(maildrop) : ranges);
      await maildrop.release();
    };
    const ranges = () => look('select count(*) as n from hidden') as { n: number }[];
    for (let round = 0; round < 10; round++) {
      for (const text of ['one', 'two', 'three', 'four', 'five'])
        await deliver(store, envelopeTo(1), Buffer.from(`Subject: ${text} ${round}\r\n\r\nx\r\n`));
      await hide([[2, 2], [4, 4]]); // prettier-ignore
      expect(ranges()[0]?.n).to.equal(round === 0 ? 2 : 3);
      if (round === 5) expect(look('select subject from hidden_mail')).to.deep.include({ subject: 'two 5' });
      await hide([]);
      expect(ranges()[0]?.n).to.equal(1);
    }
    expect(look('select account, login, count(*) as n from hidden_mail')).to.deep.equal([
      { account: 'alice@example.org', login: 'phone', n: 50 },
    ]);
    await withMaildrop(store, 1, (maildrop) => maildrop.remove([[1, 49]]));
    expect(look('select uidl, subject from hidden_mail')).to.deep.equal(look('select uidl, subject from mail'));
    await store.directory.removeCredential(ALICE, 'phone');
    expect(ranges()[0]?.n).to.equal(0);
  });

  for (const [what, keepRemovedMs] of [
    ['deleted', 0],
    ['purged', 1],
  ] as const)
    it(`and ${what} parts nothing any more of what a view hides`, async () => {
      const store = await serve({ keepRemovedMs });
      for (let count = 0; count < 6; count++) await deliver(store, envelopeTo(1), Buffer.from('x\r\n'));
      const hide = async (view: ViewId, ...each: readonly number[]) => {
        const maildrop = await openSoon(store, 1, view);
        await maildrop.remove(numbers(...each));
        await maildrop.release();
      };
      await hide(PHONE, 1, 3, 5);
      await hide(DESK, 2, 5);
      await withMaildrop(store, 1, (maildrop) => maildrop.remove(numbers(2, 4)));
      const ranges = () => look('select view, last - first as more from hidden') as { view: number; more: number }[];
      await eventually('three to be one', () => ranges().length === 3);
      expect(ranges()).to.deep.equal([{ view: PHONE, more: 4 }, { view: DESK, more: 0 }, { view: DESK, more: 0 }]); // prettier-ignore
    });

  it('and what is hidden, in turn and many times over, makes nobody wait who is not in that maildrop', async () => {
    const store = await serve({ keepRemovedMs: HOUR_MS });
    await deliver(store, envelopeTo(1), Buffer.from('x\r\n'));
    withConnection(db, (connection) => connection.exec(SCATTERED));
    let maildrop: Maildrop | undefined;
    const open = async () => (maildrop = await openSoon(store, 1, PHONE));
    expect(await turnsOf(open)).to.be.above(MANY_TURNS);
    expect(maildrop).to.include({ count: 2 });
    const list = async () => expect(await messagesOf(maildrop as Maildrop)).to.have.length(2);
    expect(await turnsOf(list)).to.be.above(MANY_TURNS);
    const remove = () => (maildrop as Maildrop).remove(everything(maildrop as Maildrop));
    expect(await turnsOf(remove)).to.be.above(MANY_TURNS);
  });

  it('is purged before its time while the disk is nearly full, the oldest first, and that is told', async () => {
    const told: [string, object][] = [];
    const first = await serve({ keepRemovedMs: HOUR_MS });
    for (const text of ['one', 'two']) await deliver(first, envelopeTo(1), Buffer.from(`${text}\r\n`));
    await withMaildrop(first, 1, (maildrop) => maildrop.remove([[1, 1]]));
    expect(await first.removedMail.listRemoved(ALICE)).to.have.length(1);
    for (const clean of cleaning.splice(0).reverse()) await clean();
    const second = await serve(
      { keepRemovedMs: HOUR_MS, minFreeBytes: ALL_BYTES },
      { noted: (...what) => told.push(what) },
    );
    await eventually('it to be purged', async () => (await second.removedMail.listRemoved(ALICE)).length === 0);
    await eventually('it to be told', () => told.length > 0);
    expect(told).to.deep.equal([
      ['the disk is nearly full: what was removed is purged before its time', { removals: 1 }],
    ]);
    expect((await openSoon(second, 1)).count).to.equal(1);
    expect(look('select count(*) as n from body')).to.deep.equal([{ n: 1 }]);
  });

  it('gives its room back to the file system while mail comes in, but for some', async () => {
    const store = await serve({ keepRemovedMs: 0 });
    const large = Buffer.alloc(LARGE_BYTES, `${'x'.repeat(76)}\r\n`);
    await Promise.all(Array.from({ length: LARGE_COUNT }, () => deliver(store, envelopeTo(1), large)));
    await eventually('them to be in the file', () => statSync(db).size > (LARGE_COUNT - 8) * LARGE_BYTES);
    await withMaildrop(store, 1, async (maildrop) => maildrop.remove(everything(maildrop)));
    let sent = 0;
    await eventually('the file to be cut', async () => {
      await deliver(store, envelopeTo(1), Buffer.from(`${(sent += 1)}\r\n`));
      return statSync(db).size < 16 * LARGE_BYTES;
    });
    const [{ free }] = look(
      'select freelist_count * page_size as free from pragma_freelist_count, pragma_page_size',
    ) as [{ free: number }];
    expect(free).to.be.above(4 * LARGE_BYTES);
    expect(look('pragma integrity_check')).to.deep.equal([{ integrity_check: 'ok' }]);
    expect(look('select count(*) as n from mail')).to.deep.equal([{ n: sent }]);
  });

  it('has no room given back while that is little, and none where the file was not made for it', () => {
    const freed = (kib: number, pragma: string): number => {
      const path = join(directory, `${kib}${pragma}.db`);
      const connection = openConnection(path);
      connection.pragma('synchronous = off');
      connection.pragma(`auto_vacuum = ${pragma}`);
      connection.exec('create table filling (data)');
      const fill = connection.prepare('insert into filling values (zeroblob(?))');
      for (const each of [kib, 40 * 1024 - kib]) fill.run(each * 1024);
      connection.exec('delete from filling where rowid = 1');
      const before = statSync(path).size;
      const pages = new FreePages(connection);
      for (let steps = 0; pages.step(); steps++) expect(steps).to.be.below(100_000);
      connection.close();
      return Math.round((before - statSync(path).size) / (1024 * 1024));
    };
    expect([freed(15 * 1024, 'incremental'), freed(30 * 1024, 'none')]).to.deep.equal([0, 0]);
    expect(freed(30 * 1024, 'incremental')).to.be.within(20, 23);
  });

  for (const [keeping, keepRemovedMs] of [
    ['kept for a while', HOUR_MS],
    ['not kept', 0],
  ] as const)
    it(`expires by age from when it came here, some at a time, and is ${keeping}`, async () => {
      const store = await serve({ keepRemovedMs });
      const send = (count: number) =>
        Promise.all(Array.from({ length: count }, () => deliver(store, envelopeTo(1), Buffer.from('x\r\n'))));
      const held = async () => (await store.directory.listAccounts())[0]?.messages;
      const ages = () => look('select count(*) as n from age') as { n: number }[];
      await send(250);
      await store.directory.setExpiry(ALICE, 2);
      await eventually('its age to be noted', () => ages()[0]?.n === 1);
      await withMaildrop(store, 1, (maildrop) => maildrop.remove([[1, 1], [3, 5], [200, 200]])); // prettier-ignore
      await send(3);
      withConnection(db, (connection) => connection.exec('update age set at = at - 86400000'));
      await store.directory.setExpiry(ALICE, 2);
      await eventually('the age of what came since to be noted', () => ages()[0]?.n === 2);
      await send(4);
      expect(await held(), 'after a day').to.equal(252);
      withConnection(db, (connection) => connection.exec('update age set at = at - 86400000'));
      const open = await openSoon(store, 1, 7);
      await store.directory.setExpiry(ALICE, 2);
      await eventually('an open maildrop to be passed', () => ages()[0]?.n === 3);
      expect(await held(), 'while it is open').to.equal(252);
      await open.release();
      await store.directory.setExpiry(ALICE, 2);
      await eventually('it to be gone', async () => (await held()) === 7);
      // A maildrop that is open is passed by that, too.
      await eventually('its marks to go in the step behind it', () => ages()[0]?.n === 2);
      expect((await openSoon(store, 1)).count).to.equal(7);
      const removed = look('select distinct client from removals') as { client: string }[];
      expect(removed.map(({ client }) => client)).to.deep.equal(
        keepRemovedMs === 0 ? [] : ['test', 'expired after 2 days'],
      );
      await store.directory.removeAccount(ALICE);
      await eventually('the rest to go', () => ages()[0]?.n === 0);
    });

  it('expires by what was noted while the clock was ahead, as if that were noted now', async () => {
    const store = await serve({ keepRemovedMs: 0 });
    const ages = () => look('select at, uid from age') as { at: number; uid: number }[];
    const pass = async (shiftMs: number) => {
      withConnection(db, (connection) => connection.prepare('update age set at = at + ?').run(shiftMs));
      await store.directory.setExpiry(ALICE, 2);
    };
    await deliver(store, envelopeTo(1), Buffer.from('one\r\n'));
    await pass(0);
    await eventually('its age to be noted', () => ages().length === 1);
    await deliver(store, envelopeTo(1), Buffer.from('two\r\n'));
    await pass(1000 * HOUR_MS);
    await eventually('it to be noted now', () => (ages()[0]?.at ?? Infinity) <= Date.now());
    expect(ages().map(({ uid }) => ({ uid }))).to.deep.equal(look('select max(uid) + 1 as uid from message'));
    await deliver(store, envelopeTo(1), Buffer.from('three\r\n'));
    await pass(-48 * HOUR_MS);
    await eventually('both to be gone', () => (look('select uid from message') as unknown[]).length === 1);
  });

  it('while the clock was ahead is purged as the rest is on a disk that is nearly full, and counts as removed now', async () => {
    const first = await serve({ keepRemovedMs: HOUR_MS });
    await deliver(first, envelopeTo(1), Buffer.from('one\r\n'));
    await withMaildrop(first, 1, (maildrop) => maildrop.remove([[1, 1]]));
    for (const clean of cleaning.splice(0).reverse()) await clean();
    withConnection(db, (connection) =>
      connection.exec(`update removal set removed_at = ${Date.now() + 1000 * HOUR_MS}`),
    );
    const second = await serve({ keepRemovedMs: HOUR_MS, minFreeBytes: ALL_BYTES });
    await eventually('it to be purged', async () => (await second.removedMail.listRemoved(ALICE)).length === 0);
    const [{ purgedToMs }] = look('select purged_to as purgedToMs from account') as [{ purgedToMs: number }];
    expect(purgedToMs).to.be.within(Date.now() - 60_000, Date.now());
  });

  it('is not restored to a moment as if all of it were there when some is purged meanwhile', async () => {
    const store = await serve({ keepRemovedMs: HOUR_MS });
    const atMs = Date.now() - HOUR_MS;
    for (const text of ['one', 'two']) await deliver(store, envelopeTo(1), Buffer.from(`${text}\r\n`));
    for (let count = 0; count < 2; count++) await withMaildrop(store, 1, (maildrop) => maildrop.remove([[1, 1]]));
    withConnection(db, (connection) =>
      connection.exec(`create trigger purge after delete on removal
                       begin update account set purged_to = old.removed_at; end`),
    );
    await fails(
      'refused',
      store.removedMail.restoreTo(ALICE, atMs),
      /^Restored 1 message, and not the others: Some of .* was purged meanwhile/,
    );
    expect(await store.removedMail.listRemoved(ALICE)).to.have.length(1);
  });
});

/** In how many turns of the event loop it was done. */
async function turnsOf(act: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  const ticking = new AbortController();
  const tick = (): void => {
    turns += 1;
    if (!ticking.signal.aborted) setImmediate(tick);
  };
  tick();
  try {
    await act();
    return turns;
  } finally {
    ticking.abort();
  }
}
