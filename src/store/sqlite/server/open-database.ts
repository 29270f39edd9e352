/**
 * The database as its store has it open: the connection that writes, and all that works beside it. There is none before the
 * WAL that was found has been recovered (wal-recovery.ts), so that nothing is ever written behind frames that were not proved.
 */
import type { Retention } from '../../driver.js';
import type { Keeping } from '../../removed-mail.js';
import type { AccountId } from '../../shapes.js';
import { Checkpointer } from './checkpointer.js';
import {
  emptyWal,
  openForWriting,
  passiveCheckpoint,
  waitForNobody,
  waitForOthers,
  type Connection,
} from '../database/database.js';
import { Decoder } from './decoder.js';
import { DiskSpace, prepareFileSpace, type FileSpace } from '../database/disk-space.js';
import { FileWatch } from './file-watch.js';
import { GroupCommit } from './group.js';
import { Indexer } from './indexer.js';
import type { Location } from '../database/location.js';
import { isBug, isDiskError, readError } from '../database/sqlite-error.js';
import { ShellWrites } from './shell-writes.js';
import { Sweeper } from './sweeper.js';
import { Upkeep } from './upkeep.js';
import { Writer } from './writer.js';

export interface DatabaseObserver {
  readonly retention: Retention;
  /** Whether messages are added to the search index by themselves. */
  readonly indexesMail: boolean;
  noted(what: string, details: object): void;
  trouble(what: string, error: unknown): void;
  /** Whether a session has this maildrop open, or any view of it. */
  isOpen(account: AccountId): boolean;
  /** Something of the queue may be due earlier than it was. */
  due(): void;
  /** A group is durable, and its writes have been told. */
  committed(): void;
  /** A shell has written to the directory. */
  directoryWritten(): void;
  /** Nothing is to be written on this connection any more. */
  diskFailed(error: unknown, during: 'commit' | 'checkpoint'): void;
  /** The files are not where they belong: the store has to end, and with it every process that has them open. */
  stopped(): void;
}

export class OpenDatabase {
  readonly group: GroupCommit;
  readonly files: FileWatch;
  readonly sweeper: Sweeper;
  readonly #connection: Connection;
  readonly #writer: Writer;
  readonly #checkpointer: Checkpointer;
  readonly #decoder: Decoder;
  readonly #indexer: Indexer;
  readonly #observer: DatabaseObserver;
  readonly #upkeep: Upkeep;
  #shellWrites: ShellWrites | undefined;
  #failed = false;

