/**
 * Moves the WAL into the database file beside the commit path, in a thread that does nothing else (checkpointer-thread.ts):
 * whatever the store is busy with, the WAL stays small. Where there is no such thread, the writer's own connection does it.
 */
import { openSync } from 'node:fs';
import { Thread } from '../database/thread.js';

export interface CheckpointerOptions {
  /** A checkpoint on the writer's own connection: short, when the thread has moved nearly everything. */
  checkpointHere(): void;
  trouble(what: string, error: unknown): void;
  /** What a checkpoint moved may not be on the disk. */
  diskFailed(error: Error): void;
}

export interface CheckpointerData {
  readonly db: string;
  /** A descriptor of the database file, for its syncs. */
  readonly file: number;
}

/** The one task there is. */
export type CheckpointTask = 'checkpoint';

export interface CheckpointResult {
  readonly walFrames: number;
  /** Why nothing was moved; it is tried again when there is more. */
  readonly trouble?: string;
  /** What the disk said: what was moved may not be on it. */
  readonly diskFailed?: string;
}

/** A checkpoint begins when about so much was written since the last one. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
/** What a commit writes besides payload, roughly: pages of the trees it touches. */
const COMMIT_OVERHEAD_BYTES = 24 * 1024;
/** The WAL starts over only when all of it was moved, and under steady load more has come meanwhile: above this the writer
 * moves the rest itself, between two commits. */
const WAL_LIMIT_FRAMES = 8192;
/** It holds a few numbers; SQLite's memory is not counted. */
const THREAD_MEMORY_MIB = 32;

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #thread: Thread<CheckpointTask, CheckpointResult>;
  #writtenBytes = 0;
  #underWay = false;
  #closed = false;

  constructor(db: string, options: CheckpointerOptions) {
    this.#options = options;
    /*
     * Never closed: a process that closes any descriptor of a file loses its locks on it (fcntl(2)), SQLite's among them, and
     * another process could then take the WAL away.
     */
    const data: CheckpointerData = { db, file: openSync(db, 'r') };
    this.#thread = new Thread(
      { module: new URL('./checkpointer-thread.js', import.meta.url), data, memoryMib: THREAD_MEMORY_MIB },
      { told: (result) => this.#finished(result), ended: (error) => this.#threadEnded(error) },
    );
  }

  /** After each commit, with its payload. */
  committed(bytes: number): void {
    this.#writtenBytes += bytes + COMMIT_OVERHEAD_BYTES;
    this.#next();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.end();
  }

  #next(): void {
    if (this.#closed || this.#underWay || this.#writtenBytes < CHECKPOINT_BYTES) return;
    this.#writtenBytes = 0;
    this.#underWay = true;
    this.#thread.hand('checkpoint');
  }

  #finished({ walFrames, trouble, diskFailed }: CheckpointResult): void {
    this.#underWay = false;
    if (trouble !== undefined) this.#options.trouble('the WAL could not be moved', new Error(trouble));
    else if (diskFailed !== undefined) this.#options.diskFailed(new Error(diskFailed));
    else if (walFrames > WAL_LIMIT_FRAMES) this.#options.checkpointHere();
    this.#next();
  }

  #threadEnded(error: Error | undefined): void {
    this.#underWay = false;
    if (this.#closed) return;
    this.#options.trouble('the thread that checkpoints ended', error);
    this.#options.checkpointHere(); // Nobody knows how far it came.
    this.#next();
  }
}
