/**
 * A Unix socket whose path is longer than an address has room for, by way of its directory: Linux shows each open one as
 * `/proc/self/fd/N`. The socket itself stays where it is, so that every process finds it there, whoever it runs as.
 */
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, with a NUL. */
const LIMIT_BYTES = 103;
const DESCRIPTORS = '/proc/self/fd';
/** Room for the directory of the longest such path, and a few digits. */
const NAME_LIMIT_BYTES = LIMIT_BYTES - `${DESCRIPTORS}/99999/`.length;

export interface SocketAddress {
  /** What to listen on or connect to, until it is released. */
  readonly path: string;
  release(): void;
}

/** Whether there is an address for a socket of this path. */
export function canReach(socket: string): boolean {
  if (Buffer.byteLength(socket) <= LIMIT_BYTES) return true;
  return Buffer.byteLength(basename(socket)) <= NAME_LIMIT_BYTES && existsSync(DESCRIPTORS);
}

/** @throws Error when its directory cannot be opened */
export function reach(socket: string): SocketAddress {
  if (Buffer.byteLength(socket) <= LIMIT_BYTES) return { path: socket, release: () => undefined };
  const directory = openSync(dirname(socket), constants.O_RDONLY | constants.O_DIRECTORY);
  let isOpen = true;
  return {
    path: `${DESCRIPTORS}/${directory}/${basename(socket)}`,
    release: () => {
      if (isOpen) closeSync(directory);
      isOpen = false;
    },
  };
}
