/** A client in memory: what a session's channel is when no network is there, with the client's side of it. */
import { Buffer } from 'node:buffer';
import type { Channel, Peer, Receiver, Security } from '../../src/session/channel.js';

/** A reply may take a password check on a busy machine. */
const PATIENCE_MS = 10_000;

export function peerAt(address: string, localAddress = '127.0.0.1'): Peer {
  const loopback = address === '::1' || address.startsWith('127.');
  return { origin: 'network', address, port: 40_000, localAddress, localPort: 2525, loopback };
}

/** TLS without its cryptography. */
export const memorySecurity: Security = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  channelBindings: (type) => (type === 'tls-exporter' ? [Buffer.alloc(32, 'x')] : []),
};

export class MemoryChannel implements Channel {
  static readonly #open = new Set<MemoryChannel>();

  /** Changes with the handshake: the same object serves both channels. */
  peer: Peer;
  /** What `write` answers: false is back-pressure. */
  hasRoom = true;
  paused = false;
  /** The server ended or destroyed the connection. */
  over = false;
  #receiver: Receiver | undefined;
  #gone = false;
  #halfClosed = false;
  #handshake: { resolve(channel: Channel): void; reject(error: Error): void } | undefined;
  #said: Buffer = Buffer.alloc(0);
  #held: Buffer[] = [];
  #writes = 0;
  #changed: (() => void) | undefined;

  constructor(peer: Peer = peerAt('127.0.0.1')) {
    this.peer = peer;
  }

  /** After a test that failed: the clock of a session that nobody ended would keep the process alive. */
  static dropAll(): void {
    for (const channel of MemoryChannel.#open) channel.drop();
  }

  /** What the server said and nobody has taken yet. */
  get said(): string {
    return this.#said.toString('latin1');
  }

  get writes(): number {
    return this.#writes;
  }

  open(receiver: Receiver): void {
    this.#receiver = receiver;
    MemoryChannel.#open.add(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.over) throw new Error('written after the end');
    this.#said = Buffer.concat([this.#said, bytes]);
    this.#writes += 1;
    this.#changed?.();
    return this.hasRoom;
  }

  writeAll(pieces: readonly Uint8Array[]): boolean {
    return this.write(Buffer.concat(pieces));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    for (const bytes of this.#held.splice(0)) this.send(bytes);
  }

  /** Resolves when the client shakes hands. */
  secure(): Promise<Channel> {
    this.#receiver = undefined;
    return new Promise((resolve, reject) => {
      this.#handshake = { resolve, reject };
      if (this.#halfClosed) this.drop();
    });
  }

  /** The client's side of it; what follows is said under TLS. */
  handshake(): void {
    if (this.#handshake === undefined) throw new Error('the server expects no handshake');
    this.peer = { ...this.peer, security: memorySecurity };
    this.paused = false;
    this.#handshake.resolve(this);
    this.#handshake = undefined;
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.#changed?.();
    setImmediate(() => this.drop());
  }

  destroy(): void {
    this.end();
  }

  /** The session gets bytes that are good for this turn only, as the network's are. */
  send(bytes: Uint8Array | string): void {
    if (this.over || this.#gone) return;
    const lent = Buffer.from(bytes);
    if (this.paused) return void this.#held.push(lent);
    this.#receiver?.receive(lent);
    lent.fill('?');
  }

  /** The client took all that was written. */
  drain(): void {
    this.hasRoom = true;
    this.#receiver?.drained();
  }

  /** In the middle of a handshake it ends the connection: no client could shake hands any more. */
  halfClose(): void {
    this.#halfClosed = true;
    if (this.#handshake !== undefined) return this.drop();
    if (!this.over && !this.#gone) this.#receiver?.inputEnded();
  }

  /** The connection is gone, whoever ended it. */
  drop(error?: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    MemoryChannel.#open.delete(this);
    this.#handshake?.reject(error ?? new Error('gone'));
    this.#receiver?.closed(error);
  }

  /** The next line without its CRLF, as Latin-1; undefined when none comes. */
  async line(): Promise<string | undefined> {
    const find = () => this.#said.indexOf('\r\n');
    await this.#until(() => find() !== -1 || this.over);
    const end = find();
    return end === -1 ? undefined : this.#take(end + 2).toString('latin1', 0, end);
  }

  /** The next so many bytes, or fewer when no more come. */
  async bytes(count: number): Promise<Buffer> {
    await this.#until(() => this.#said.length >= count || this.over);
    return this.#take(count);
  }

  async closed(): Promise<boolean> {
    await this.#until(() => this.over);
    return this.over;
  }

  #take(count: number): Buffer {
    const taken = this.#said.subarray(0, count);
    this.#said = this.#said.subarray(count);
    return taken;
  }

  async #until(ready: () => boolean): Promise<void> {
    if (ready()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS);
      this.#changed = () => {
        if (!ready()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#changed = undefined;
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
