/**
 * The store: owns every write to one database and the locks of its maildrops, and serves them on a Unix socket.
 * At most one runs per database (ownership.ts). When a connection closes, its locks fall and its unfinished messages go.
 * After a disk error it stops: whoever started it starts it anew, with fresh connections.
 */
import type { Socket } from 'node:net';
import { PrivateSocket } from '../../../runtime/private-socket.js';
import { SharedReads } from '../../../runtime/shared-reads.js';
import type { Concerned, RunningStore, StartOptions, StoreObserver } from '../../driver.js';
import { StoreError } from '../../errors.js';
import type { Address, Secrets } from '../../shapes.js';
import type { StoreStatus } from '../../status.js';
import { FrameError } from '../protocol/frames.js';
import { deviceStatus } from './device-status.js';
import { DeviceRefusals } from './device-refusals.js';
import { takeFiles } from './files.js';
import type { Write } from './group.js';
import { identify } from '../database/identification.js';
import type { Location } from '../database/location.js';
import { LoginIntervals } from '../../rules/login-intervals.js';
import { MaildropLocks } from '../../rules/maildrop-locks.js';
import { OpenDatabase } from './open-database.js';
import { Opening } from './opening.js';
import { claim, type Ownership } from './ownership.js';
import { walBytes } from './recovery.js';
import type { ServedStore } from './served-store.js';
import { StoreConnection } from './store-connection.js';
import { LastLogins } from './last-logins.js';
import { RecentUses } from './recent-uses.js';
import { Senders } from './senders.js';
import type { Writer } from './writer.js';
import type { Sweeper } from './sweeper.js';

/** A process that does not even hear of a change for so long hangs. */
const CHANGE_TIMEOUT_MS = 2_000;

/** Of frames that are not complete, on all connections; below LARGE_FRAME_BYTES nobody counts. */
const FRAMES_LIMIT_BYTES = 256 * 1024 * 1024;
const LARGE_FRAME_BYTES = 1024 * 1024;

/** The largest cluster has half of this; one more connection is closed at once. */
const CONNECTION_LIMIT = 512;

interface ServerOptions {
  readonly location: Location;
  readonly ownership: Ownership;
  readonly observer: StoreObserver;
  readonly options: StartOptions;
}

export class StoreServer implements RunningStore, ServedStore {
  readonly #location: Location;
  readonly #ownership: Ownership;
  readonly #socket: PrivateSocket;
  readonly #observer: StoreObserver;
  readonly #options: StartOptions;
  readonly #clients = new Set<StoreConnection>();
  /** Bytes of frames that are not complete, where they are many. */
  readonly #arriving = new Map<object, number>();
  readonly #startedAtMs = Date.now();
  readonly reads = new SharedReads();
  readonly locks = new MaildropLocks();
  readonly intervals = new LoginIntervals();
  readonly uses = new RecentUses();
  readonly logins = new LastLogins((write) => this.add(write));
  readonly refusals = new DeviceRefusals((write) => this.add(write));
  readonly senders = new Senders();
  readonly #opening: Opening;
  #accepted = 0;
  #commits = 0;
  #closing = false;

  /** Undefined when another process is the store of this database. @throws StoreError 'unavailable' */
  static async start(
    location: Location,
    observer: StoreObserver,
    options: StartOptions = {},
  ): Promise<StoreServer | undefined> {
    identify(location.db); // Before anything is made or changed there.
    process.umask(0o077); // Mail is its owner's alone: the database and everything beside it.
    const tightened = takeFiles(location);
    if (tightened.length > 0) observer.noted('files that others could read are closed to them', { files: tightened });
    const ownership = claim(location.lock);
    if (ownership === undefined) return undefined;
    try {
      const server = new StoreServer({ location, ownership, observer, options });
      await server.#opening.patiently();
      await server.#socket.open();
      return server;
    } catch (error) {
      ownership.release();
      throw error;
    }
  }

