/**
 * Unix sockets that others on this machine connect to: the file of one outlives a server that was killed, and says by
 * its mode who may connect. Removes nothing but a socket that nobody answers on.
 */
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, rmSync, type Stats } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { connect } from 'node:net';
import { lstatIfThere } from '../runtime/stats.js';
import type { Peer } from '../session/channel.js';
import { ListenError, type UnixAddress } from './listener.js';

/** Who comes through the file system: the mode of the socket has said that they may. */
export const UNIX_PEER: Peer = {
  origin: 'unix',
  address: 'unix',
  port: 0,
  localAddress: 'unix',
  localPort: 0,
  loopback: true,
};

/** Removes what a listener that is gone left behind. @throws ListenError when a server answers there, or what is there is no socket. */
export async function clearStale(address: UnixAddress): Promise<void> {
  const found = look(address);
  if (found === undefined) return;
  if (!found.isSocket()) throw new ListenError(address, { code: 'ENOTSOCK' });
  if (await answers(address.path)) throw new ListenError(address, { code: 'EADDRINUSE' });
  try {
    rmSync(address.path, { force: true });
  } catch (error) {
    throw new ListenError(address, error as NodeJS.ErrnoException);
  }
}

function look(address: UnixAddress): Stats | undefined {
  try {
    return lstatIfThere(address.path);
  } catch (error) {
    throw new ListenError(address, error as NodeJS.ErrnoException);
  }
}

/** Whom the file belongs to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Until then only whoever bound it may connect: root, when that opened the ports. @throws ListenError */
export async function letConnect(address: UnixAddress, owner?: Owner): Promise<void> {
  try {
    const { path, release } = pinSocket(address.path);
    try {
      if (owner !== undefined) await chown(path, owner.uid, owner.gid);
      await chmod(path, address.mode);
    } finally {
      release();
    }
  } catch (error) {
    throw new ListenError(address, error as NodeJS.ErrnoException);
  }
}

/** Opens what a path leads to without reading it; Node has no name for it. */
const O_PATH = 0o10000000;
const DESCRIPTORS = '/proc/self/fd';

/**
 * The socket itself, however its path is changed meanwhile: whoever owns its directory could put a link there, and root would
 * give away what that leads to. Where there are no such paths it is looked at, and that must do.
 */
function pinSocket(socket: string): { readonly path: string; readonly release: () => void } {
  if (!existsSync(DESCRIPTORS)) {
    requireSocket(lstatSync(socket));
    return { path: socket, release: () => undefined };
  }
  const descriptor = openSync(socket, O_PATH | constants.O_NOFOLLOW);
  const release = () => closeSync(descriptor);
  try {
    requireSocket(fstatSync(descriptor));
    return { path: `${DESCRIPTORS}/${descriptor}`, release };
  } catch (error) {
    release();
    throw error;
  }
}

function requireSocket(found: Stats): void {
  if (!found.isSocket()) throw Object.assign(new Error('no socket'), { code: 'ENOTSOCK' });
}

/** A server that is too busy to take another connection, or lets us not in, is there all the same. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
