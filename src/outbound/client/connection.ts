/**
 * What a user of the client sees: it is given a next hop, and then messages one after another. `SmtpClient.connect` makes
 * connections. Nothing here throws or rejects for what a server, the network or a message does: that is an outcome.
 */
import type { Source } from '../../store/source.js';
import type { OutboundEnvelope } from './envelope.js';
import type { NextHop } from './next-hop.js';
import type { NotConnected, Remote, SendResult } from './outcome.js';

export interface Client {
  /** Resolves when messages may be sent: greeted, under TLS and logged in, as the next hop wants it. */
  connect(nextHop: NextHop, signal?: AbortSignal): Promise<Connection | NotConnected>;
}

export interface Connection {
  readonly kind: 'connected';
  readonly remote: Remote;
  /** Whether another message may be sent: false once it broke, or the server said goodbye, or could not be understood. */
  readonly reusable: boolean;
  /** Whether a message was sent as a whole, and its reply has not come: broken off now, it may arrive, and again when it is sent again. */
  readonly awaitsEnd: boolean;
  /**
   * Sends one message, one at a time. The source is closed in any case, and is read only when a recipient was accepted.
   * Every recipient gets an outcome, within the deadline of a transaction.
   */
  send(envelope: OutboundEnvelope, source: Source): Promise<SendResult>;
  /** Says goodbye and closes; resolves when it is closed, soon. Not while a message is being sent. */
  quit(): Promise<void>;
  /** Closes at once. A message that is being sent gets its outcomes from that. */
  destroy(): void;
}
