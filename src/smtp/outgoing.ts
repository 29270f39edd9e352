/** What the queue is told of a message that is sent on to other domains. */
import { onwardTrace, type CommonTrace } from '../message/received.js';
import type { EnvelopeRecipient, Outgoing } from '../store/deliveries.js';
import type { SmtpSettings } from './settings.js';
import type { Transaction } from './state.js';

/** Undefined when nobody elsewhere gets a copy. */
export function outgoingOf(
  recipients: readonly EnvelopeRecipient[],
  { hello, eightBit, international }: Transaction,
  common: CommonTrace,
  { queueLifetime, delayWarning }: SmtpSettings,
): Outgoing | undefined {
  const remote = recipients.filter(({ kind }) => kind === 'remote');
  if (remote.length === 0) return undefined;
  const { atMs } = common;
  return {
    trace: onwardTrace(common, remote.length === 1 ? remote[0]?.recipient : undefined),
    submitter: hello.login?.account,
    firstAttemptAtMs: atMs,
    ...(delayWarning > 0 && { delayNoticeAtMs: atMs + delayWarning }),
    expiresAtMs: atMs + queueLifetime,
    bodyKind: eightBit ? '8bitmime' : '7bit',
    smtputf8: international,
    requireTls: false,
  };
}
