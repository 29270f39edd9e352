/**
 * What a store does with a WAL that it finds: nobody knows whether the sync that should have covered it failed, and whoever
 * saw it fail may be gone. So nothing of it is taken on trust. Its index is made anew, which proves each frame by its
 * checksum; the frames are written to the disk once more, and so is every page of the database that stands in it, behind
 * the checkpoint that moved it; then the WAL is truncated (docs/decisions/0014-recovery-before-service.md).
 * Takes as long as the WAL is large, and runs in a thread (recovery-thread.ts). It throws what SQLite or the system said.
 */
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { statIfThere } from '../../../runtime/stats.js';
import {
  openForCheckpoints,
  openForReading,
  passiveCheckpoint,
  emptyWal,
  type Connection,
} from '../database/database.js';
import { Rewriting } from './rewriting.js';
import { isFull } from '../database/sqlite-error.js';
import { runsInWal } from './wal-pages.js';

/**
 * `kept`: the WAL is proved and on the disk, but not moved, since the disk is full or somebody reads from it all the time.
 * It is then as good as one that this store wrote itself.
 */
export type Recovered = 'moved' | 'kept';

/** Two copies of 48 octets: https://www.sqlite.org/walformat.html#the_wal_index_header */
const INDEX_HEADER_BYTES = 96;
const TRIES = 50;
const PAUSE_MS = 100;
const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

export function walBytes(db: string): number {
  return statIfThere(`${db}-wal`)?.size ?? 0;
}

/** No connection of this process may be open: descriptors are closed here, and its locks would go with them. */
export function recover(db: string): Recovered {
  forgetIndex(`${db}-shm`);
  const files = { db: new Rewriting(db), wal: new Rewriting(`${db}-wal`) };
  try {
    return withoutLastOne(db, () => move(db, files));
  } finally {
    files.db.close();
    files.wal.close();
  }
}

/**
 * The next transaction of whatever process makes the index anew from the frames that are there. The old one may hold frames
 * that the disk never got, and counts pages as moved before they are synced; it lasts as long as any process has it open.
 */
function forgetIndex(index: string): void {
  if (!existsSync(index)) return;
  const file = openSync(index, 'r+');
  try {
    writeSync(file, Buffer.alloc(INDEX_HEADER_BYTES), 0, INDEX_HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
}

/** A connection that is the last to close moves the WAL and removes it, in its own way; one that only reads does not. */
function withoutLastOne<T>(db: string, act: () => T): T {
  const last = openForReading(db);
  try {
    last.pragma('user_version'); // It has the file from its first transaction on.
    return act();
  } finally {
    last.close();
  }
}

interface Files {
  readonly db: Rewriting;
  readonly wal: Rewriting;
}

function move(db: string, files: Files): Recovered {
  const lock = openForCheckpoints(db);
  const mover = openForCheckpoints(db);
  try {
    lock.exec('begin immediate'); // Nobody else writes to either file.
    files.wal.rewrite(0, files.wal.sizeBytes);
    files.wal.sync();
    const { frames, complaint } = moveAll(mover);
    for (const { from, to } of runsInWal(`${db}-wal`, frames, files.db.sizeBytes)) files.db.rewrite(from, to);
    files.db.sync();
    lock.exec('rollback');
    const left = complaint ?? truncate(mover);
    if (left === undefined) return 'moved';
    if (files.wal.isDirect && files.db.isDirect) return 'kept';
    throw left;
  } finally {
    mover.close();
    lock.close();
  }
}

interface Moved {
  readonly frames: number;
  /** Why not all of it. */
  readonly complaint?: Error;
}

function moveAll(mover: Connection): Moved {
  let frames = 0;
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) pause();
      const { busy, log, checkpointed } = passiveCheckpoint(mover);
      frames = log;
      if (busy === 0 && log === checkpointed) return { frames };
    }
    return { frames, complaint: new Error('a program that reads the database holds the WAL') };
  } catch (error) {
    if (!isFull(error)) throw error;
    return { frames: Infinity, complaint: error as Error };
  }
}

/** The database has been synced by then. */
function truncate(mover: Connection): Error | undefined {
  return emptyWal(mover)
    ? undefined
    : new Error('a program that reads the database keeps the WAL from being truncated');
}

function pause(): void {
  Atomics.wait(NEVER, 0, 0, PAUSE_MS);
}
