/**
 * What a session needs from the network, and all that it knows of it.
 * Bytes are pushed, not pulled: a session handles what arrived in the same turn of the event loop,
 * without a promise per chunk (docs/decisions/0002-pushed-bytes.md).
 */

/** What protects a connection, once its TLS handshake is over. */
export interface Security {
  /** As the library names it: 'TLSv1.3'. */
  readonly version: string;
  readonly cipher: string;
  /**
   * What ties a login to this connection, by a type of RFC 5929 or RFC 9266: each of these does. Every connection has
   * 'tls-exporter' or 'tls-unique', and most have 'tls-server-end-point'; none for a type that it has not.
   */
  channelBindings(type: string): readonly Uint8Array[];
}

/** The other end of a connection, and the end it reached. */
export interface Peer {
  /** Where `address` is of. Who comes by a Unix socket has none: it is a word then, to be shown. */
  readonly origin: 'network' | 'unix';
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Whether the client speaks from this machine itself (127.0.0.0/8 or ::1), and by no way round. */
  readonly loopback: boolean;
  /** Absent in clear text. */
  readonly security?: Security;
  /** Who says so, when a client speaks through a proxy: the proxy's address. */
  readonly via?: string;
}

/** Whether what is sent now cannot be overheard. */
export function isPrivate({ loopback, security }: Peer): boolean {
  return loopback || security !== undefined;
}

/** What the network tells a session. Calls never overlap. */
export interface Receiver {
  /** The bytes are good until it returns: they lie where the next ones will be read. */
  receive(bytes: Uint8Array): void;
  /** Output went below the low-water mark again, after a write that returned false. */
  drained(): void;
  /** The client sends nothing more, but may still read (TCP half-close). */
  inputEnded(): void;
  /** No more calls follow. `error` when the connection broke rather than ended. */
  closed(error?: Error): void;
}

export interface Channel {
  readonly peer: Peer;
  open(receiver: Receiver): void;
  /** False when the output waiting is above the high-water mark: stop writing until `drained`. */
  write(bytes: Uint8Array): boolean;
  /** The same for several pieces in one system call. */
  writeAll(pieces: readonly Uint8Array[]): boolean;
  /** Stops or resumes calls of `receive`; calls already made are not taken back. */
  pause(): void;
  resume(): void;
  /**
   * Sends what was written, then takes the TLS handshake of the client. What it leads to is another channel, to be opened
   * anew; nothing more is heard of this one. Rejects when there is no handshake in time; the connection is then closed.
   */
  secure(): Promise<Channel>;
  /** Sends what was written, then closes; `closed` follows. */
  end(): void;
  /** Closes at once; what was not sent yet is lost. `closed` follows. */
  destroy(): void;
}