  /** @throws StoreError 'unavailable' */
  constructor(location: Location, observer: DatabaseObserver) {
    const { db } = location;
    this.#observer = observer;
    this.#connection = openForWriting(db);
    const { minFreeBytes = 0, ...keeping } = observer.retention;
    const space = prepareFileSpace(this.#connection);
    const disk = new DiskSpace(db, minFreeBytes, () => space.get() as FileSpace); // It is always one row.
    const isShort = () => disk.isShort();
    this.#writer = new Writer(this.#connection, { ...keeping, isShort, isOpen: (account) => observer.isOpen(account) });
    this.#checkpointer = new Checkpointer(db, {
      checkpointHere: () => this.#checkpoint(),
      trouble: (what, error) => observer.trouble(what, error),
      diskFailed: (error) => this.#diskFailed(error, 'checkpoint'),
    });
    this.#decoder = new Decoder(db, {
      add: (write) => this.group.add(write),
      nextUndecoded: () => this.read((writer) => writer.texts.nextUndecoded()),
      trouble: (what, error) => observer.trouble(what, error),
    });
    this.files = new FileWatch(location, {
      ...{ emptyWal: () => this.#emptyWal(), stop: () => observer.stopped() },
      noted: (what, details) => observer.noted(what, details),
      trouble: (what, details) => observer.trouble(what, details),
    });
    this.group = new GroupCommit(this.#connection, {
      writer: this.#writer,
      lost: () => this.files.lost(),
      committed: (bytes) => this.#committed(bytes),
      failed: (error, during) => {
        if (during !== undefined) this.#diskFailed(error, during);
        else observer.trouble(isBug(error) ? 'a bug failed one write, and nothing else' : 'a write failed', error);
      },
    });
    this.sweeper = new Sweeper(this.group);
    this.#upkeep = new Upkeep({
      ...{ sweeper: this.sweeper, writer: this.#writer, keepRemovedMs: keeping.keepRemovedMs, isShort },
      noted: (what, details) => observer.noted(what, details),
    });
    this.#indexer = this.#makeIndexer(isShort);
  }

  get keeping(): Keeping {
    return this.#writer.removals.keeping;
  }

  nextBody(): number {
    return this.#writer.nextBody();
  }

  /** What is asked outside of a group, which no write waits for. @throws StoreError */
  read<T>(ask: (writer: Writer) => T): T {
    try {
      return ask(this.#writer);
    } catch (error) {
      throw readError(error, this.#connection.name);
    }
  }

  /** Goes on with what the last store left half done. */
  begin(): void {
    this.#endInterrupted();
    this.#decoder.decodeSoon();
    this.#upkeep.begin();
    this.#indexer.committed(this.#writer.index.isScattered); // By the last store.
    this.#shellWrites = new ShellWrites(this.#connection, () => this.#directoryWritten());
    waitForNobody(this.#connection); // Groups wait by themselves.
  }

  #makeIndexer(isShort: () => boolean): Indexer {
    return new Indexer({
      ...{ group: this.group, isOn: this.#observer.indexesMail, isShort },
      read: (ask) => this.read(ask),
      trouble: (what, details) => this.#observer.trouble(what, details),
    });
  }

  /** A full disk leaves it to the next start: nobody sees it. */
  #endInterrupted(): void {
    try {
      for (const body of this.#writer.texts.interrupted())
        this.#observer.trouble('the store ended while it decoded the text of a message; it is left as it came', {
          body,
        });
    } catch (error) {
      if (isDiskError(error)) this.#diskFailed(error, 'commit');
      else this.#observer.trouble('a text that was being decoded cannot be marked', error);
    }
  }

  /** The text of a message that came in waits to be decoded. */
  undecoded(): void {
    this.#decoder.decodeSoon();
  }

  /** Begins nothing more by itself. */
  settle(): void {
    this.files.close();
    this.#upkeep.close();
    this.#shellWrites?.close();
    this.#indexer.close();
  }

  /**
   * Gives the file back; what waits has been written by then. After a disk error it is left to the end of the process: a
   * connection that is the last to close would move the WAL, and remove it.
   */
  async close(): Promise<void> {
    this.settle();
    await Promise.all([this.#checkpointer.close(), this.#decoder.close()]);
    if (!this.#failed && !this.files.wasEmptied) this.#giveBack();
  }

  /** What a full or failing disk refuses here was promised to nobody. */
  #giveBack(): void {
    try {
      waitForOthers(this.#connection);
      this.#writer.texts.decodeAgain();
      this.#connection.close();
    } catch (error) {
      this.#observer.trouble('the database could not be closed in order', error);
    }
  }

  #committed(bytes: number): void {
    this.#writer.queue.newMail.give();
    if (this.#writer.queue.ledger.takeWoken()) this.#observer.due();
    this.#observer.committed();
    if (this.#writer.takeLeftovers()) this.sweeper.soon();
    this.#indexer.committed(this.#writer.index.isScattered);
    if (this.#writer.index.takeRequest()) this.#indexer.request();
    this.#checkpointer.committed(bytes);
  }

  /** No group is open at this moment. */
  #directoryWritten(): void {
    this.#writer.directoryWritten();
    this.sweeper.soon();
    this.#observer.directoryWritten();
  }

  #checkpoint(): void {
    this.#moving(() => passiveCheckpoint(this.#connection));
  }

  #emptyWal(): boolean {
    const empty = (): boolean => {
      waitForOthers(this.#connection);
      const isEmpty = emptyWal(this.#connection);
      waitForNobody(this.#connection);
      return isEmpty;
    };
    return this.#moving(empty) ?? false;
  }

  #moving<T>(move: () => T): T | undefined {
    try {
      return move();
    } catch (error) {
      if (isDiskError(error)) this.#diskFailed(error, 'checkpoint');
      else this.#observer.trouble('the WAL could not be moved', error);
      return undefined;
    }
  }

  #diskFailed(error: unknown, during: 'commit' | 'checkpoint'): void {
    this.#failed = true;
    this.#observer.diskFailed(error, during);
  }
}
