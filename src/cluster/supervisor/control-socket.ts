/**
 * The socket on which the supervisor answers commands, beside the store's: for its owner alone. It goes with the supervisor; one
 * that a killed supervisor left goes at the next start. The server serves mail without it.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Log } from '../../log/log.js';
import { PrivateSocket } from '../../runtime/private-socket.js';
import { reach } from '../../runtime/socket-address.js';
import { lstatIfThere } from '../../runtime/stats.js';
import { locationOf } from '../../store/locations.js';
import { controlSocketsOf, NAME_BYTES } from '../control/control-client.js';
import { ControlConnections } from './control-connections.js';
import { answerTo, type ControlRequests } from './control-requests.js';

export interface ControlSocketOptions {
  readonly db: string;
  readonly log: Log;
  /** While it is root in effect, the file would be root's. */
  readonly isRoot: () => boolean;
  readonly requests: ControlRequests;
}

/** Clients that wait for an answer among them: one more is closed at once, and asks again. */
const CONNECTION_LIMIT = 128;

export class ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #socket: PrivateSocket;
  #warned = false;

  constructor(options: ControlSocketOptions) {
    const { db, log, requests, isRoot } = options;
    const name = randomBytes(NAME_BYTES).toString('hex');
    const bug = (error: unknown): void => log.error({ err: error }, 'a bug failed a request on the control socket');
    const connections = new ControlConnections((line) => answerTo(line, requests, bug));
    this.#options = options;
    this.#socket = new PrivateSocket({
      path: () => locationOf(db).controlSocket(name),
      connectionLimit: CONNECTION_LIMIT,
      allowHalfOpen: true,
      connected: (socket) => connections.add(socket),
      mayMake: () => !isRoot(),
      made: () => (this.#warned = false),
      failed: (error) => this.#warn(error),
    });
  }

  /** Never rejects: where there is no room for it now, it is made later. */
  async open(): Promise<void> {
    await removeStale(this.#options.db);
    await this.#socket.openSoon();
  }

  close(): void {
    void this.#socket.close();
  }

  #warn(error: unknown): void {
    if (!this.#warned) this.#options.log.warn({ err: error }, 'there is no control socket; it is made later');
    this.#warned = true;
  }
}

/** What a supervisor that was killed has left. */
async function removeStale(db: string): Promise<void> {
  for (const path of await controlSocketsOf(db).catch(() => [])) {
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
