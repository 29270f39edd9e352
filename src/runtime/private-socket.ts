/**
 * A Unix socket for the user alone who listens on it: mode 0600 from its first moment. Whoever tidies the directory may remove its
 * file, or put something else there: it is looked for every second, and made again. Who is connected goes on meanwhile.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { FileIdentity } from './file-identity.js';
import { reach, type SocketAddress } from './socket-address.js';

export interface PrivateSocketOptions {
  /** Asked each time that the file is made. Whatever is in the way there is ours to remove. */
  readonly path: () => string;
  /** One more is closed at once. */
  readonly connectionLimit: number;
  readonly connected: (socket: Socket) => void;
  /** Whether one that says no more may still be answered. */
  readonly allowHalfOpen?: boolean;
  /** Whether the file may be made again now. */
  readonly mayMake: () => boolean;
  /** The file had gone, or could not be made before. */
  readonly made?: (path: string) => void;
  /** It is tried again. */
  readonly failed?: (error: unknown) => void;
}

const LOOK_MS = 1_000;
const OWNER_ONLY = 0o600;
const WITHHELD = 0o177;

/** What is listened on, and which file that is. */
interface Listening {
  readonly server: Server;
  readonly file: FileIdentity;
  /** Needed until the end: closing removes the file by it. */
  readonly address: SocketAddress;
}

export class PrivateSocket {
  readonly #options: PrivateSocketOptions;
  #listening: Listening | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PrivateSocketOptions) {
    this.#options = options;
  }

  /** Rejects with an error of the system, and then nothing is tried again. */
  async open(): Promise<void> {
    await this.#listen();
    this.#lookLater();
  }

  /** Never rejects: where there is no room for it now, it is made later. */
  async openSoon(): Promise<void> {
    try {
      if (this.#options.mayMake()) await this.#listen();
    } catch (error) {
      this.#options.failed?.(error);
    }
    this.#lookLater();
  }

  /** The file goes at once, and nobody more comes in; resolves when the last connection has closed. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    return this.#shut();
  }

  /** Returns where. Rejects with an error of the system. */
  async #listen(): Promise<string> {
    const { allowHalfOpen = false, connectionLimit, connected } = this.#options;
    const path = this.#options.path();
    rmSync(path, { force: true });
    const server = createServer({ allowHalfOpen }, connected);
    server.maxConnections = connectionLimit;
    const address = reach(path);
    try {
      await listenAlone(server, address.path);
      chmodSync(path, OWNER_ONLY); // Where a file system has its own idea of modes.
    } catch (error) {
      server.close();
      address.release();
      throw error;
    }
    this.#listening = { server, address, file: new FileIdentity(path) };
    if (this.#closed) void this.#shut();
    return path;
  }

  #shut(): Promise<void> {
    const open = this.#listening;
    this.#listening = undefined;
    if (open === undefined) return Promise.resolve();
    const closed = new Promise<void>((resolve) => open.server.close(() => resolve()));
    open.address.release();
    return closed;
  }

  #lookLater(): void {
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), LOOK_MS).unref();
  }

  async #look(): Promise<void> {
    if (this.#listening?.file.look() !== 'same' && this.#options.mayMake()) await this.#makeAgain();
    this.#lookLater();
  }

  async #makeAgain(): Promise<void> {
    void this.#shut(); // First: it removes whatever is at the path.
    try {
      this.#options.made?.(await this.#listen());
    } catch (error) {
      this.#options.failed?.(error); // No room, or no directory: it may come back.
    }
  }
}

/** The file is made while nobody else may be given anything, in this turn of the event loop. */
function listenAlone(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const umask = process.umask(WITHHELD);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        server.on('error', () => undefined); // A failed accept (EMFILE) ends neither the listener nor the process.
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}
