/**
 * Keeps the database in shape beside the commit path: moves the WAL into the database file, and decodes the text of
 * MIME messages for people. Both run in a thread of their own (keeper-thread.ts); a text that kills the thread
 * is marked and not tried again.
 */
import { openSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Write } from './group.js';

export interface KeeperNeeds {
  add(write: Write): void;
  nextUndecoded(after: number): number | undefined;
  /** A checkpoint on the writer's own connection: short, when the thread has moved nearly everything. */
  checkpointHere(): void;
  trouble(what: string, error: unknown): void;
  /** What a checkpoint moved may not be on the disk. */
  diskFailed(error: Error): void;
}

export type KeeperTask = { readonly kind: 'checkpoint' } | { readonly kind: 'decode'; readonly body: number };

export interface KeeperData {
  readonly db: string;
  /** A descriptor of the database file, for its syncs. */
  readonly file: number;
}

export interface CheckpointResult {
  readonly kind: 'checkpoint';
  readonly walFrames: number;
  /** Why nothing was moved; it is tried again when there is more. */
  readonly trouble?: string;
  /** What the disk said: what was moved may not be on it. */
  readonly diskFailed?: string;
}

export type KeeperResult =
  CheckpointResult | { readonly kind: 'decode'; readonly body: number; readonly text: string | undefined };

/** A checkpoint begins when about so much was written since the last one. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
/** What a commit writes besides payload, roughly: pages of the trees it touches. */
const COMMIT_OVERHEAD_BYTES = 24 * 1024;
/** The WAL starts over only when all of it was moved, and under steady load more has come meanwhile: above this the writer
 * moves the rest itself, between two commits. */
const WAL_LIMIT_FRAMES = 8192;
/** A text that needs more than this to decode ends the thread, and is marked. */
const THREAD_MEMORY_MIB = 128;

export class Keeper {
  readonly #db: string;
  readonly #needs: KeeperNeeds;
  /**
   * Never closed: a process that closes any descriptor of a file loses its locks on it (fcntl(2)), SQLite's among them, and
   * another process could then take the WAL away.
   */
  readonly #file: number;
  #thread: Worker | undefined;
  #task: KeeperTask | undefined;
  #writtenBytes = 0;
  #lastDecoded = 0;
  #decodeWanted = false;
  #closed = false;

  constructor(db: string, needs: KeeperNeeds) {
    this.#db = db;
    this.#needs = needs;
    this.#file = openSync(db, 'r');
  }

  /** After each commit, with its payload. */
  committed(bytes: number): void {
    this.#writtenBytes += bytes + COMMIT_OVERHEAD_BYTES;
    if (this.#writtenBytes >= CHECKPOINT_BYTES) this.#next();
  }

  decodeSoon(): void {
    this.#decodeWanted = true;
    this.#next();
  }

  walBytes(): number {
    return statSync(`${this.#db}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread?.terminate();
  }

  #next(): void {
    if (this.#closed || this.#task !== undefined) return;
    const task = this.#nextTask();
    if (task === undefined) return;
    this.#task = task;
    if (task.kind === 'checkpoint') this.#hand(task);
    else {
      const { body } = task;
      const hand = () => this.#hand(task);
      this.#needs.add({ act: (writer) => writer.decoding(body), done: hand, failed: hand, bytes: 0 });
    }
  }

  #hand(task: KeeperTask): void {
    if (this.#closed) return;
    this.#thread ??= this.#startThread();
    this.#thread.postMessage(task);
  }

  #nextTask(): KeeperTask | undefined {
    if (this.#writtenBytes >= CHECKPOINT_BYTES) {
      this.#writtenBytes = 0;
      return { kind: 'checkpoint' };
    }
    const body = this.#decodeWanted ? this.#needs.nextUndecoded(this.#lastDecoded) : undefined;
    this.#decodeWanted = body !== undefined;
    return body === undefined ? undefined : { kind: 'decode', body };
  }

  #startThread(): Worker {
    const thread = new Worker(new URL('./keeper-thread.js', import.meta.url), {
      workerData: { db: this.#db, file: this.#file } satisfies KeeperData,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MEMORY_MIB },
    });
    thread.unref();
    thread.on('message', (result: KeeperResult) => this.#finished(result));
    thread.on('error', (error) => this.#needs.trouble('the keeper thread failed', error));
    thread.on('exit', () => this.#died());
    return thread;
  }

  #finished(result: KeeperResult): void {
    this.#task = undefined;
    if (result.kind === 'decode') this.#decoded(result.body, result.text);
    else if (result.trouble !== undefined) this.#needs.trouble('the WAL could not be moved', new Error(result.trouble));
    else if (result.diskFailed !== undefined) this.#needs.diskFailed(new Error(result.diskFailed));
    else if (result.walFrames > WAL_LIMIT_FRAMES) this.#needs.checkpointHere();
    this.#next();
  }

  #decoded(body: number, text: string | undefined): void {
    this.#lastDecoded = body;
    this.#needs.add({
      act: (writer) => writer.decoded(body, text),
      done: nothing,
      failed: nothing,
      bytes: text?.length ?? 0,
    });
  }

  #died(): void {
    this.#thread = undefined;
    const task = this.#task;
    this.#task = undefined;
    if (this.#closed) return;
    if (task?.kind === 'decode') this.#decoded(task.body, undefined);
    this.#next();
  }
}

/** Nobody waits for it; a failure is told by the group's observer, and the text is decoded again after the next start. */
function nothing(): void {}
