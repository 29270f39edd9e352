/** Who gets which copy of a message: what SMTP and the command line share. */
import type { Envelope, EnvelopeRecipient, RemoteRecipient, RemoteTarget, Target } from '../store/deliveries.js';
import type { NotifyOn } from '../store/shapes.js';
import type { Recipient } from './recipient.js';
import { formatStoredAddress } from './mailbox.js';
import { writeOriginalRecipient } from './original-recipient.js';
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
  const copyOf = (target: Target, recipient: Recipient): EnvelopeRecipient => {
    if (target.kind === 'remote') return remoteCopy(target, recipient);
    const { account, address } = target;
    const { text } = recipient;
    const deliveredTo = formatStoredAddress(address);
    return { kind: 'local', account, recipient: text, trace: trace({ deliveredTo, forPath: text }) };
  };
  for (const recipient of recipients)
    for (const target of recipient.targets)
      if (!copies.has(target.address)) copies.set(target.address, copyOf(target, recipient));
  return copies;
}

/**
 * What was asked of reports goes along, and what the sender called the recipient (RFC 3461 §5.2.7.3). Where a path leads to several, its
 * arrival is told here, and of each of them only what goes wrong (§5.2.7.4).
 */
function remoteCopy(
  { address, destination }: RemoteTarget,
  { text, targets, notify, originalRecipient }: Recipient,
): RemoteRecipient {
  const passed = targets.length > 1 ? notify && withoutSuccess(notify) : notify;
  const original = originalRecipient ?? (address === text ? undefined : writeOriginalRecipient(`rfc822;${text}`));
  return {
    ...{ kind: 'remote', recipient: address, destination },
    ...(passed && { notify: passed }),
    ...(original !== undefined && { originalRecipient: original }),
  };
}

function withoutSuccess(notify: readonly NotifyOn[]): readonly NotifyOn[] {
  const rest = notify.filter((event) => event !== 'success');
  return rest.length === 0 ? ['never'] : rest;
}
