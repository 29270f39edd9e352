/** Returns to another file in the place of a database that nobody serves: a backup, or what an upgrade kept. It must be sound. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '../../errors.js';
import type { Progress, RestoreReport, RollbackReport } from '../../maintenance.js';
import { openForReading } from '../database/database.js';
import { copySynced } from '../database/file-copy.js';
import { identify } from '../database/identification.js';
import { locate } from '../database/location.js';
import { isDatabase } from '../database/own-files.js';
import { walBytes } from '../server/recovery.js';
import { snapshotBeginning } from '../server/upgrade.js';
import { locked } from './alone.js';
import { check, requireThere } from './check.js';
import { readable } from './found.js';
import { replace } from './replacement.js';

/** @throws StoreError 'refused' while a server runs, or when the file is not there */
export async function restore(db: string, file: string, progress?: Progress): Promise<RestoreReport> {
  const path = locate(db).db;
  const backup = locate(file).db;
  const copy = `${path}.restoring`;
  if (isDatabase(backup, path)) throw new StoreError('refused', `${backup} is the database itself`);
  if (backup === copy) throw new StoreError('refused', `${backup} was left by a restore, half done: name its backup`);
  return locked(db, async () => {
    requireThere(backup);
    try {
      await copyWhole(backup, copy);
      const report = await check(copy, progress);
      if (report.findings.some(({ mendable }) => !mendable)) return { report, isRestored: false, aside: undefined };
      return { report, isRestored: true, aside: await replace(path, copy, 'restore') };
    } finally {
      rmSync(copy, { force: true });
      removeCompanions(copy);
    }
  });
}

/** With what its WAL alone holds. A former copy may have been interrupted. */
async function copyWhole(from: string, to: string): Promise<void> {
  removeCompanions(to);
  await copySynced(from, to);
  if (walBytes(from) > 0) await copySynced(`${from}-wal`, `${to}-wal`);
}

/** @throws StoreError 'refused' while a server runs, or when no upgrade kept anything */
export async function rollBack(db: string, progress?: Progress): Promise<RollbackReport> {
  const path = locate(db).db;
  return locked(db, async () => {
    const snapshot = newestSnapshot(path);
    if (snapshot === undefined)
      throw new StoreError(
        'refused',
        `No upgrade of ${path} kept what was before it: there is no ${snapshotBeginning(path)}…`,
      );
    const report = await check(snapshot, progress);
    const takenAtMs = statSync(snapshot).mtimeMs;
    if (report.findings.some(({ mendable }) => !mendable))
      return { report, isRestored: false, aside: undefined, takenAtMs, since: undefined };
    const since = messagesSince(path, takenAtMs);
    return { report, isRestored: true, aside: await replace(path, snapshot, 'rollback'), takenAtMs, since };
  });
}

function newestSnapshot(db: string): string | undefined {
  const beginning = basename(snapshotBeginning(db));
  const versions = readdirSync(dirname(db))
    .filter((name) => name.startsWith(beginning) && /^\d+$/.test(name.slice(beginning.length)))
    .map((name) => Number(name.slice(beginning.length)));
  return versions.length === 0 ? undefined : join(dirname(db), `${beginning}${Math.max(...versions)}`);
}

/** What would be left behind; undefined where that cannot be read. */
function messagesSince(db: string, atMs: number): number | undefined {
  const counted = readable(() => {
    if (identify(db) === 'none') return 0;
    const connection = openForReading(db);
    try {
      return connection
        .prepare<[number], number>('select count(*) from message where received_at >= ?')
        .pluck()
        .get(atMs);
    } finally {
      connection.close();
    }
  });
  return 'value' in counted ? counted.value : undefined;
}

function removeCompanions(path: string): void {
  for (const ending of ['-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
}
