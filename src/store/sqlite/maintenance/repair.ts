/**
 * Mends what an outside `delete` or `update` left: counters, and rows that belong to nothing. Empties a search index that is
 * damaged, which the next store fills again. And gives bodies of before 0015 their hash, once it is known that as many octets are
 * there as were acknowledged. Only while no server runs, whose store remembers counters; mail is never mended, and what cannot be
 * read stays as it is.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Finding, Progress, RepairReport } from '../../maintenance.js';
import { openForReading, openForWriting, type Connection } from '../database/database.js';
import { locate } from '../database/location.js';
import { readError } from '../database/sqlite-error.js';
import { alone } from './alone.js';
import { Bodies } from './bodies.js';
import { check } from './check.js';
import { readable } from './found.js';
import { emptyIndex, isIndexDamaged } from './search-index.js';
import { mendStructure } from './structure.js';

/** In one transaction. */
const HASHES_AT_ONCE = 500;

/** @throws StoreError 'refused' while a server runs */
export async function repair(db: string, progress?: Progress): Promise<RepairReport> {
  return alone(db, async () => {
    const before = await check(db, progress);
    const hashed = await mend(locate(db).db, before.findings);
    const left = await check(db);
    const still = new Set(left.findings.map(({ what }) => what));
    return { mended: before.findings.filter(({ what, mendable }) => mendable && !still.has(what)), hashed, left };
  });
}

async function mend(db: string, findings: readonly Finding[]): Promise<number> {
  const connection = openForWriting(db);
  try {
    inTransaction(connection, () => {
      mendStructure(connection);
      if (isIndexDamaged(findings)) emptyIndex(connection);
    });
    return await addHashes(connection, db);
  } catch (error) {
    throw readError(error, db);
  } finally {
    connection.close();
  }
}

/** Rows that belong to nothing go before those that are missing are told of. */
function inTransaction(connection: Connection, act: () => void): void {
  connection.pragma('foreign_keys = off');
  connection.exec('begin immediate');
  try {
    act();
    connection.exec('commit');
  } catch (error) {
    if (connection.inTransaction) connection.exec('rollback');
    throw error;
  }
}

async function addHashes(connection: Connection, db: string): Promise<number> {
  const reading = openForReading(db);
  try {
    const bodies = new Bodies(reading);
    const page = connection
      .prepare<[number, number], number>(
        'select id from body where id > ? and refs > 0 and hash is null order by id limit ?',
      )
      .pluck();
    const set = connection.prepare<[Uint8Array, number]>('update body set hash = ? where id = ?');
    let hashed = 0;
    for (
      let ids = page.all(0, HASHES_AT_ONCE);
      ids.length > 0;
      ids = page.all(ids.at(-1) ?? Infinity, HASHES_AT_ONCE)
    ) {
      const found = ids.flatMap((id) => {
        const content = readable(() => bodies.content(id));
        return 'value' in content && content.value !== undefined ? [{ id, hash: content.value.hash }] : [];
      });
      connection.transaction(() => found.forEach(({ id, hash }) => set.run(hash, id)))();
      hashed += found.length;
      await turn();
    }
    return hashed;
  } finally {
    reading.close();
  }
}
