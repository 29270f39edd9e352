/**
 * Group commit: what waits while a commit runs forms the next group, and one sync pays for all of it.
 * Nothing that promises anything is answered before its COMMIT was synced.
 * While another program holds the database all wait, for a time, and nothing else waits with them: then they fail, and what comes next waits.
 * A write that fails alone (a removed account, say) fails alone;
 * a disk error fails the group, and the process then ends: it must not commit on top of a sync that failed.
 */
import { StoreError } from '../../errors.js';
import { BUSY_TIMEOUT_MS, leaveSyncs, syncCommits, type Connection } from '../database/database.js';
import { FullDiskRetries, type CommitFailure } from './full-disk.js';
import { asStoreError, isBusy, isDamage, isDiskError, isOneWritesFault } from '../database/sqlite-error.js';
import { Distributed } from './distribution.js';
import type { Writer } from './writer.js';

export interface Write {
  /** Runs inside the transaction; may run again in another if the group has to be taken apart. */
  act(writer: Writer): void;
  /** After COMMIT returned. */
  done(): void;
  failed(error: StoreError): void;
  /** Of payload, for the bound on a group. */
  readonly bytes: number;
  /** `done` promises nothing: a power cut may take it away until a later group is synced. A group of such writes alone is not. */
  readonly deferrable?: true;
  /** It goes with the next group, which it does not begin before it has waited for a moment: who is told of it can wait. */
  readonly patient?: true;
}

/** A group that reaches this is committed, whatever else waits: it bounds how long the first of it waits for the last. */
const GROUP_LIMIT_BYTES = 16 * 1024 * 1024;

/** While another program holds the database: how often it is asked for. */
const HELD_RETRY_MS = 20;

/** From what a fast disk takes to what nobody should wait for, and from one write to what fills a group. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const WRITES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

const NONE: readonly Write[] = [];

/** How long what is patient waits for others, whose sync it then shares. */
const PATIENCE_MS = 5;

export class GroupCommit {
  /** Of each commit that stands. */
  readonly seconds = new Distributed(SECONDS);
  readonly writes = new Distributed(WRITES);
  readonly #connection: Connection;
  readonly #writer: Writer;
  readonly #observer: GroupObserver;
  readonly #retries: FullDiskRetries;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  /** As the connection was opened: FULL. */
  #syncing = true;
  #waiting: Write[] = [];
  #scheduled = false;
  #patience: NodeJS.Timeout | undefined;
  readonly #heldLimitMs: number;
  /** Since when another program holds the database, as far as is known. */
  #heldSinceMs: number | undefined;
  #heldBy: unknown;
  #retry: NodeJS.Timeout | undefined;
  /** The disk failed: what this process goes on to write might stand on what the disk never got. */
  #broken = false;

  /** `patienceMs`: how long what waits for another program does so. */
  constructor(connection: Connection, observer: GroupObserver, patienceMs = BUSY_TIMEOUT_MS) {
    this.#connection = connection;
    this.#heldLimitMs = patienceMs;
    this.#writer = observer.writer;
    this.#observer = observer;
    this.#retries = new FullDiskRetries(connection);
    this.#begin = connection.prepare('begin immediate');
    this.#commit = connection.prepare('commit');
    this.#rollback = connection.prepare('rollback');
  }

  /** Commits in this turn of the event loop, behind everything else that arrived in it. */
  add(write: Write): void {
    this.#waiting.push(write);
    if (write.patient === true) this.#patience ??= setTimeout(() => this.#run(), PATIENCE_MS);
    else this.#schedule();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  #schedule(): void {
    if (this.#scheduled || this.#retry !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    while (this.#waiting.length > 0 && this.#retry === undefined) {
      const left = this.#settle(this.#takeGroup());
      if (left.length > 0) this.#wait(left);
    }
  }

  /** Nothing of these was begun. What waits when the time is over fails, and what comes then has a time of its own. */
  #wait(left: readonly Write[]): void {
    const nowMs = performance.now();
    this.#heldSinceMs ??= nowMs;
    this.#waiting.unshift(...left);
    if (nowMs - this.#heldSinceMs < this.#heldLimitMs) {
      this.#retry = setTimeout(() => this.#tryAgain(), HELD_RETRY_MS);
      return;
    }
    this.#heldSinceMs = undefined;
    fail(this.#waiting.splice(0), asStoreError(this.#heldBy));
    this.#observer.failed(this.#heldBy, undefined);
  }

