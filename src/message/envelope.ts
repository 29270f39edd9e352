/** Who gets which copy of a message: what SMTP and the command line share. */
import type { Envelope, EnvelopeRecipient } from '../store/deliveries.js';
import type { Recipient } from './recipient.js';
import { formatStoredAddress } from './mailbox.js';
import { traceHeaders, type CommonTrace } from './received.js';

export function envelopeFor(recipients: readonly Recipient[], common: CommonTrace): Envelope {
  const copies = copiesFor(recipients, common);
  return { reversePath: common.reversePath, receivedAtMs: common.atMs, recipients: [...copies.values()] };
}

/** One copy for each address delivered to: what several recipients lead to under one address gets one. */
export function copiesFor(
  recipients: readonly Recipient[],
  common: CommonTrace,
): ReadonlyMap<string, EnvelopeRecipient> {
  const trace = traceHeaders(common);
  const copies = new Map<string, EnvelopeRecipient>();
  for (const { text, targets } of recipients) {
    for (const { account, address } of targets) {
      if (copies.has(address)) continue;
      copies.set(address, {
        account,
        recipient: text,
        trace: trace({ deliveredTo: formatStoredAddress(address), forPath: text }),
      });
    }
  }
  return copies;
}
