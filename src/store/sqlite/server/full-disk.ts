/**
 * What a full disk still has room for. A WAL that was moved as a whole starts over, in the room that its file has already:
 * so a commit that met a full disk is worth trying again, unless the database itself has no room to grow.
 */
import { passiveCheckpoint, type Connection } from '../database/database.js';
import { isFull } from '../database/sqlite-error.js';

/** A reader that is there for a moment keeps the WAL from starting over. */
const TRIES = 3;
/** The checkpointer may be at one of its own, and nothing else could be written meanwhile: it is waited for. */
const MOVE_TRIES = 20;
const PAUSE_MS = 10;
/** A checkpoint that found no room either takes its time: others wait for it no more often than this. */
const HOPELESS_MS = 1_000;
const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** After a disk error it matters what the disk failed under: of a checkpoint nobody knows what it moved. */
export interface CommitFailure {
  readonly error: unknown;
  readonly during: 'commit' | 'checkpoint';
}

export class FullDiskRetries {
  readonly #connection: Connection;
  #hopelessUntilMs = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Runs `commit`, which returns its error, until it meets no full disk or there is no use in it. Undefined when it succeeded. */
  commit(commit: () => unknown): CommitFailure | undefined {
    let error = commit();
    if (!isFull(error) || performance.now() < this.#hopelessUntilMs) return failureOf(error);
    try {
      for (let tries = 0; tries < TRIES && isFull(error) && this.#moved(); tries++) {
        if (tries > 0) pause();
        error = commit();
      }
    } catch (checkpoint) {
      if (!isFull(checkpoint)) return { error: checkpoint, during: 'checkpoint' };
    }
    if (isFull(error)) this.#hopelessUntilMs = performance.now() + HOPELESS_MS;
    return failureOf(error);
  }

  /** Whether all of the WAL is in the database file. */
  #moved(): boolean {
    for (let tries = 0; tries < MOVE_TRIES; tries++) {
      if (tries > 0) pause();
      const { busy, log, checkpointed } = passiveCheckpoint(this.#connection);
      if (busy === 0 && log === checkpointed) return true;
    }
    return false;
  }
}

function failureOf(error: unknown): CommitFailure | undefined {
  return error === undefined ? undefined : { error, during: 'commit' };
}

function pause(): void {
  Atomics.wait(NEVER, 0, 0, PAUSE_MS);
}
