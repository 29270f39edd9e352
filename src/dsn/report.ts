/** What a report to a sender tells (RFC 3464 §2.3.3): of which message, and what became of which recipient. */
import type { Reply } from '../store/queue.js';

/**
 * `failed`: it will not come. `delayed`: it has not come yet. `relayed`: it went on to a server that reports nothing itself.
 * `delivered`: it is in the mailbox. `expanded`: it is on its way to each of several addresses, or there.
 */
export type Action = 'failed' | 'delayed' | 'relayed' | 'delivered' | 'expanded';

export interface ReportedRecipient {
  /** The forward-path without angle brackets. */
  readonly recipient: string;
  /** As the sender of the message named it: `rfc822;alice@example.org`, xtext undone (RFC 3461 §4.2). */
  readonly originalRecipient?: string | undefined;
  readonly action: Action;
  /** What was said last, by whom; absent when nobody was asked. */
  readonly reply?: Reply | undefined;
  /** Nothing more is sent there, since its server said that there is no such address. */
  readonly isSuppressed?: boolean | undefined;
  /** Given up because it took too long, whatever the reply says. */
  readonly isExpired?: boolean | undefined;
  readonly willRetryUntilMs?: number | undefined;
}

export interface ReportedMessage {
  /** Without angle brackets; never empty. */
  readonly reversePath: string;
  /** As text: ENVID with its xtext undone. */
  readonly envelopeId?: string | undefined;
  readonly queuedAtMs: number;
  /** Its header as it was received, and what follows it where the whole message goes back. */
  readonly header: Buffer;
  readonly rest?: Buffer | undefined;
}

/** Who reports, and when. */
export interface Reporter {
  readonly hostname: string;
  /** Of its postmaster: whom a person may answer. */
  readonly domain: string;
  /** Of the report, unlike every other. */
  readonly id: string;
  readonly nowMs: number;
}

export interface Report {
  readonly action: Action;
  readonly message: ReportedMessage;
  /** At least one. */
  readonly recipients: readonly ReportedRecipient[];
  /** Whether the sender can be sent UTF-8 in a header (RFC 6531, RFC 6533). */
  readonly isInternational: boolean;
}
