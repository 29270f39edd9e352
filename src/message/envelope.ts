/** Who gets which copy of a message: what SMTP and the command line share. */
import type { Envelope, EnvelopeRecipient, Target } from '../store/deliveries.js';
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
  const copyOf = (target: Target, text: string): EnvelopeRecipient => {
    if (target.kind === 'remote') return { kind: 'remote', recipient: target.address, destination: target.destination };
    const { account, address } = target;
    const deliveredTo = formatStoredAddress(address);
    return { kind: 'local', account, recipient: text, trace: trace({ deliveredTo, forPath: text }) };
  };
  for (const { text, targets } of recipients)
    for (const target of targets) if (!copies.has(target.address)) copies.set(target.address, copyOf(target, text));
  return copies;
}
