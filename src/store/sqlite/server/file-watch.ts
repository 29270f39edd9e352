/**
 * Sees to it that nothing is acknowledged in files that are lost: moved, removed, replaced, or covered by another mount, while
 * the store has them open and could go on writing. What was committed before is moved from the WAL into the database file,
 * wherever that is now; but never into one that was emptied in place, which would leave a database with holes. When the file
 * is back, service goes on; when another database of ours is there, or the WAL, its index or the lock is gone from beside it,
 * every process closes the database, and the next store opens what is at the path.
 */
import type { FileState } from '../../status.js';
import { StoreError } from '../../errors.js';
import { FileIdentity } from '../../../runtime/file-identity.js';
import { identify } from '../database/identification.js';
import type { Location } from '../database/location.js';

export interface FileWatchOptions {
  /** Whether all of the WAL is in the database file now, and the WAL empty. */
  emptyWal(): boolean;
  noted(what: string, details: object): void;
  trouble(what: string, details: object): void;
  /** The store has to end, and with it every process that has the files open. */
  stop(): void;
}

/** Between two looks when nothing is written. */
const LOOK_MS = 250;

export class FileWatch {
  readonly #options: FileWatchOptions;
  readonly #db: FileIdentity;
  readonly #wal: FileIdentity;
  /** Their loss takes nothing back that is written; a look now and then is enough. */
  readonly #others: readonly FileIdentity[];
  readonly #timer: NodeJS.Timeout;
  #state: FileState = 'there';
  #walIsEmpty = false;
  #wasEmptied = false;

  /** Once the database is open and in WAL mode. */
  constructor({ named, db, lock }: Location, options: FileWatchOptions) {
    this.#options = options;
    this.#db = new FileIdentity(named);
    this.#wal = new FileIdentity(`${db}-wal`);
    this.#others = [new FileIdentity(`${db}-shm`), new FileIdentity(lock)];
    this.#timer = setInterval(() => this.#act(this.#lookClosely()), LOOK_MS).unref();
  }

  get state(): FileState {
    return this.#state;
  }

  /** What writes are refused with, as things are at this moment. */
  lost(): StoreError | undefined {
    const found = this.#look();
    if (found === 'there' && this.#state === 'there') return undefined;
    if (this.#state === 'there') this.#begin(found);
    return new StoreError('unavailable', `the database is not at ${this.#db.path}`);
  }

  /** Whether what was open is lost: nothing must be moved into it, and closing it would. */
  get wasEmptied(): boolean {
    return this.#wasEmptied;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): FileState {
    const found = this.#db.lookFilled();
    if (found === 'emptied') this.#wasEmptied = true;
    if (found === 'other') return 'replaced';
    if (found === 'none') return 'missing';
    if (this.#wasEmptied) return 'emptied'; // Whoever fills it again has put another database under the old WAL.
    return this.#wal.look() === 'same' ? 'there' : 'parted';
  }

  #lookClosely(): FileState {
    const found = this.#look();
    if (found === 'there') return this.#others.every((file) => file.look() === 'same') ? found : 'parted';
    return found === 'replaced' && !isOurs(this.#db.path) ? 'missing' : found;
  }

  #begin(found: FileState): void {
    this.#state = found;
    this.#walIsEmpty = false;
    const what =
      found === 'emptied'
        ? 'the database was emptied in place; nothing is accepted: stop the server, put a backup there, and move the WAL away'
        : 'the database is not at its path; nothing is accepted until it is back';
    this.#options.trouble(what, { path: this.#db.path, found });
    setImmediate(() => this.#act(this.#lookClosely())); // Not in the middle of a group.
  }

  #act(found: FileState): void {
    if (found === 'there' && this.#state === 'there') return;
    if (this.#state === 'there') return this.#begin(found);
    this.#state = found;
    if (found === 'there') return this.#options.noted('the database is back at its path', { path: this.#db.path });
    if (this.#wasEmptied && found !== 'replaced') return;
    this.#walIsEmpty ||= this.#options.emptyWal();
    if (found === 'missing' || !this.#walIsEmpty) return;
    this.#options.noted('every process closes the database, and opens what is at its path', {
      path: this.#db.path,
      found,
    });
    this.close();
    this.#options.stop();
  }
}

function isOurs(path: string): boolean {
  try {
    return identify(path) === 'ours';
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}
