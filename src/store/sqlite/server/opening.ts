/**
 * How a store comes to its database: the WAL that was found is recovered, then the database is opened for writing. What a
 * full or failing disk refuses is tried again until it succeeds; meanwhile there is a refusal for whatever would be written.
 * What time does not mend, a database of a later version for example, rejects `opened`.
 */
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../../errors.js';
import type { OpenDatabase } from './open-database.js';
import { walBytes } from './recovery.js';
import { isFull, isPassing, readError } from '../database/sqlite-error.js';
import type { StoreObserver } from '../../driver.js';
import { keepBeforeUpgrade } from './upgrade.js';
import { recoverWal } from './wal-recovery.js';

/** Whoever starts a store waits so long for a recovery, so that most servers are ready when they say so. */
const PATIENCE_MS = 3_000;
const AGAIN_MS = 1_000;

export class Opening {
  /** Resolves when the database is open. */
  readonly opened: Promise<void>;
  database: OpenDatabase | undefined;
  readonly #db: string;
  readonly #observer: StoreObserver;
  readonly #open: () => OpenDatabase;
  readonly #first: Promise<StoreError | undefined>;
  readonly #stop = new AbortController();
  #refusal = new StoreError('unavailable', 'the database is being recovered');
  #waitedFor = true;

  constructor(db: string, observer: StoreObserver, open: () => OpenDatabase) {
    this.#db = db;
    this.#observer = observer;
    this.#open = open;
    this.#first = this.#tryOnce();
    this.opened = this.#untilOpen();
    this.opened.catch((error: unknown) => this.#failed(error));
  }

  get refusal(): StoreError | undefined {
    return this.database === undefined ? this.#refusal : undefined;
  }

  /** @throws StoreError while it is not open */
  get required(): OpenDatabase {
    if (this.database === undefined) throw this.#refusal;
    return this.database;
  }

  /** Resolves when it has been tried once, or takes long. @throws StoreError */
  async patiently(): Promise<void> {
    await Promise.race([this.#first, setTimeout(PATIENCE_MS, undefined, { ref: false })]);
    this.#waitedFor = false;
  }

  /** Resolves when it has been tried once. */
  get tried(): Promise<void> {
    return this.#first.then(nothing, nothing);
  }

  /** A recovery that is under way comes to its end first. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.opened.catch(nothing);
    await this.database?.close();
  }

  async #untilOpen(): Promise<void> {
    const { signal } = this.#stop;
    let told = '';
    for (let refusal = await this.#first; refusal !== undefined && !signal.aborted; refusal = await this.#tryOnce()) {
      this.#refusal = refusal;
      if (refusal.message !== told) this.#observer.trouble('nothing can be written to the database yet', refusal);
      told = refusal.message;
      await setTimeout(AGAIN_MS, undefined, { signal }).catch(nothing);
    }
  }

  /** Returns why not yet. @throws StoreError */
  async #tryOnce(): Promise<StoreError | undefined> {
    const noted = (what: string, details: object): void => this.#observer.noted(what, details);
    if (walBytes(this.#db) > 0) {
      const refusal = await recoverWal({ db: this.#db, noted, inService: !this.#waitedFor });
      if (refusal !== undefined) return refusal;
    }
    if (!this.#isStopped()) await keepBeforeUpgrade(this.#db, noted);
    return this.#isStopped() ? undefined : this.#openNow();
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #openNow(): StoreError | undefined {
    try {
      this.database = this.#open();
      this.database.begin();
      return undefined;
    } catch (error) {
      const { cause = error, message } = error as Error;
      if (!isPassing(cause)) throw readError(error, this.#db);
      return isFull(cause)
        ? new StoreError('full', message, { cause })
        : new StoreError('unavailable', message, { cause });
    }
  }

  /** Whoever started the store and still waits hears of it by `opened`. */
  #failed(error: unknown): void {
    if (this.#waitedFor) return;
    this.#observer.trouble('the database cannot be opened', error);
    this.#observer.stopped('commit');
  }
}

function nothing(): void {}
