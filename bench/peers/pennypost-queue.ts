/**
 * The process that fills a new Pennypost queue: DB RECIPIENTS DESTINATIONS due|dead. By SQL, and one body for all: to submit a million
 * messages would take longer than all that is measured. No server runs on the database meanwhile.
 */
import { openForWriting } from '../../src/store/sqlite/database/database.js';

const HEADER = 'Subject: benchmark\r\n\r\n';
const BODY = Buffer.from(HEADER + `${'y'.repeat(70)}\r\n`.repeat(56));
const TRACE = Buffer.from('Received: by bench.localhost; Mon, 30 Nov 2026 12:00:00 +0000\r\n');
const DAY_MS = 24 * 3_600_000;
const DEFERRED = 1;

const [db = '', recipients = '0', destinations = '1', condition = 'due'] = process.argv.slice(2);
const connection = openForWriting(db);
try {
  connection.transaction(() => fill(Number(recipients), Number(destinations), Date.now()))();
} finally {
  connection.close();
}

function fill(count: number, domains: number, nowMs: number): void {
  const restUntil = condition === 'dead' ? nowMs + DAY_MS : null;
  const run = (sql: string, ...values: readonly unknown[]) => connection.prepare(sql).run(...values);
  const body = run(
    'insert into body (refs, octets, header_octets, text_state) values (?, ?, ?, 0)',
    ...[count, BODY.length, HEADER.length],
  ).lastInsertRowid;
  run('insert into chunk (body, seq, data) values (?, 0, ?)', body, BODY);
  run(
    `insert into destination (id, name, rest_until, ready_at)
     with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
     select i, 'd' || i || '.example', ?, ? from n`,
    ...[domains, restUntil, restUntil ?? nowMs],
  );
  run(
    `insert into outgoing (id, body, recipients, octets, header_octets, queued_at, expires_at, reverse_path, body_kind, smtputf8,
                           require_tls, trace)
     with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
     select i, ?, 1, ?, ?, ?, ?, '', '7bit', 0, 0, ? from n`,
    ...[count, body, TRACE.length + BODY.length, TRACE.length + HEADER.length, nowMs, nowMs + 5 * DAY_MS, TRACE],
  );
  run(
    `insert into queued (message, destination, recipient, state, due_at, attempts, expire_at)
     select id, 1 + id % ?, 'box' || id || '@d' || (1 + id % ?) || '.example', ?, ?, 1, expires_at from outgoing`,
    ...[domains, domains, DEFERRED, nowMs],
  );
  run('update queue_count set recipients = ? where state = ?', count, DEFERRED);
}
