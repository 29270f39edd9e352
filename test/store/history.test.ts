/**
 * What came and who logged in, as the views show it: every one has its row until there are too many, and then their number is known;
 * it goes when it is old, and nothing of it can speak to a terminal.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunningStore } from '../../src/store/driver.js';
import type { ArrivalRecord, LoginRecord } from '../../src/store/history.js';
import { RowBudget } from '../../src/store/sqlite/client/row-budget.js';
import { openForWriting, type Connection } from '../../src/store/sqlite/database/database.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { Writer } from '../../src/store/sqlite/server/writer.js';
import type { MailStore } from '../../src/store/store.js';
import { withConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { plansOf } from '../support/query-plans.js';

const observer = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
const AT_MS = Date.UTC(2026, 10, 30, 12, 0, 0, 500);
const AT = '2026-11-30T12:00:00Z';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const ACCEPTED: ArrivalRecord = {
  ...{ address: '192.0.2.1', helo: 'client.example', tls: 'TLSv1.3', login: 'alice@localhost' },
  ...{
    reversePath: 'a@example.org',
    recipient: 'alice@localhost',
    octets: 120,
    id: 'x-1.1-1',
    reply: '2.0.0 Accepted',
  },
};
const REFUSED: ArrivalRecord = {
  ...{ ...ACCEPTED, tls: undefined, login: undefined, octets: undefined, id: undefined },
  ...{ recipient: 'nobody\x1b[31m\u202e@localhost', reply: '5.1.1 No such mailbox' },
};
const TAKEN = { atMs: AT_MS, code: 250 };
const NOT_TAKEN = { atMs: AT_MS, code: 550 };
const LOGIN: LoginRecord = {
  ...{ atMs: AT_MS, account: 'alice@localhost', address: '192.0.2.1', protocol: 'POP3', mechanism: 'USER' },
  ...{ credential: undefined, outcome: 'accepted', reason: undefined },
};
const FAILURE: LoginRecord = { ...LOGIN, account: undefined, outcome: 'wrong', reason: 'no such account' };

describe('what came and who logged in', () => {
  let directory: string;
  let db: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-history-'));
    db = join(directory, 'mail.db');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  describe('told to a store', () => {
    let server: RunningStore | undefined;
    let store: MailStore;
    let shell: Connection;

    beforeEach(async () => {
      server = await sqlite.start(db, observer);
      store = await sqlite.open(db);
      shell = openConnection(db, { readonly: true });
    });

    afterEach(async () => {
      shell.close();
      await store.close();
      await server?.close();
    });

    const rows = (sql: string) => shell.prepare<[], Record<string, unknown>>(sql).all();

    it('is in the views, with its times as ISO 8601 has them and without what is not for a terminal', async () => {
      store.history.recordArrival(TAKEN, () => ACCEPTED);
      store.history.recordArrival(NOT_TAKEN, () => REFUSED);
      store.history.recordLogin(LOGIN);
      const arrivals = await eventually('both to be written', () =>
        rowsOf('select * from arrivals order by id desc', 2),
      );
      expect(arrivals).to.deep.equal([
        {
          ...{ at: AT, address: '192.0.2.1', helo: 'client.example', tls: 'TLSv1.3', login: 'alice@localhost' },
          ...{ from: 'a@example.org', to: 'alice@localhost', octets: 120, id: 'x-1.1-1', code: 250 },
          ...{ reply: '2.0.0 Accepted', times: 1 },
        },
        {
          ...{ at: AT, address: '192.0.2.1', helo: 'client.example', tls: null, login: null, from: 'a@example.org' },
          ...{
            to: 'nobody[31m@localhost',
            octets: null,
            id: null,
            code: 550,
            reply: '5.1.1 No such mailbox',
            times: 1,
          },
        },
      ]);
      expect(rows('select * from logins')).to.deep.equal([
        {
          ...{ last: AT, first: AT, times: 1, account: 'alice@localhost', address: '192.0.2.1', outcome: 'accepted' },
          ...{ reason: null, protocol: 'POP3', mechanism: 'USER', credential: null },
        },
      ]);
    });

    it('has one row an hour where only the moment differs', async () => {
      for (const atMs of [AT_MS, AT_MS + 60_000, AT_MS + 120_000, AT_MS + HOUR_MS])
        store.history.recordLogin({ ...LOGIN, atMs });
      store.history.recordLogin(FAILURE);
      store.history.flush();
      const logins = await eventually('them to be written', () =>
        rowsOf('select * from logins order by last, outcome', 3),
      );
      expect(
        logins.map(({ first, last, times, account, reason }) => [first, last, times, account, reason]),
      ).to.deep.equal([
        [AT, AT, 1, null, 'no such account'],
        [AT, '2026-11-30T12:02:00Z', 3, 'alice@localhost', null],
        ['2026-11-30T13:00:00Z', '2026-11-30T13:00:00Z', 1, 'alice@localhost', null],
      ]);
    });

    it('has only so many rows of a flood, the number of the others, and all that was accepted beside it', async () => {
      for (let n = 0; n < 20_000; n++) {
        store.history.recordArrival(NOT_TAKEN, () => ({ ...REFUSED, recipient: `${n}@localhost` }));
        store.history.recordLogin({ ...FAILURE, address: `2001:db8::${n.toString(16)}` });
      }
      store.history.recordArrival(TAKEN, () => ACCEPTED);
      store.history.recordLogin(LOGIN);
      store.history.flush();
      await eventually('the last to be written', () => rowsOf("select * from logins where outcome = 'accepted'", 1));
      for (const view of ['arrivals', 'logins']) {
        const [counts] = rows(
          `select count(*) as n, sum(times) as times, max(times) as others from ${view} where ${view === 'arrivals' ? 'coalesce(code, 550) = 550' : "outcome <> 'accepted'"}`,
        );
        expect(counts, view).to.deep.equal({ n: 501, times: 20_000, others: 19_500 });
      }
      expect(rows('select reply, times from arrivals where address is null')).to.deep.equal([
        { reply: 'refused', times: 19_500 },
      ]);
      expect(rows('select count(*) as n from arrivals where code = 250')).to.deep.equal([{ n: 1 }]);
    });

    function rowsOf(sql: string, count: number): readonly Record<string, unknown>[] | undefined {
      const found = rows(sql);
      return found.length === count ? found : undefined;
    }
  });

  describe('in the database', () => {
    const nowMs = Date.now();
    const row = { helo: null, tls: null, login: null, reversePath: null, recipient: null, octets: null, message: null };
    const arrival = (atMs: number) => ({ ...row, atMs, address: '192.0.2.1', code: 550, reply: 'x', times: 1 });
    const login = (atMs: number) => ({
      ...{ atMs, account: '', address: '192.0.2.1', protocol: 'POP3', mechanism: 'USER', credential: '' },
      ...{ outcome: 'wrong', reason: '', times: 1 },
    });
    const old = {
      arrivals: Array.from({ length: 120 }, () => arrival(nowMs - 2 * DAY_MS)),
      logins: [login(nowMs - 32 * DAY_MS)],
    };
    const recent = { arrivals: [arrival(nowMs)], logins: [login(nowMs - 29 * DAY_MS)] };

    function swept(options: ConstructorParameters<typeof Writer>[1]): unknown {
      const connection = openForWriting(db);
      const writer = new Writer(connection, options);
      for (const rows of [old, recent]) writer.history.add(rows);
      expect(writer.sweep()).to.equal(true);
      const left = connection
        .prepare('select (select count(*) from arrival), (select count(*) from login)')
        .raw()
        .get();
      connection.close();
      return left;
    }

    it('is looked for by its age, and never among all rows', () => {
      const plans = withConnection(db, (connection) => plansOf(connection, (noting) => new Writer(noting)));
      const asked = plans.filter(({ sql }) => /(from|into) (arrival|login)\b/.test(sql));
      expect(asked).to.have.length(5);
      for (const { details, sql } of asked)
        for (const detail of details) {
          expect(detail, sql).to.not.match(/TEMP B-TREE/);
          if (detail.startsWith('SCAN')) expect(detail, sql).to.equal('SCAN arrival'); // From the oldest on, as many as the limit.
        }
    });

    it('goes when it is old, a few rows at a time, and not before', () => {
      expect(swept({ keepArrivalsMs: DAY_MS })).to.deep.equal([1, 1]);
    });

    it('is not kept where nothing of what came is', () => {
      expect(swept({ keepArrivalsMs: 0 })).to.deep.equal([0, 1]);
    });

    it('is not written while the disk is nearly full', () => {
      expect(swept({ isShort: () => true })).to.deep.equal([0, 0]);
    });
  });

  it('may come all at once, and then at its pace, whatever the clock does', () => {
    const budget = new RowBudget({ atOnce: 3, perSecond: 2 }, 1_000);
    const taken = (...moments: readonly number[]) => moments.map((atMs) => budget.take(atMs));
    expect(taken(1_000, 1_000, 1_000, 1_000)).to.deep.equal([true, true, true, false]);
    expect(taken(1_500, 1_500, 0, 400, 600)).to.deep.equal([true, false, false, false, true]);
    expect(budget.takeBeyond()).to.equal(4);
    expect(budget.takeBeyond()).to.equal(0);
  });
});
