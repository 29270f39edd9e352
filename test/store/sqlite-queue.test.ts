/** The queue in SQLite: no question of it grows with what is stored, and its views speak plainly. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StoreError } from '../../src/store/errors.js';
import { prepareQueueReads } from '../../src/store/sqlite/database/queue-reads.js';
import { prepareQueueWrites } from '../../src/store/sqlite/database/queue-writes.js';
import { prepareCollectorReads, prepareCollectorWrites } from '../../src/store/sqlite/database/collectors.js';
import { prepareWebSessionReads, prepareWebSessionWrites } from '../../src/store/sqlite/database/web-sessions.js';
import { prepareRelayLoginReads, prepareRelayLoginWrites } from '../../src/store/sqlite/database/relay-logins.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { Writer } from '../../src/store/sqlite/server/writer.js';
import { withConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { plansOf } from '../support/query-plans.js';
import { deliver } from './contract.js';
import { envelopeOut } from './queue-contract.js';

/** In order of the row's number, or of an index that holds none but such rows: the first that is meant is near its beginning. */
const BOUNDED =
  /^SCAN (CONSTANT ROW|outgoing|attempt|queue_count|relay_login|collector|\(subquery-\d+\))$|^SCAN \w+ USING (COVERING )?INDEX (queued_leased|queued_expire|queued_notice|destination_ready|collector_maildrop)$/;

