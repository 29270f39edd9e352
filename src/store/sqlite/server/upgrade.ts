/**
 * What is done before the tables of an older Pennypost are changed: the database as it is is kept beside it, so that `pennypost
 * rollback` can return to it. The change itself is one transaction (database.ts): whenever it is interrupted, the database is old
 * and whole or new and whole, and the next start begins again.
 */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncPath } from '../../../runtime/durable-names.js';
import { StoreError } from '../../errors.js';
import { copySynced } from '../database/file-copy.js';
import { versionOf } from '../database/identification.js';
import { migrations } from '../database/migrations.js';
import { walBytes } from './recovery.js';

/** A version, and what was left of a copy that was not finished. */
const OWN_ENDING = /^\d+(\.partial)?(-wal|-shm)?$/;

export function snapshotBeginning(db: string): string {
  return `${db}.before-upgrade-`;
}

/** Nobody has it open for writing. Undefined when there is nothing to upgrade. @throws StoreError 'full' without room */
export async function keepBeforeUpgrade(db: string, noted: (what: string, details: object) => void): Promise<void> {
  const from = versionOf(db);
  const to = migrations().length;
  if (from === 0 || from >= to) return;
  const kept = `${snapshotBeginning(db)}${from}`;
  noted('the database is of an older version: it is copied, then upgraded', {
    from,
    to,
    kept,
    bytes: statSync(db).size,
  });
  const startedAtMs = performance.now();
  await keep(db, kept).catch((error: unknown) => {
    throw cannotKeep(kept, error);
  });
  noted('the database is upgraded; `pennypost rollback` returns to the copy', {
    ...{ from, to, kept, tookMs: Math.round(performance.now() - startedAtMs) },
  });
}

/** What the system says of a file is a sentence. */
function cannotKeep(kept: string, error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error && 'syscall' in error)) return error;
  return new StoreError('unavailable', `The copy before an upgrade, ${kept}, cannot be made: ${error.message}`, {
    cause: error,
  });
}

/** A WAL that could not be moved belongs to it. Only the newest is kept. */
async function keep(db: string, kept: string): Promise<void> {
  const [copy, walCopy] = [`${kept}.partial`, `${kept}.partial-wal`];
  await copySynced(db, copy);
  for (const name of others(db, [copy, walCopy])) rmSync(name);
  if (walBytes(db) > 0) {
    await copySynced(`${db}-wal`, walCopy);
    renameSync(walCopy, `${kept}-wal`);
  }
  renameSync(copy, kept);
  await syncPath(dirname(db));
}

function others(db: string, but: readonly string[]): readonly string[] {
  const beginning = basename(snapshotBeginning(db));
  const files = readdirSync(dirname(db), { withFileTypes: true }).filter((entry) => entry.isFile());
  const own = files.filter(({ name }) => name.startsWith(beginning) && OWN_ENDING.test(name.slice(beginning.length)));
  return own.map(({ name }) => join(dirname(db), name)).filter((path) => !but.includes(path));
}
