/**
 * What became of a recipient, and why. Text in it is one line without control characters and of a bounded length,
 * whoever wrote it: it may stand in a log, on a terminal and in a report.
 */

/** What the next server took, as a whole message: which recipients it answers for now. */
export interface SendResult {
  /** In the order of the envelope's recipients. */
  readonly outcomes: readonly Outcome[];
  /** Whether the next server was told what reports are wanted, and answers for those from now on (RFC 3461 §5.2.1). */
  readonly relaysDsn: boolean;
  /** Whether another message may be sent over the connection. */
  readonly reusable: boolean;
  /**
   * The server had closed a connection that was kept, before it heard of this message. Nothing is known of it but that:
   * send again over a new connection, at once.
   */
  readonly stale: boolean;
  /** What the source of the message failed with. The fault is on this side. */
  readonly sourceError?: unknown;
}

export interface Outcome extends Report {
  /**
   * `delivered`: the next server has it. `deferred`: it has not; later it may take it. `failed`: it will never take it.
   * `unknown`: the connection broke behind the end of the message, before the reply: it may have it.
   */
  readonly kind: 'delivered' | 'deferred' | 'failed' | 'unknown';
}

/** Why there is no connection that mail could be sent over. */
export interface NotConnected extends Report {
  readonly kind: 'deferred' | 'failed';
  /** Nothing was sent to anybody: what is missing is missing here, and waits without an attempt being counted. */
  readonly isUntried?: true;
}

export interface Report {
  /**
   * Whose fault it is. `connection`: every message to this next hop would get the same. `login`: likewise, and until the
   * credentials are mended mail waits. `message`: this message alone. `recipient`: this recipient alone.
   */
  readonly concerns: 'connection' | 'login' | 'message' | 'recipient';
  /** What was being answered or waited for. */
  readonly command: Command;
  /** Of the reply (RFC 5321 §4.2); absent when there was none and the text is ours. */
  readonly code?: number;
  /** The enhanced code (RFC 3463): that of the reply, or where it had none, one that fits. */
  readonly status: string;
  /** The reply without codes, its lines joined by spaces; or a sentence of ours. */
  readonly text: string;
  readonly remote: Remote;
}

export type Command =
  | 'connect'
  | 'TLS'
  | 'greeting'
  | 'EHLO'
  | 'HELO'
  | 'LHLO'
  | 'STARTTLS'
  | 'AUTH'
  | 'RSET'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'message'
  | 'end of data';

/** Who was spoken to. */
export interface Remote {
  /** As it was named: a host, or the path of a Unix socket. */
  readonly host: string;
  /** Absent before there was a connection, and for Unix sockets. */
  readonly address?: string;
  readonly port?: number;
  /** As the library names it, 'TLSv1.3'; absent in clear. */
  readonly tls?: string;
}
