/** What the queue is told of a message that is sent on to other domains: what SMTP and the command line share. */
import type { EnvelopeRecipient, Outgoing } from '../store/deliveries.js';
import type { AccountId } from '../store/shapes.js';
import { onwardTrace, type CommonTrace } from './received.js';

export interface OutgoingOptions {
  /** Who logged in. */
  readonly submitter?: AccountId | undefined;
  /** BODY=8BITMIME (RFC 6152). */
  readonly eightBit: boolean;
  /** How long it is tried, in milliseconds. */
  readonly queueLifetime: number;
  /** After how long its sender is told that it still waits; 0: never. */
  readonly delayWarning: number;
}

/** Undefined when nobody elsewhere gets a copy. */
export function outgoingOf(
  recipients: readonly EnvelopeRecipient[],
  common: CommonTrace,
  { submitter, eightBit, queueLifetime, delayWarning }: OutgoingOptions,
): Outgoing | undefined {
  const remote = recipients.filter(({ kind }) => kind === 'remote');
  if (remote.length === 0) return undefined;
  const { atMs, international } = common;
  return {
    trace: onwardTrace(common, remote.length === 1 ? remote[0]?.recipient : undefined),
    submitter,
    firstAttemptAtMs: atMs,
    ...(delayWarning > 0 && { delayNoticeAtMs: atMs + delayWarning }),
    expiresAtMs: atMs + queueLifetime,
    bodyKind: eightBit ? '8bitmime' : '7bit',
    smtputf8: international === true,
    requireTls: false,
  };
}
