/**
 * Where connections from proxies come in: takes the header of each (proxy-protocol.ts) before anything else is read,
 * and tells who the client is. Takes no byte more than the header: what follows is given back to the socket.
 * A connection without a right header, or without one in time, is closed and told of once.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { isLoopback } from '../ip/address.js';
import type { Peer } from '../session/channel.js';
import { peerOf } from './connection.js';
import { readProxyHeader, type ProxyHeader, type ProxyReading } from './proxy-protocol.js';

/** How long a header may take. */
const HEADER_TIMEOUT_MS = 5_000;
/** Connections of one worker that are still sending theirs; one more is closed at once. */
const WAITING_LIMIT = 256;

export interface ProxyEntranceOptions {
  /** Whether a connection from this address must begin with a header. From elsewhere none is looked for. */
  isProxy(address: string): boolean;
  /** Why a connection was closed; `peer` is the proxy's end of it. */
  refused(peer: Peer, why: string): void;
}

export class ProxyEntrance {
  readonly #options: ProxyEntranceOptions;
  #waiting = 0;

  constructor(options: ProxyEntranceOptions) {
    this.#options = options;
  }

  /** Who the client is: at once for those that come by themselves, and never for a connection that was closed here. */
  admit(socket: Socket, admitted: (peer: Peer) => void): void {
    const peer = peerOf(socket);
    if (peer.address === '' && peer.localAddress !== '') return void socket.destroy(); // Reset before it was accepted.
    if (!this.#options.isProxy(peer.address)) return admitted(peer);
    if (this.#waiting >= WAITING_LIMIT) return this.#refuse(socket, peer, 'too many wait for their header');
    this.#waiting += 1;
    takeHeader(socket, (result) => {
      this.#waiting -= 1;
      if (typeof result === 'string') this.#refuse(socket, peer, result);
      else admitted(behindProxy(peer, result));
    });
  }

  #refuse(socket: Socket, peer: Peer, why: string): void {
    socket.on('error', () => undefined); // It is closed in any case.
    socket.destroy();
    this.#options.refused(peer, why);
  }
}

/** The header, or why there is none. Afterwards nobody listens to the socket, and what follows the header waits in it. */
function takeHeader(socket: Socket, taken: (result: ProxyHeader | string) => void): void {
  let bytes = Buffer.alloc(0);
  const timer = setTimeout(() => finish('it took too long'), HEADER_TIMEOUT_MS);
  const finish = (result: ProxyHeader | string): void => {
    clearTimeout(timer);
    socket.off('readable', read).off('end', broken).off('close', broken).off('error', broken);
    taken(result);
  };
  const broken = (): void => finish('the connection ended inside it');
  const read = (): void => {
    const more = socket.read() as Buffer | null;
    if (more === null) return;
    bytes = Buffer.concat([bytes, more]);
    const reading: ProxyReading = readProxyHeader(bytes);
    if (reading === 'more') return;
    if (reading === 'wrong') return finish('it is not one of version 1 or 2');
    if (reading.bytes < bytes.length) socket.unshift(bytes.subarray(reading.bytes));
    finish(reading);
  };
  socket.on('readable', read).on('end', broken).on('close', broken).on('error', broken);
}

/**
 * A client is on this machine only when it is on the proxy's, and the proxy on ours: what it sends has crossed no network.
 * Of a client that nobody knows that cannot be said.
 */
function behindProxy(proxy: Peer, header: ProxyHeader): Peer {
  if (header.kind !== 'proxied') return header.kind === 'local' ? proxy : { ...proxy, loopback: false };
  const { client, server } = header;
  return {
    origin: 'network',
    address: client.address,
    port: client.port,
    localAddress: server.address,
    localPort: server.port,
    loopback: proxy.loopback && isLoopback(client.address),
    via: proxy.address,
  };
}
