/** What the queue is told of a message that is sent on to other domains: what SMTP and the command line share. */
import type { EnvelopeRecipient, Outgoing } from '../store/deliveries.js';
import type { AccountId } from '../store/shapes.js';
import { onwardTrace, type CommonTrace } from './received.js';

export interface DeadlineOptions {
  /** How long it is tried, in milliseconds. */
  readonly queueLifetime: number;
  /** After how long its sender is told that it still waits; 0: never. */
  readonly delayWarning: number;
}

/** Of what is queued now. A warning that would come with the end, or after it, does not come. */
export function deadlines(
  { queueLifetime, delayWarning }: DeadlineOptions,
  nowMs: number,
): { readonly expiresAtMs: number; readonly delayWarningAtMs?: number } {
  const expiresAtMs = nowMs + queueLifetime;
  return delayWarning === 0 || delayWarning >= queueLifetime
    ? { expiresAtMs }
    : { expiresAtMs, delayWarningAtMs: nowMs + delayWarning };
}

export interface OutgoingOptions extends DeadlineOptions {
  /** Who logged in. */
  readonly submitter?: AccountId | undefined;
  /** BODY=8BITMIME (RFC 6152). */
  readonly eightBit: boolean;
}

/** Undefined when nobody elsewhere gets a copy. */
export function outgoingOf(
  recipients: readonly EnvelopeRecipient[],
  common: CommonTrace,
  { submitter, eightBit, ...times }: OutgoingOptions,
): Outgoing | undefined {
  const remote = recipients.filter(({ kind }) => kind === 'remote');
  if (remote.length === 0) return undefined;
  const { atMs, international } = common;
  const { expiresAtMs, delayWarningAtMs } = deadlines(times, atMs);
  return {
    trace: onwardTrace(common, remote.length === 1 ? remote[0]?.recipient : undefined),
    submitter,
    firstAttemptAtMs: atMs,
    delayNoticeAtMs: delayWarningAtMs,
    expiresAtMs,
    bodyKind: eightBit ? '8bitmime' : '7bit',
    smtputf8: international === true,
    requireTls: false,
  };
}
