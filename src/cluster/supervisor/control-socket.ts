/**
 * The socket on which the supervisor answers commands, beside the store's: for its owner alone, mode 0600. It goes with the
 * supervisor; one that a killed supervisor left goes at the next start. Whoever tidies the directory may remove its file: then it
 * is made again. The server serves mail without it.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../../log/log.js';
import { lstatIfThere } from '../../runtime/stats.js';
import { controlSocketOf, reach, type SocketAddress } from '../../store/watch.js';
import { controlSocketsOf, NAME_BYTES } from '../control/control-client.js';
import { STATUS_QUESTION, type SupervisorStatus } from '../control/control-messages.js';

export interface ControlSocketOptions {
  readonly db: string;
  readonly log: Log;
  readonly status: () => Promise<SupervisorStatus>;
  /** While it is root in effect, the file would be root's. */
  readonly isRoot: () => boolean;
}

const LOOK_MS = 1_000;
/** One more is closed at once. */
const CONNECTION_LIMIT = 16;
/** Who has not asked by then is cut off. */
const QUESTION_LIMIT_MS = 2_000;

/** A socket that is listened on, and which file that is. */
interface Open {
  readonly server: Server;
  readonly path: string;
  readonly inode: number | undefined;
  /** Needed until the end: closing removes the file by it. */
  readonly address: SocketAddress;
}

export class ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #name = randomBytes(NAME_BYTES).toString('hex');
  #open: Open | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #warned = false;

  constructor(options: ControlSocketOptions) {
    this.#options = options;
  }

  /** Never rejects: where there is no room for it now, it is made later. */
  async open(): Promise<void> {
    await removeStale(this.#options.db);
    await this.#make();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#shut();
  }

  async #make(): Promise<void> {
    try {
      if (!this.#options.isRoot()) await this.#listen();
    } catch (error) {
      if (!this.#warned) this.#options.log.warn({ err: error }, 'there is no control socket; it is made later');
      this.#warned = true;
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), LOOK_MS).unref();
  }

  async #listen(): Promise<void> {
    const path = controlSocketOf(this.#options.db, this.#name);
    const server = createServer((socket) => this.#answer(socket));
    server.maxConnections = CONNECTION_LIMIT;
    const address = reach(path);
    try {
      await listening(server, address.path);
      chmodSync(path, 0o600);
      this.#open = { server, path, address, inode: lstatIfThere(path)?.ino };
      this.#warned = false;
    } catch (error) {
      server.close();
      address.release();
      throw error;
    }
    if (this.#closed) this.#shut();
  }

  #look(): Promise<void> | void {
    if (this.#open !== undefined && this.#isThere(this.#open)) {
      this.#timer = setTimeout(() => void this.#look(), LOOK_MS).unref();
      return;
    }
    this.#shut(); // First: it removes whatever is at the path.
    return this.#make();
  }

  #isThere({ path, inode }: Open): boolean {
    try {
      return lstatIfThere(path)?.ino === inode;
    } catch {
      return true; // It cannot be seen now.
    }
  }

  #shut(): void {
    this.#open?.server.close();
    this.#open?.address.release();
    this.#open = undefined;
  }

  #answer(socket: Socket): void {
    let asked = '';
    socket.setTimeout(QUESTION_LIMIT_MS, () => socket.destroy());
    socket.on('error', () => undefined); // It is closed after it.
    socket.setEncoding('latin1').on('data', (text: string) => {
      asked += text;
      if (!STATUS_QUESTION.startsWith(asked)) socket.destroy();
      else if (asked === STATUS_QUESTION) void this.#say(socket);
    });
  }

  async #say(socket: Socket): Promise<void> {
    socket.setTimeout(0);
    const status = await this.#options.status();
    socket.setTimeout(QUESTION_LIMIT_MS); // To take it.
    socket.end(`${JSON.stringify(status)}\n`);
  }
}

/** What a supervisor that was killed has left. */
async function removeStale(db: string): Promise<void> {
  for (const path of await controlSocketsOf(db)) {
    try {
      if (lstatIfThere(path)?.isSocket() === true && (await isRefused(path))) rmSync(path, { force: true });
    } catch {
      // Not ours to remove, or no more there.
    }
  }
}

/** Whether nobody listens there. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const address = reach(path);
    const socket = connect(address.path);
    const told = (refused: boolean): void => {
      socket.destroy();
      address.release();
      resolve(refused);
    };
    socket.once('connect', () => told(false));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => told(code === 'ECONNREFUSED'));
  });
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
