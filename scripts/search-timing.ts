/**
 * How long a search takes in a maildrop of so many messages, how large the index is beside the text, and how fast it is made: on a
 * database in a temporary folder. Run by hand; no test depends on time. The argument says how many messages.
 */
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leaveSyncs, openForWriting, type Connection } from '../src/store/sqlite/database/database.js';
import { IndexWriter } from '../src/store/sqlite/server/index-writer.js';
import { sqlite } from '../src/store/sqlite/driver.js';
import type { MailStore } from '../src/store/store.js';

const ALICE = { local: 'alice', domain: 'localhost' };
const WORDS = 20_000;
const WORDS_OF_A_MESSAGE = 120;
const RARE_EVERY = 10_000;
const GROUP = 1_000;
const STEP_MS = 4;
const ROUNDS = 15;

let seed = 1;
function dice(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

/** By Zipf: the first words are in most texts, the last in few. */
function word(): string {
  const rank = Math.floor(WORDS ** dice()) - 1;
  return `${'etaoinshr'[rank % 9] ?? ''}${rank.toString(36)}${'aeiou'[rank % 5] ?? ''}nt`;
}

function text(number: number): string {
  const words = Array.from({ length: WORDS_OF_A_MESSAGE }, word);
  if (number % RARE_EVERY === 0) words.splice(40, 0, 'terms', 'of', 'payment');
  return words.join(' ');
}

/** Returns the octets of text. */
function fill(connection: Connection, messages: number): number {
  const body = connection.prepare(`
    insert into body (id, refs, octets, header_octets, subject, from_text, text_state) values (?, 1, ?, 0, ?, ?, 0)`);
  const chunk = connection.prepare('insert into chunk values (?, 0, ?)');
  const message = connection.prepare(`
    insert into message (id, account, uid, body, octets, received_at, reverse_path, recipient, trace)
    values (?, 1, ?, ?, ?, ?, '', '', x'')`);
  let octets = 0;
  for (let number = 1; number <= messages; number++) {
    if (number % GROUP === 1) connection.exec('begin');
    const data = Buffer.from(text(number));
    octets += data.length;
    body.run(number, data.length, `subject ${number}`, `Sender ${number % 100} <s${number % 100}@example.org>`);
    chunk.run(number, data);
    message.run(number, number, number, data.length, number * 1000);
    if (number % GROUP === 0 || number === messages) connection.exec('commit');
  }
  connection.prepare('update account set messages = ?, uid_next = ?').run(messages, messages + 1);
  return octets;
}

interface Made {
  readonly seconds: number;
  /** Of the steps that add, and of those that merge. */
  readonly addedMs: number;
  readonly mergedMs: number;
}

/** As the indexer does, without its pauses. */
function index(connection: Connection): Made {
  const writer = new IndexWriter(connection);
  const began = performance.now();
  let [addedMs, mergedMs] = [0, 0];
  while (writer.waiting > 0 || writer.isScattered) {
    if (writer.waiting > 0)
      addedMs = Math.max(
        addedMs,
        timed(connection, () => void writer.add(STEP_MS)),
      );
    mergedMs = Math.max(
      mergedMs,
      timed(connection, () => writer.merge()),
    );
  }
  return { seconds: (performance.now() - began) / 1000, addedMs, mergedMs };
}

function timed(connection: Connection, step: () => void): number {
  const from = performance.now();
  connection.exec('begin');
  step();
  connection.exec('commit');
  return performance.now() - from;
}

async function timeOf(store: MailStore, words: string): Promise<string> {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    const query = { all: [[{ text: words }]], none: [] };
    found = (await store.mailboxes.searchMail(ALICE, query, { limit: 50 })).entries.length;
    times.push(performance.now() - from);
  }
  const [first = 0] = times;
  times.sort((one, other) => one - other);
  return `${words}: ${found} on the first page, first ${first.toFixed(1)} ms, then ${times[ROUNDS >> 1]?.toFixed(1)} ms`;
}

const messages = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), 'pennypost-search-'));
try {
  const db = join(folder, 'mail.db');
  const made = await sqlite.open(db);
  await made.directory.addAccount(ALICE, 'hash');
  await made.close();
  const connection = openForWriting(db);
  leaveSyncs(connection); // As its steps do.
  const octets = fill(connection, messages);
  connection.pragma('wal_checkpoint(TRUNCATE)');
  const { seconds, addedMs, mergedMs } = index(connection);
  const size = Number(connection.prepare('select sum(length(block)) from mail_index_data').pluck().get());
  connection.close();
  process.stdout.write(
    `${messages} messages, ${octets} octets of text; index ${((100 * size) / octets).toFixed(1)} % of it, ` +
      `made in ${seconds.toFixed(0)} s, longest step ${addedMs.toFixed(0)} ms, of merging ${mergedMs.toFixed(0)} ms\n`,
  );
  const store = await sqlite.open(db);
  for (const words of ['terms of payment', 'subject 77', word(), `${word()} ${word()}`, 'nowhere'])
    process.stdout.write(`${await timeOf(store, words)}\n`);
  await store.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
