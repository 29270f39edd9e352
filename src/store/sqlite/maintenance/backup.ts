/**
 * A copy of a database while a server runs: `vacuum into`, which copies one moment of it however much comes in meanwhile, in a
 * thread (copy-thread.ts), while this one says how far it is and has the disk keep up. What was copied is synced, checked as a
 * whole, and only then given its name: there a whole backup is found, or what was there before.
 */
import { closeSync, fdatasync, fstatSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve as absolute } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { nameDurably } from '../../../runtime/durable-names.js';
import { lstatIfThere } from '../../../runtime/stats.js';
import { StoreError, type StoreErrorKind } from '../../errors.js';
import type { BackupOptions, BackupReport, Progress } from '../../maintenance.js';
import { openForReading } from '../database/database.js';
import { requireRoom } from '../database/file-copy.js';
import { locate } from '../database/location.js';
import { requireOther } from '../database/own-files.js';
import { Thread } from '../database/thread.js';
import { check, requireThere } from './check.js';

export interface CopyData {
  readonly db: string;
  readonly into: string;
}

export interface CopyResult {
  readonly refused?: { readonly kind: StoreErrorKind; readonly message: string };
}

const PRIVATE = 0o600;
const MIB = 1024 * 1024;
const MEMORY_MIB = 128;
/**
 * Between two syncs of what was copied. What waits in memory for the disk is what a commit of the server's waits behind: without
 * this it would be all of the copy.
 */
const SYNC_MS = 100;

const sync = promisify(fdatasync);

/** @throws StoreError 'refused' for a name that is taken, 'full' without room */
export async function backUp(db: string, file: string, options: BackupOptions = {}): Promise<BackupReport> {
  const { replaces = false, progress = () => undefined } = options;
  const source = locate(db).db;
  requireThere(source);
  const target = absolute(file);
  requireFree(target, source, replaces);
  const partial = partialOf(target);
  const descriptor = openSync(partial, 'wx', PRIVATE);
  return withoutLeftovers(partial, async () => {
    try {
      const atMs = Date.now(); // The copy begins later: all that was acknowledged until now is in it.
      await copy({ db: source, into: partial }, descriptor, progress);
      const report = await check(partial, progress);
      const isKept = report.findings.every(({ mendable }) => mendable);
      if (isKept) await giveName(partial, target, replaces);
      return { atMs, file: target, isKept, report };
    } finally {
      closeSync(descriptor);
    }
  });
}

function requireFree(target: string, source: string, replaces: boolean): void {
  requireOther(target, source);
  const found = lstatIfThere(target);
  if (found?.isDirectory() === true) throw new StoreError('refused', `${target} is a directory: name a file in it`);
  if (replaces || found === undefined) return;
  throw taken(target);
}

function taken(target: string): StoreError {
  return new StoreError('refused', `${target} is there already: choose another name, or say --force`);
}

/** Of this process; what others left there that are gone is removed. */
function partialOf(target: string): string {
  const directory = dirname(target);
  const beginning = `${basename(target)}.partial-`;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const pid = entry.name.startsWith(beginning) ? entry.name.slice(beginning.length) : '';
    if (entry.isFile() && /^\d+$/.test(pid) && !isAlive(Number(pid))) rmSync(join(directory, entry.name));
  }
  return join(directory, `${beginning}${process.pid}`);
}

function isAlive(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** However it ends: a signal too leaves nothing of what was not finished. */
async function withoutLeftovers<T>(partial: string, work: () => Promise<T>): Promise<T> {
  const remove = (): void => rmSync(partial, { force: true });
  const ended = (signal: NodeJS.Signals): void => {
    remove();
    process.kill(process.pid, signal); // The listener is gone: it ends the process, whatever SQLite is at.
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, ended);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, ended);
    remove();
  }
}

async function copy(data: CopyData, descriptor: number, progress: Progress): Promise<void> {
  const bytes = usedBytes(data.db);
  requireRoom(data.into, bytes);
  const state = { isOver: false };
  const copied = inThread(data).finally(() => (state.isOver = true));
  const synced = (async () => {
    while (!state.isOver) {
      await Promise.race([copied.catch(() => undefined), pause(SYNC_MS)]);
      await sync(descriptor);
      progress('copy', Math.floor(Math.min(fstatSync(descriptor).size, bytes) / MIB), Math.ceil(bytes / MIB));
    }
  })();
  await Promise.all([copied, synced]);
}

/** Of all pages that hold something. */
function usedBytes(db: string): number {
  const connection = openForReading(db);
  try {
    const pages = Number(connection.pragma('page_count')) - Number(connection.pragma('freelist_count'));
    return pages * Number(connection.pragma('page_size'));
  } finally {
    connection.close();
  }
}

function inThread(data: CopyData): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Thread<'copy', CopyResult>(
      { module: new URL('./copy-thread.js', import.meta.url), data, memoryMib: MEMORY_MIB },
      {
        told: ({ refused }) => {
          if (refused === undefined) resolve();
          else reject(new StoreError(refused.kind, refused.message));
          void thread.end();
        },
        ended: (error) => reject(error ?? new Error('the thread that copies has ended')),
      },
    );
    thread.hand('copy');
  });
}

async function giveName(partial: string, target: string, replaces: boolean): Promise<void> {
  try {
    await nameDurably(partial, target, replaces);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken(target) : error;
  }
}
