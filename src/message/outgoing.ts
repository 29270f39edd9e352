/** What the queue is told of a message that is sent on to other domains: what SMTP and the command line share. */
import type { EnvelopeRecipient, Outgoing } from '../store/deliveries.js';
import type { AccountId, Returned } from '../store/shapes.js';
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

/** What MAIL asks of whoever sends the message on. */
export interface OnwardOptions {
  /** RET (RFC 3461 §4.3). */
  readonly returned?: Returned | undefined;
  /** ENVID (RFC 3461 §4.4), as it was given. */
  readonly envelopeId?: string | undefined;
  /** RFC 8689. */
  readonly requireTls?: boolean | undefined;
  /** Nothing of it is to arrive before (RFC 4865). */
  readonly heldUntilMs?: number | undefined;
}

const PLAIN: OnwardOptions = {};

export interface OutgoingOptions {
  /** Who logged in. */
  readonly submitter?: AccountId | undefined;
  /** What it may send to, as far as its account has no limits of its own. */
  readonly limits?: Outgoing['limits'];
  /** BODY=8BITMIME (RFC 6152). */
  readonly eightBit: boolean;
  readonly deadlines: DeadlineOptions;
  readonly onward?: OnwardOptions | undefined;
}

/** Undefined when nobody elsewhere gets a copy. */
export function outgoingOf(
  recipients: readonly EnvelopeRecipient[],
  common: CommonTrace,
  { submitter, limits, eightBit, onward = PLAIN, deadlines: options }: OutgoingOptions,
): Outgoing | undefined {
  const first = recipients.find(({ kind }) => kind === 'remote');
  if (first === undefined) return undefined;
  const isOnly = recipients.findLast(({ kind }) => kind === 'remote') === first;
  const { atMs, international } = common;
  const { returned, envelopeId, requireTls = false, heldUntilMs = atMs } = onward;
  const firstAttemptAtMs = Math.max(atMs, heldUntilMs);
  const { expiresAtMs, delayWarningAtMs } = deadlines(options, firstAttemptAtMs);
  return {
    trace: onwardTrace(common, isOnly ? first.recipient : undefined),
    submitter,
    limits,
    firstAttemptAtMs,
    delayNoticeAtMs: delayWarningAtMs,
    expiresAtMs,
    bodyKind: eightBit ? '8bitmime' : '7bit',
    smtputf8: international === true,
    requireTls,
    ...(returned !== undefined && { returned }),
    ...(envelopeId !== undefined && { envelopeId }),
  };
}
