/**
 * The store: owns every write to one database and the locks of its maildrops, and serves them on a Unix socket.
 * At most one runs per database (ownership.ts). When a connection closes, its locks fall and its unfinished messages go.
 * After a disk error it stops: whoever started it starts it anew, with fresh connections.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { SharedReads } from '../../runtime/shared-reads.js';
import type { Concerned } from '../open.js';
import type { StoreError } from '../store.js';
import { Checkpointer } from './checkpointer.js';
import type { Connection } from './database.js';
import { emptyWal, openForWriting, passiveCheckpoint } from './database.js';
import { Decoder } from './decoder.js';
import { FrameError } from './frames.js';
import { takeFiles } from './files.js';
import { FileWatch } from './file-watch.js';
import { GroupCommit } from './group.js';
import { identify } from './identification.js';
import type { Location } from './location.js';
import { MaildropLocks } from './locks.js';
import { claim, type Ownership } from './ownership.js';
import { isDiskError } from './sqlite-error.js';
import { reach, type SocketAddress } from './socket-address.js';
import { StoreConnection } from './store-connection.js';
import { LastLogins } from './last-logins.js';
import { RecentUses } from './recent-uses.js';
import { Writer } from './writer.js';
import type { ServerStatus } from './status.js';
import { Sweeper } from './sweeper.js';

/** What the store tells of itself; nothing of it is a reply. */
export interface StoreObserver {
  /** Something worth a line in the log that harmed nobody. */
  noted(what: string, details: object): void;
  /** Something went wrong that no client caused. */
  trouble(what: string, error: unknown): void;
  /** The store has stopped by itself, after a disk error. */
  stopped(during: 'commit' | 'checkpoint'): void;
}

/** What a process says of itself in `pennypost status`. */
export interface PeerReport {
  readonly role: 'supervisor' | 'worker';
  readonly pid: number;
  readonly sessions?: number;
  readonly listeners?: ServerStatus['listeners'];
  readonly restarts?: ServerStatus['restarts'];
}

/** A process that does not even hear of a change for so long hangs. */
const CHANGE_TIMEOUT_MS = 2_000;
/** How long a process that is asked for its report may take before it is left out. */
const REPORT_TIMEOUT_MS = 1_000;

/** The largest cluster has half of this; one more connection is closed at once. */
const CONNECTION_LIMIT = 512;
/** Of frames that are not complete, on all connections; below LARGE_FRAME_BYTES nobody counts. */
const FRAMES_LIMIT_BYTES = 256 * 1024 * 1024;
const LARGE_FRAME_BYTES = 1024 * 1024;

export class StoreServer {
  readonly #location: Location;
  readonly #ownership: Ownership;
  readonly #connection: Connection;
  readonly #checkpointer: Checkpointer;
  readonly #decoder: Decoder;
  readonly #files: FileWatch;
  readonly #server: Server;
  readonly #observer: StoreObserver;
  readonly #clients = new Set<StoreConnection>();
  /** Bytes of frames that are not complete, where they are many. */
  readonly #arriving = new Map<StoreConnection, number>();
  readonly #startedAtMs = Date.now();
  readonly reads = new SharedReads();
  readonly writer: Writer;
  readonly locks = new MaildropLocks();
  readonly uses = new RecentUses();
  readonly logins = new LastLogins((write) => this.group.add(write));
  readonly group: GroupCommit;
  readonly sweeper: Sweeper;
  #address: SocketAddress | undefined;
  #accepted = 0;
  #closing = false;

  /** Undefined when another process is the store of this database. @throws StoreError 'unavailable' */
  static async start(location: Location, observer: StoreObserver): Promise<StoreServer | undefined> {
    identify(location.db); // Before anything is made or changed there.
    process.umask(0o077); // Mail is its owner's alone: the database and everything beside it.
    const tightened = takeFiles(location);
    if (tightened.length > 0) observer.noted('files that others could read are closed to them', { files: tightened });
    const ownership = claim(location.lock);
    if (ownership === undefined) return undefined;
    try {
      const server = new StoreServer(location, ownership, observer);
      await server.#listen();
      return server;
    } catch (error) {
      ownership.release();
      throw error;
    }
  }

