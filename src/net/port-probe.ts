/**
 * Whether addresses could be listened on, found out without listening: binds each as a client binds the port that it calls
 * from, which fails as it would for a listener. Nobody who connects meanwhile is accepted, and so nobody is cut off.
 * Silent about what only listening can tell.
 */
import { connect, isIP } from 'node:net';
import { isUnix, persistently, type ListenerAddress, type TcpAddress } from './listener.js';

/** What is called from the port, and never answers: bind has succeeded by then. */
const NOBODY_PORT = 0;
const ANSWER_LIMIT_MS = 500;
const CLEAR = ['EADDRINUSE', 'EACCES'];

/** @throws ListenError */
export async function requireFree(addresses: readonly ListenerAddress[]): Promise<void> {
  for (const address of addresses) if (canProbe(address)) await persistently(address, () => bind(address));
}

/** A socket that was handed over is open already; a name may be several addresses. */
function canProbe(address: ListenerAddress): address is TcpAddress {
  return !isUnix(address) && address.descriptor === undefined && isIP(address.host) !== 0;
}

/** Rejects with an error of the system. */
function bind({ host, port }: TcpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: reachable(host), port: NOBODY_PORT, localAddress: host, localPort: port });
    const end = (error?: NodeJS.ErrnoException): void => {
      socket.destroy();
      if (error?.syscall === 'bind' && isClear(host, error)) reject(error);
      else resolve();
    };
    socket.setTimeout(ANSWER_LIMIT_MS, end).once('connect', () => end());
    socket.on('error', end);
  });
}

/** A client that calls from :: takes the port of IPv4 too, which a listener of ours does not. */
function isClear(host: string, { code = '' }: NodeJS.ErrnoException): boolean {
  return CLEAR.includes(code) && !(host === '::' && code === 'EADDRINUSE');
}

function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