describe('the queue in SQLite', () => {
  let directory = '';
  let db = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-queue-'));
    db = join(directory, 'mail.db');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is asked nothing that is looked for among all rows', () => {
    const plans = withConnection(db, (connection) =>
      plansOf(connection, (noting) => {
        prepareQueueReads(noting);
        prepareQueueWrites(noting);
        prepareCollectorReads(noting);
        prepareCollectorWrites(noting);
        prepareWebSessionReads(noting);
        prepareWebSessionWrites(noting);
        prepareRelayLoginReads(noting);
        prepareRelayLoginWrites(noting);
      }),
    );
    expect(plans).to.have.length.above(40);
    const isForDamage = (sql: string): boolean => sql.includes('indexed by queued_due'); // For a few pages alone.
    for (const { details, sql } of plans.filter((plan) => !isForDamage(plan.sql)))
      for (const detail of details) {
        expect(detail, sql).to.not.match(/TEMP B-TREE/);
        if (detail.startsWith('SCAN')) expect(detail, sql).to.match(BOUNDED);
      }
  });

  it('is shown by the views queue and deliveries, in words for people', async () => {
    const store = await sqlite.open(db);
    try {
      await store.queue.begin('one');
      await deliver(store, envelopeOut(['bob@x.example']), Buffer.from('Subject: s\r\n\r\n'));
      const [message] = await store.queue.lease([{ destination: 'x.example', recipients: 1 }], 1_000);
      const id = message?.recipients[0]?.id ?? 0;
      const reply = { code: 450, enhanced: '4.2.1', text: 'later\u001b[2J', host: 'mx.x.example' };
      const outcome = { kind: 'deferred', reply, nextAttemptAtMs: Date.UTC(2030, 0, 2, 3, 4, 5) } as const;
      await store.queue.settle([{ id, outcome, startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5), durationMs: 7 }]);
      const [row, attempt] = withConnection(db, (connection) => [
        connection.prepare('select * from queue').get(),
        connection.prepare('select * from deliveries').get(),
      ]);
      expect(row).to.include({
        ...{ id, state: 'deferred', from: 'alice@example.org', to: 'bob@x.example', destination: 'x.example' },
        ...{ next_attempt: '2030-01-02T03:04:05Z', attempts: 1, code: 450, enhanced: '4.2.1', reply: 'later[2J' },
      });
      expect(attempt).to.include({
        ...{ id, at: '2026-01-02T03:04:05Z', outcome: 'deferred', to: 'bob@x.example', host: 'mx.x.example' },
        ...{ tls: null, code: 450, duration_ms: 7 },
      });
    } finally {
      await store.close();
    }
  });

  it('forgets attempts that are old, a few at a time, and no others', () => {
    withConnection(db, (connection) => {
      const add = connection.prepare(
        "insert into attempt (queued, at, kind, reverse_path, recipient, reply) values (1, ?, 'failed', '', 'r', '{}')",
      );
      const nowMs = Date.now();
      for (let count = 0; count < 120; count++) add.run(nowMs - 100_000);
      add.run(nowMs - 10_000);
      expect(new Writer(connection, { keepDeliveriesMs: 60_000 }).sweep()).to.equal(true);
      expect(connection.prepare('select count(*) from attempt').pluck().get()).to.equal(1);
    });
  });

  it('goes on with another store: who sends settles what it has, is told of what comes, and keeps it from who begins next', async () => {
    const observer = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
    let server = await sqlite.start(db, observer);
    const store = await sqlite.open(db);
    try {
      await store.queue.begin('one');
      await deliver(store, envelopeOut(['bob@x.example', 'carol@x.example']), Buffer.from('text\r\n'));
      const [message] = await store.queue.lease([{ destination: 'x.example', recipients: 2 }], 60_000);
      const [bob, carol] = message?.recipients ?? [];
      let woken = 0;
      const stop = store.queue.watch(() => (woken += 1));
      await server?.close();
      server = await sqlite.start(db, observer);
      const outcome = { kind: 'delivered', reply: { text: 'taken' } } as const;
      await eventually('the sender to be back', () =>
        store.queue.settle([{ id: bob?.id ?? 0, outcome }]).then(
          () => true,
          () => false,
        ),
      );
      await eventually('the sender to be told', () => woken > 0);
      const next = await sqlite.open(db);
      await next.queue.begin('two');
      const { entries } = await next.queuedMail.list({});
      expect(entries.map(({ id, isLeased }) => [id, isLeased])).to.deep.equal([[carol?.id, true]]);
      await store.queue.settle([{ id: carol?.id ?? 0, outcome }]);
      woken = 0;
      await deliver(next, envelopeOut(['dave@y.example']), Buffer.from('text\r\n'));
      await eventually('the sender to be told of what came', () => woken > 0);
      stop();
      await next.close();
    } finally {
      await store.close();
      await server?.close();
    }
  });

  it('knows which rows were being sent also when sender and store ended together', async () => {
    const observer = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
    let server = await sqlite.start(db, observer);
    let store = await sqlite.open(db);
    try {
      await store.queue.begin('one');
      await deliver(store, envelopeOut(['a@x.example', 'b@x.example', 'c@x.example']), Buffer.from('text\r\n'));
      const [message] = await store.queue.lease([{ destination: 'x.example', recipients: 3 }], 60_000);
      const [a, b] = (message?.recipients ?? []).map(({ id }) => id);
      store.queue.sending([a ?? 0, b ?? 0]);
      await store.queue.settle([{ id: b ?? 0, outcome: { kind: 'returned' } }]);
      await eventually('that to be written', () =>
        withConnection(db, (connection) => connection.prepare('select 1 from queued where sending = 1').get()),
      );
      await store.close();
      await server?.close();
      server = await sqlite.start(db, observer);
      store = await sqlite.open(db);
      await store.queue.begin('two');
      const { entries } = await store.queuedMail.list({});
      expect(entries.map(({ crashes, isLeased }) => [crashes, isLeased])).to.deep.equal([
        [1, false],
        [0, false],
        [0, false],
      ]);
    } finally {
      await store.close();
      await server?.close();
    }
  });

  it('refuses an outcome that it cannot write as a bug, and takes those beside it', async () => {
    const store = await sqlite.open(db);
    try {
      await deliver(store, envelopeOut(['a@x.example', 'bad@x.example']), Buffer.from('text\r\n'));
      withConnection(db, (connection) =>
        connection.exec(`create trigger broken before delete on queued when old.recipient like 'bad@%'
                         begin select raise(abort, 'never'); end`),
      );
      await store.queue.begin('one');
      const [message] = await store.queue.lease([{ destination: 'x.example', recipients: 2 }], 60_000);
      const [good, bad] = (message?.recipients ?? []).map(({ id }) => ({
        ...{ id, outcome: { kind: 'delivered', reply: { text: 'taken' } } as const },
      }));
      if (good === undefined || bad === undefined) throw new Error('Nothing was leased');
      const results = await Promise.allSettled([[good, bad], [bad], [good]].map((each) => store.queue.settle(each)));
      expect(
        results.map((each) => (each.status === 'rejected' ? (each.reason as StoreError).kind : 'taken')),
      ).to.deep.equal(['bug', 'bug', 'taken']);
    } finally {
      await store.close();
    }
  });

  it('counts what it has in each state', async () => {
    const store = await sqlite.open(db);
    try {
      await Promise.all(
        Array.from({ length: 50 }, async (_, number) =>
          deliver(store, envelopeOut([`a@d${number % 7}.example`, 'b@x.example']), Buffer.from('text\r\n')),
        ),
      );
      await store.queue.begin('one');
      const leased = await store.queue.lease([{ destination: 'x.example', recipients: 30 }], 60_000);
      const ids = leased.flatMap(({ recipients }) => recipients.map(({ id }) => id));
      const reply = { text: 'taken' };
      await store.queue.settle(ids.slice(0, 10).map((id) => ({ id, outcome: { kind: 'delivered', reply } })));
      const next = { kind: 'deferred', reply, nextAttemptAtMs: Date.now() + 1_000_000 } as const;
      await store.queue.settle(ids.slice(10).map((id) => ({ id, outcome: next })));
      await eventually('all to be counted', () => {
        const counted = withConnection(db, (connection) =>
          connection.prepare('select state, count(*) from queued group by state order by state').raw().all(),
        );
        expect(counted).to.deep.equal([[0, 70], [1, 20]]); // prettier-ignore
        return true;
      });
      expect(await store.queuedMail.count()).to.include({ active: 70, deferred: 20, hold: 0, corrupt: 0 });
    } finally {
      await store.close();
    }
  });
});