  private constructor(location: Location, ownership: Ownership, observer: StoreObserver) {
    this.#location = location;
    this.#ownership = ownership;
    this.#observer = observer;
    this.#connection = openForWriting(location.db);
    this.writer = new Writer(this.#connection);
    this.#checkpointer = new Checkpointer(location.db, {
      checkpointHere: () => this.#checkpoint(),
      trouble: (what, error) => observer.trouble(what, error),
      diskFailed: (error) => this.#stopFor(error, 'checkpoint'),
    });
    this.#decoder = new Decoder(location.db, {
      add: (write) => this.group.add(write),
      nextUndecoded: () => this.writer.nextUndecoded(),
      trouble: (what, error) => observer.trouble(what, error),
    });
    this.#files = new FileWatch(location, {
      emptyWal: () => this.#emptyWal(),
      noted: (what, details) => observer.noted(what, details),
      trouble: (what, details) => observer.trouble(what, details),
      letGo: () => this.#letGo('checkpoint'),
    });
    this.group = new GroupCommit(this.#connection, {
      writer: this.writer,
      lost: () => this.#files.lost(),
      committed: (bytes) => this.#committed(bytes),
      failed: (error, disk) => (disk ? this.#stopFor(error, 'commit') : observer.trouble('a write failed', error)),
    });
    this.sweeper = new Sweeper(this.group);
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#server.maxConnections = CONNECTION_LIMIT;
  }

  /** Runs one change as any client could, and resolves when it is durable. */
  write(act: (writer: Writer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.group.add({ act, done: resolve, failed: reject, bytes: 0 });
    });
  }

  /** Resolves when no process remembers the directory as it was, and no session goes on by a login that does not stand. */
  async tellChanged(concerned: Concerned): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.changed(concerned, CHANGE_TIMEOUT_MS)));
  }

  countAccepted(): void {
    this.#accepted += 1;
  }

  /** Why nothing can be promised now: the files are not where they belong. */
  lost(): StoreError | undefined {
    return this.#files.lost();
  }

  /** The text of a message that came in waits to be decoded. */
  undecoded(): void {
    this.#decoder.decodeSoon();
  }

  /** Frames on their way in must not fill the memory, whoever sends them. @throws FrameError */
  requireRoom(client: StoreConnection, bytes: number): void {
    if (bytes < LARGE_FRAME_BYTES) {
      this.#arriving.delete(client);
      return;
    }
    this.#arriving.set(client, bytes);
    if ([...this.#arriving.values()].reduce((sum, each) => sum + each, 0) > FRAMES_LIMIT_BYTES)
      throw new FrameError('too much arrives at once');
  }

  async status(asking: StoreConnection): Promise<ServerStatus> {
    const reports = await this.#reports(asking);
    const supervisors = reports.filter(({ role }) => role === 'supervisor');
    return {
      supervisor: supervisors[0] === undefined ? null : { pid: supervisors[0].pid },
      store: { pid: process.pid, startedAtMs: this.#startedAtMs },
      workers: reports.filter(({ role }) => role === 'worker').map(({ pid, sessions = 0 }) => ({ pid, sessions })),
      listeners: supervisors.flatMap(({ listeners }) => listeners ?? []),
      restarts: supervisors[0]?.restarts ?? { store: 0, workers: 0 },
      messagesAccepted: this.#accepted,
      walBytes: this.#checkpointer.walBytes(),
      db: this.#location.db,
      file: this.#files.state,
    };
  }

  /** Takes nothing new, finishes what waits, and gives the database back. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#files.close();
    this.sweeper.close();
    this.logins.flush();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.write(() => undefined).catch(() => undefined); // Only to wait for the last group: its writes were told of.
    for (const client of this.#clients) client.close();
    await closed;
    this.#address?.release();
    await Promise.all([this.#checkpointer.close(), this.#decoder.close()]);
    this.writer.decodeAgain();
    this.#connection.close();
    this.#ownership.release();
  }

  async #listen(): Promise<void> {
    for (const body of this.writer.interrupted())
      this.#observer.trouble('the store ended while it decoded the text of a message; it is left as it came', { body });
    const address = reach(this.#location.socket);
    this.#address = address;
    rmSync(this.#location.socket, { force: true }); // Ours to remove: we hold the lock.
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address.path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    chmodSync(this.#location.socket, 0o600);
    this.#decoder.decodeSoon();
    this.sweeper.soon(); // What an earlier store left.
  }

  #welcome(socket: Socket): void {
    const client = new StoreConnection(socket, this, (error) => {
      this.#clients.delete(client);
      this.#arriving.delete(client);
      if (error !== undefined) this.#observer.trouble('a connection to the store broke', error);
    });
    this.#clients.add(client);
  }

  /** The answers leave at once: who waits for them has waited for the sync already. */
  #committed(bytes: number): void {
    for (const client of this.#clients) client.flush();
    if (this.writer.takeLeftovers()) this.sweeper.soon();
    this.#checkpointer.committed(bytes);
  }

  #checkpoint(): void {
    try {
      passiveCheckpoint(this.#connection);
    } catch (error) {
      if (isDiskError(error)) this.#stopFor(error, 'checkpoint');
      else this.#observer.trouble('the WAL could not be moved', error);
    }
  }

  #emptyWal(): boolean {
    try {
      return emptyWal(this.#connection);
    } catch (error) {
      this.#observer.trouble('the WAL could not be moved', error);
      return false;
    }
  }

  /** What was answered before still leaves. */
  #stopFor(error: unknown, during: 'commit' | 'checkpoint'): void {
    this.#observer.trouble('the disk failed; the store stops', error);
    this.#letGo(during);
  }

  #letGo(during: 'commit' | 'checkpoint'): void {
    for (const client of this.#clients) client.close();
    this.#observer.stopped(during);
  }

  async #reports(asking: StoreConnection): Promise<readonly PeerReport[]> {
    const asked = [...this.#clients]
      .filter((client) => client !== asking)
      .map((client) => client.report(REPORT_TIMEOUT_MS));
    return (await Promise.all(asked)).filter((report) => report !== undefined);
  }
}
