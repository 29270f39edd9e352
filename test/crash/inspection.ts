/**
 * Opens what a power cut left, with the store's own code, and reads what is in it. SQLite's checks must find nothing.
 */
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openForWriting, type Connection } from '../../src/store/sqlite/database/database.js';
import { Writer } from '../../src/store/sqlite/server/writer.js';
import { hashOf, keyOf } from '../support/ledger.js';

/** One recipient's copy of a message. */
export interface Found {
  readonly account: string;
  readonly accountId: number;
  readonly uid: number;
  /** What the server's 250 called it. */
  readonly id: string;
  readonly key: string;
  readonly hash: string;
  /** Recipients elsewhere of which it tells that they failed. */
  readonly reports: readonly string[];
}

/** One recipient that waits. */
export interface Queued {
  readonly id: number;
  readonly recipient: string;
}

export interface Inspection {
  /** What is wrong with the file itself. */
  readonly damage: readonly string[];
  /** What sessions see. */
  readonly found: readonly Found[];
  /** What was removed, and can be restored. */
  readonly removed: readonly Found[];
  readonly queued: readonly Queued[];
  /** Messages that can be searched for. */
  readonly indexed: number;
}

interface Row {
  readonly account: string;
  readonly accountId: number;
  readonly uid: number;
  readonly body: number;
  readonly octets: number;
  readonly trace: Buffer;
}

export function inspect(image: ReadonlyMap<string, Buffer>): Inspection {
  const directory = mkdtempSync(join(tmpdir(), 'pennypost-cut-'));
  const db = join(directory, 'mail.db');
  try {
    for (const [suffix, bytes] of image) writeFileSync(`${db}${suffix}`, bytes);
    const connection = openForWriting(db);
    try {
      new Writer(connection).sweep();
      const queued = connection.prepare<[], Queued>('select id, recipient from queued').all();
      const [found, removed] = [foundIn(connection, PRESENT), foundIn(connection, `not ${PRESENT}`)];
      const indexed = connection.prepare<[], number>('select count(*) from indexed').pluck().get() ?? 0;
      return { damage: damageOf(connection), found, removed, queued, indexed };
    } finally {
      connection.close();
    }
  } catch (error) {
    return { damage: [(error as Error).message], found: [], removed: [], queued: [], indexed: 0 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function damageOf(connection: Connection): readonly string[] {
  const integrity = connection.prepare<[], string>('pragma integrity_check').pluck().all();
  const keys = connection.pragma('foreign_key_check') as readonly unknown[];
  const refs = connection
    .prepare<[], number>(
      `select id from body
       where refs = 0 or refs <> (select count(*) from message where message.body = body.id)
                               + (select count(*) from outgoing where outgoing.body = body.id)`,
    )
    .pluck()
    .all();
  const miscounted = connection
    .prepare<[], number>(
      `select account.id from account left join present on present.account = account.id group by account.id
       having account.messages <> count(present.id) or account.octets <> coalesce(sum(present.octets), 0)
         or account.first_uid > min(present.uid)`,
    )
    .pluck()
    .all();
  const overlapping = connection
    .prepare<[], number>(
      `select first from removed where last < first or exists (
         select 1 from removed as other
         where other.account = removed.account and other.first > removed.first and other.first <= removed.last)`,
    )
    .pluck()
    .all();
  return [
    ...integrity.filter((line) => line !== 'ok'),
    ...keys.map((key) => `foreign key: ${JSON.stringify(key)}`),
    ...refs.map((body) => `body ${body} has another number of messages and of what is queued`),
    ...miscounted.map((account) => `account ${account} counts other messages than it has, or begins behind them`),
    ...overlapping.map((first) => `a range of what was removed, from ${first} on, overlaps another`),
    ...indexDamageOf(connection),
  ];
}

/** Words stand in the index for exactly those bodies that it says to have, and it has every message that it says to be behind. */
function indexDamageOf(connection: Connection): readonly string[] {
  connection.exec("create virtual table temp.word using fts5vocab (main, 'mail_index', 'instance')");
  const ask = (sql: string) => connection.prepare<[], number>(sql).pluck().all();
  const wordless = ask('select body from indexed except select doc from word');
  const unknown = ask('select doc from word except select body from indexed');
  const passed = ask(`
    select id from message where id <= (select message from indexing)
      and not exists (select 1 from indexed where (body, account, message) = (message.body, message.account, message.id))`);
  return [
    ...wordless.map((body) => `the index has no words of body ${body}`),
    ...unknown.map((body) => `the index has words of body ${body}, and says that it has not`),
    ...passed.map((id) => `the index is behind message ${id}, and does not have it`),
  ];
}

const PRESENT = 'message.id in (select id from present)';

function foundIn(connection: Connection, which: string): readonly Found[] {
  const rows = connection
    .prepare<[], Row>(
      `select account.local || '@' || domain.name as account, account.id as accountId, uid, body, trace,
              body.octets as octets
       from message join account on account.id = message.account join domain on domain.id = account.domain
       join body on body.id = message.body where ${which} order by message.id`,
    )
    .all();
  const chunks = connection.prepare<[number], Buffer>('select data from chunk where body = ? order by seq').pluck();
  return rows.map(({ account, accountId, uid, body, octets, trace }) => {
    const message = Buffer.concat(chunks.all(body));
    const id = / with \S+ id ([^\s;]+)/.exec(trace.toString('latin1'))?.[1] ?? '';
    const hash = message.length === octets ? hashOf(message) : `${message.length} of ${octets} octets`;
    return { account, accountId, uid, id, key: keyOf(message), hash, reports: reportedIn(message) };
  });
}

/** The recipients of which a report tells that they failed (RFC 3464 §2.3.2). */
export function reportedIn(message: Buffer): readonly string[] {
  const fields = message.toString('latin1').matchAll(/^Final-Recipient: rfc822; ?(\S+)\r$/gm);
  return [...fields].map(([, recipient = '']) => recipient);
}