  #tryAgain(): void {
    this.#retry = undefined;
    this.#run();
  }

  #takeGroup(): Write[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((write) => (bytes += write.bytes) >= GROUP_LIMIT_BYTES);
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end + 1);
  }

  /** What is left while another program holds the database. */
  #settle(group: readonly Write[]): readonly Write[] {
    const unwanted = this.#broken ? new StoreError('unavailable', 'the disk failed') : this.#observer.lost();
    if (unwanted !== undefined) return fail(group, unwanted);
    const beganMs = performance.now();
    const failure = this.#retries.commit(() => this.#tryCommit(group));
    if (isBusy(failure?.error)) {
      this.#heldBy = failure?.error;
      return group;
    }
    this.#heldSinceMs = undefined;
    if (failure !== undefined) return this.#uncommitted(group, failure);
    this.seconds.add((performance.now() - beganMs) / 1000);
    this.writes.add(group.length);
    return this.#committed(group);
  }

  #committed(group: readonly Write[]): readonly Write[] {
    const lostSince = this.#observer.lost();
    if (lostSince !== undefined) return fail(group, lostSince); // It may be there when the file is back, as after an answer that was lost.
    for (const write of group) write.done();
    this.#observer.committed(group.reduce((bytes, write) => bytes + write.bytes, 0));
    return NONE;
  }

  #uncommitted(group: readonly Write[], failure: CommitFailure): readonly Write[] {
    // Around what it has met.
    if (isDamage(failure.error) && this.#writer.queue.leases.damaged.learn()) return this.#settle(group);
    if (group.length === 1 || !isOneWritesFault(failure.error)) return this.#failed(group, failure);
    for (let at = 0; at < group.length; at++)
      if (this.#settle(group.slice(at, at + 1)).length > 0) return group.slice(at);
    return NONE;
  }

  #failed(group: readonly Write[], { error, during }: CommitFailure): readonly Write[] {
    fail(group, asStoreError(error, this.#connection.name));
    if (error instanceof StoreError) return NONE;
    this.#broken ||= isDiskError(error);
    this.#observer.failed(error, this.#broken ? during : undefined);
    return NONE;
  }

  /**
   * Whether the next COMMIT waits for the disk. Chunks of a message that is still arriving need not: the sync of the WAL that
   * its end waits for covers all that was written to it before.
   */
  #sync(wanted: boolean): void {
    if (this.#syncing === wanted) return;
    if (wanted) syncCommits(this.#connection);
    else leaveSyncs(this.#connection);
    this.#syncing = wanted;
  }

  /** The error when nothing of the group was committed. */
  #tryCommit(group: readonly Write[]): unknown {
    try {
      this.#sync(group.some(({ deferrable }) => deferrable !== true));
      this.#begin.run();
      for (const write of group) write.act(this.#writer);
      this.#writer.flush();
      this.#commit.run();
      return undefined;
    } catch (error) {
      this.#writer.forget();
      return this.#rollBack() ?? error;
    }
  }

  /** The error when even that failed, for which the disk is to blame. */
  #rollBack(): unknown {
    try {
      if (this.#connection.inTransaction) this.#rollback.run();
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

function fail(group: readonly Write[], error: StoreError): readonly Write[] {
  for (const write of group) write.failed(error);
  return NONE;
}

/** One that nobody waits for: what is lost is swept at the next start, and a failure is told by the group's observer. */
export function unanswered(act: Write['act']): Write {
  return { act, done: nothing, failed: nothing, bytes: 0, deferrable: true };
}

function nothing(): void {}

export interface GroupObserver {
  readonly writer: Writer;
  /** Why nothing may be acknowledged now, though it could be committed: the files are not where they belong. */
  lost(): StoreError | undefined;
  /** A group with so much payload is durable, and its writes have been told. */
  committed(bytes: number): void;
  /** Something SQLite said. After a disk error, which has a `during`, the process must end once its last words are sent. */
  failed(error: unknown, during: 'commit' | 'checkpoint' | undefined): void;
}
