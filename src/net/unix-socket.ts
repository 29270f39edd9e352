/**
 * Unix sockets that others on this machine connect to: the file of one outlives a server that was killed, and says by
 * its mode who may connect. Removes nothing but a socket that nobody answers on.
 */
import { lstatSync, rmSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Peer } from '../session/channel.js';
import { ListenError, type UnixAddress } from './listener.js';

/** Who comes through the file system: the mode of the socket has said that they may. */
export const UNIX_PEER: Peer = { address: 'unix', port: 0, localAddress: 'unix', localPort: 0, loopback: true };

/** Makes way for a new listener. @throws ListenError when a server answers there, or what is there is no socket. */
export async function clearStale(address: UnixAddress): Promise<void> {
  const found = lstatSync(address.path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ListenError(address, { code: 'ENOTSOCK' });
  if (await answers(address.path)) throw new ListenError(address, { code: 'EADDRINUSE' });
  try {
    rmSync(address.path, { force: true });
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
    if (owner !== undefined) await chown(address.path, owner.uid, owner.gid);
    await chmod(address.path, address.mode);
  } catch (error) {
    throw new ListenError(address, error as NodeJS.ErrnoException);
  }
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
