/**
 * One connection as a session's channel, in clear or under TLS. Keeps no more output waiting than its mark, and gives a connection that was
 * ended a moment to be closed by the other side, so that the last reply is not lost to a reset.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { isLoopback, plainAddress } from '../ip/address.js';
import type { Channel, Peer, Receiver } from '../session/channel.js';
import type { SharedReads } from '../runtime/shared-reads.js';
import type { SharedWrites } from '../runtime/shared-writes.js';
import { beginsWithTls } from './first-octet.js';
import type { TlsService } from './tls.js';

/** Output waiting above this stops the session; it goes on when all of it is with the kernel. */
const OUTPUT_HIGH_WATER_BYTES = 256 * 1024;
/** Where the shared buffer is not available, pieces below this are copied, so that what they are slices of is freed. */
const COPY_LIMIT_BYTES = 16 * 1024;
/** After the last byte was sent, how long the other side may take to close. */
const LINGER_MS = 2_000;

export interface ConnectionOptions {
  /** What `secure` offers. */
  readonly tls?: TlsService | undefined;
  /** Who a proxy says it is. */
  readonly peer?: Peer;
  /** Where its bytes are read into and written from; without, each read and each write has memory of its own. */
  readonly shared?: SharedBuffers;
}

export interface SharedBuffers {
  readonly reads: SharedReads;
  readonly writes: SharedWrites;
}

export class Connection implements Channel {
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #tls: TlsService | undefined;
  readonly #shared: SharedBuffers | undefined;
  #failure: Error | undefined;
  #receiver: Receiver | undefined;

  /** Nothing is read before `open`: a connection may have to wait for its session. */
  constructor(socket: Socket, { tls, peer = peerOf(socket), shared }: ConnectionOptions = {}) {
    this.#socket = socket;
    this.#tls = tls;
    this.#shared = shared;
    this.peer = peer;
    socket.on('error', (error) => (this.#failure = error));
  }

  /** Whether the client begins with TLS; it has so long to show it. Before `open`. */
  beginsWithTls(waitMs: number): Promise<boolean> {
    return beginsWithTls(this.#socket, waitMs);
  }

  /** What the socket goes on to hold is `this` alone: Node keeps a closed socket until the next major garbage collection. */
  open(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#socket.destroyed) return process.nextTick(() => this.#closed());
    const receive = (bytes: Buffer): void => this.#receiver?.receive(bytes);
    if (this.#shared === undefined) this.#socket.on('data', receive);
    else this.#shared.reads.begin(this.#socket, receive);
    this.#socket
      .on('drain', () => this.#receiver?.drained())
      .on('end', () => this.#receiver?.inputEnded())
      .on('close', () => this.#closed());
    if (this.#socket.readableEnded) process.nextTick(() => this.#receiver?.inputEnded()); // Behind a proxy's header.
  }

  #closed(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(this.#failure);
  }

  async secure(): Promise<Channel> {
    if (this.#tls === undefined) throw new Error('TLS was begun where it is not offered');
    this.#receiver = undefined;
    this.#socket.pause().removeAllListeners('data');
    const secured = await this.#tls.handshake(this.#socket);
    return new Connection(secured, { peer: { ...this.peer, security: this.#tls.securityOf(secured) } });
  }

  write(bytes: Uint8Array): boolean {
    this.#socket.write(bytes);
    return this.#hasRoom;
  }

  writeAll(pieces: readonly Uint8Array[]): boolean {
    if (this.#shared?.writes.write(this.#socket, pieces) !== true) this.#writeApart(pieces);
    return this.#hasRoom;
  }

  #writeApart(pieces: readonly Uint8Array[]): void {
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    if (bytes <= COPY_LIMIT_BYTES) return void this.#socket.write(Buffer.concat(pieces, bytes));
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.resume(); // What still arrives is read and dropped: unread bytes would turn the close into a reset.
    this.#socket.end(() => {
      const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
      this.#socket.once('close', () => clearTimeout(timer));
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  get #hasRoom(): boolean {
    return this.#socket.writableLength < OUTPUT_HIGH_WATER_BYTES;
  }
}

/** Both ends of the TCP connection itself. Hardly a session wants to know its own: the system is asked when one does. */
export function peerOf(socket: Socket): Peer {
  const address = plainAddress(socket.remoteAddress ?? '');
  return {
    origin: 'network',
    address,
    port: socket.remotePort ?? 0,
    get localAddress() {
      return plainAddress(socket.localAddress ?? '');
    },
    get localPort() {
      return socket.localPort ?? 0;
    },
    loopback: isLoopback(address),
  };
}
