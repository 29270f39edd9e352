/** What goes out with a message: from whom, to whom, and what is asked of the next server (RFC 5321 §2.3.1, RFC 3461). */

export interface OutboundEnvelope {
  /** Without angle brackets; empty for the null reverse-path. */
  readonly reversePath: string;
  /** At least one. All of them are named in one transaction. */
  readonly recipients: readonly OutboundRecipient[];
  /**
   * What the message needs of a server: octets above 127 (RFC 6152), or UTF-8 in its header or envelope (RFC 6531). What
   * is not declared and comes all the same is not sent to a server that did not announce it.
   */
  readonly body: '7bit' | '8bitmime' | 'smtputf8';
  /** Exactly what the source gives: nothing that turns out shorter or longer is ever completed. */
  readonly sizeOctets: number;
  /** Only over TLS with a certificate of the right name, and to servers that promise the same (RFC 8689). */
  readonly requireTls?: boolean;
  /** What a report of a failure is to hold (RFC 3461 §4.3). */
  readonly ret?: 'FULL' | 'HDRS';
  /** As text: xtext is undone (RFC 3461 §4.4). */
  readonly envid?: string;
}

export interface OutboundRecipient {
  /** The forward-path without angle brackets. */
  readonly address: string;
  /** What is to be reported; nothing means that nothing was asked for (RFC 3461 §4.1). */
  readonly notify?: readonly DsnEvent[];
  /** `rfc822;alice@example.org`, as text: xtext is undone (RFC 3461 §4.2). */
  readonly orcpt?: string;
}

export type DsnEvent = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY';
