/**
 * The socket on which processes reach the store. Whoever tidies the directory may remove its file while the store serves those
 * who are connected already: then it is made again, so that commands and other servers find the store.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { FileIdentity } from '../database/file-identity.js';
import { reach, type SocketAddress } from '../database/socket-address.js';

export interface StoreDoorOptions {
  welcome(socket: Socket): void;
  /** Whether the directory is still the database's. */
  inPlace(): boolean;
  noted(what: string, details: object): void;
}

const LOOK_MS = 1_000;
/** The largest cluster has half of this; one more connection is closed at once. */
const CONNECTION_LIMIT = 512;

export class StoreDoor {
  readonly #path: string;
  readonly #options: StoreDoorOptions;
  #server: Server | undefined;
  /** Needed until the end: closing removes the file by it. */
  #address: SocketAddress | undefined;
  #file: FileIdentity | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string, options: StoreDoorOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Whatever is in the way is ours to remove: we hold the lock. Rejects with an error of the system. */
  async open(): Promise<void> {
    rmSync(this.#path, { force: true });
    const server = createServer((socket) => this.#options.welcome(socket));
    server.maxConnections = CONNECTION_LIMIT;
    this.#address = reach(this.#path);
    await listening(server, this.#address.path);
    if (this.#closed) return this.#shut(server);
    chmodSync(this.#path, 0o600);
    this.#server = server;
    this.#file = new FileIdentity(this.#path);
    this.#lookLater();
  }

  /** Nobody more comes in; resolves when the last connection has closed. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    return this.#shut(this.#server);
  }

  /** The file is removed at once; connections go on, and are waited for. */
  #shut(server: Server | undefined): Promise<void> {
    const closed = new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    this.#address?.release();
    return closed;
  }

  #lookLater(): void {
    if (!this.#closed) this.#timer = setTimeout(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    if (this.#file?.look() === 'same' || !this.#options.inPlace()) return this.#lookLater();
    void this.#shut(this.#server); // First: it removes whatever is at the path.
    this.#server = undefined;
    this.open().then(
      () => this.#options.noted('the socket of the store was removed, and is made again', { path: this.#path }),
      () => this.#lookLater(), // No room, or no directory: it may come back.
    );
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => undefined); // A failed accept (EMFILE) ends neither the listener nor the process.
      resolve();
    });
  });
}
