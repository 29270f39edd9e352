/**
 * Everything that can be wrong with a database, found without a server and beside one: SQLite's own look at its pages, each body
 * against what was acknowledged (bodies.ts), each message against its body (messages.ts), and what has to agree (structure.ts).
 * Bodies and messages are read in short transactions, so that the WAL of a running server is not held up by them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { CheckReport, Progress } from '../../maintenance.js';
import { StoreError } from '../../errors.js';
import { openForReading } from '../database/database.js';
import { identify } from '../database/identification.js';
import { locate } from '../database/location.js';
import { migrations } from '../database/migrations.js';
import type { ReadingConnection } from '../database/reading-connection.js';
import { AffectedMailNames } from './affected-mail.js';
import { Bodies } from './bodies.js';
import { readable, type Found } from './found.js';
import { Messages } from './messages.js';
import { indexFound } from './search-index.js';
import { structureOf } from './structure.js';

/** The migration that made the queue. */
const QUEUE_SINCE = 7;

/** @throws StoreError when nothing is there, or nothing of ours, or it cannot be opened */
export async function check(db: string, progress: Progress = () => undefined): Promise<CheckReport> {
  const path = locate(db).db;
  requireThere(path);
  const connection = openForReading(path);
  try {
    return await checkOpen(connection, progress);
  } finally {
    connection.close();
  }
}

/** @throws StoreError when nothing is there, or nothing of ours */
export function requireThere(path: string): void {
  if (identify(path) === 'none') throw new StoreError('refused', `There is no database ${path}`);
}

async function checkOpen(connection: ReadingConnection, progress: Progress): Promise<CheckReport> {
  const version = Number(connection.pragma('user_version'));
  const isOlder = version < migrations().length;
  const found: Found[] = [];
  progress('pages', 0, 1);
  found.push(...pageComplaints(connection));
  progress('pages', 1, 1);
  const bodies = new Bodies(connection);
  for (const part of bodies.each()) {
    found.push(...part.found);
    progress('mail', part.at, part.of);
    await turn();
  }
  const messages = new Messages(connection, bodies);
  for (const part of messages.each()) {
    found.push(...part);
    await turn();
  }
  if (!isOlder) found.push(...structureOf(connection));
  const names = new AffectedMailNames(connection, version >= QUEUE_SINCE);
  return {
    messages: messages.count,
    bodies: bodies.count,
    octets: bodies.octets,
    withoutHash: bodies.withoutHash,
    olderVersion: isOlder ? version : undefined,
    findings: names.name(found, messages.damaged),
  };
}

/** At most a hundred: what is wrong with one page is often wrong with many. What keeps SQLite from looking at all is one, too. */
function pageComplaints(connection: ReadingConnection): readonly Found[] {
  const said = readable(() => connection.prepare<[], string>('pragma integrity_check(100)').pluck().all());
  const lines = 'value' in said ? said.value.flatMap((text) => text.split('\n')) : [said.refused];
  return lines
    .filter((line) => line !== 'ok' && line !== '' && !line.startsWith('***'))
    .map((line) => indexFound(line) ?? { what: `SQLite finds in its pages: ${line}`, mendable: false });
}