  private constructor({ location, ownership, observer, options }: ServerOptions) {
    this.#options = options;
    this.#location = location;
    this.#ownership = ownership;
    this.#observer = observer;
    this.#socket = new PrivateSocket({
      path: () => location.socket,
      connectionLimit: CONNECTION_LIMIT,
      connected: (socket) => this.#welcome(socket),
      mayMake: () => this.#fileState === 'there', // Else the directory is not the database's any more.
      made: (path) => observer.noted('the socket of the store was removed, and is made again', { path }),
    });
    this.#opening = new Opening(location.db, observer, () => this.#openDatabase());
  }

  /** Resolves when the database is open: soon, or when its disk has room again, or a large WAL was recovered. */
  get opened(): Promise<void> {
    return this.#opening.opened;
  }

  /** Resolves when that was tried once. */
  get tried(): Promise<void> {
    return this.#opening.tried;
  }

  get refusal(): StoreError | undefined {
    return this.#opening.refusal;
  }

  hasAccounts(): boolean {
    return this.read((writer) => writer.hasAccounts);
  }

  hasCollectors(): boolean {
    return this.read(({ collectors }) => collectors.hasAny);
  }

  saltSecret(): Uint8Array {
    return this.read((writer) => writer.saltSecret);
  }

  makeLocal(domain: string, account?: { readonly address: Address; readonly secrets: Secrets }): Promise<void> {
    return this.write((writer) => {
      writer.ensureDomain(domain);
      if (account === undefined) return;
      const { address, secrets } = account;
      writer.change({ change: 'addAccount', given: [address, secrets.hash, secrets.scram] });
    });
  }

  nextBody(): number {
    return this.#opening.required.nextBody();
  }

  read<T>(ask: (writer: Writer) => T): T {
    return this.#opening.required.read(ask);
  }

  get sweeper(): Sweeper {
    return this.#opening.required.sweeper;
  }

  add(write: Write): void {
    const { refusal } = this.#opening;
    if (refusal === undefined) this.#opening.required.group.add(write);
    else write.failed(refusal);
  }

  write(act: (writer: Writer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.add({ act, done: resolve, failed: reject, bytes: 0 });
    });
  }

  async reportChanged(concerned: Concerned): Promise<void> {
    this.#observer.directoryChanged?.();
    await Promise.all([...this.#clients].map((client) => client.changed(concerned, CHANGE_TIMEOUT_MS)));
  }

  trouble(what: string, details: object): void {
    this.#observer.trouble(what, details);
  }

  countAccepted(): void {
    this.#accepted += 1;
  }

  lost(): StoreError | undefined {
    return this.#opening.database?.files.lost();
  }

  undecoded(): void {
    this.#opening.database?.undecoded();
  }

  requireRoom(connection: object, bytes: number): void {
    if (bytes < LARGE_FRAME_BYTES) {
      this.#arriving.delete(connection);
      return;
    }
    this.#arriving.set(connection, bytes);
    if ([...this.#arriving.values()].reduce((sum, each) => sum + each, 0) > FRAMES_LIMIT_BYTES)
      throw new FrameError('too much arrives at once');
  }

  get status(): StoreStatus {
    return {
      pid: process.pid,
      startedAtMs: this.#startedAtMs,
      messagesAccepted: this.#accepted,
      commits: this.#commits,
      commitSeconds: this.#opening.database?.group.seconds.value ?? null,
      commitWrites: this.#opening.database?.group.writes.value ?? null,
      maildropsHeld: this.locks.count,
      walBytes: walBytes(this.#location.db),
      removed: this.#opening.database?.keeping ?? null,
      queue: this.#known(({ queue }) => queue.summary.counts()),
      unindexed: this.#known(({ index }) => index.waiting),
      db: this.#location.db,
      file: this.#fileState,
      devices: this.#known(({ devices }) => devices.all().map(deviceStatus)) ?? [],
      refusal: this.refusal?.message ?? null,
    };
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#opening.database?.settle();
    this.logins.flush();
    this.refusals.flush();
    const closed = this.#socket.close();
    await this.write(() => undefined).catch(() => undefined); // Only to wait for the last group: its writes were told of.
    for (const client of this.#clients) client.close();
    await closed;
    await this.#opening.close();
    this.#ownership.release();
  }

  /** What is committed: of a database that cannot be read now, nothing is told. */
  #known<T>(ask: (writer: Writer) => T): T | null {
    try {
      return this.read(ask);
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  get #fileState(): StoreStatus['file'] {
    return this.#opening.database?.files.state ?? 'there';
  }

  #openDatabase(): OpenDatabase {
    return new OpenDatabase(this.#location, {
      retention: this.#options,
      indexesMail: this.#options.indexesMail === true,
      noted: (what, details) => this.#observer.noted(what, details),
      trouble: (what, error) => this.#observer.trouble(what, error),
      isOpen: (account) => this.locks.isHeld(account),
      due: () => this.senders.wake(),
      committed: () => this.#committed(),
      directoryWritten: () => void this.reportChanged('anybody'),
      diskFailed: (error, during) => this.#stopFor(error, during),
      stopped: () => this.#stopAfterFailure('checkpoint'),
    });
  }

  #welcome(socket: Socket): void {
    const client = new StoreConnection(socket, this, (error) => {
      this.#clients.delete(client);
      this.#arriving.delete(client);
      if (error !== undefined) this.#observer.trouble('a connection to the store broke', error);
    });
    this.#clients.add(client);
  }

  #committed(): void {
    this.#commits += 1;
    this.#flush();
  }

  /** The answers leave at once: who waits for them has waited for the sync already. */
  #flush(): void {
    for (const client of this.#clients) client.flush();
  }

  /** What was answered before still leaves. */
  #stopFor(error: unknown, during: 'commit' | 'checkpoint'): void {
    this.#observer.trouble('the disk failed; the store stops', error);
    this.#stopAfterFailure(during);
  }

  #stopAfterFailure(during: 'commit' | 'checkpoint'): void {
    for (const client of this.#clients) client.close();
    this.#observer.stopped(during);
  }
}
