/** Who gets which copy of a message: what SMTP and the command line share. */
import type { Envelope, EnvelopeRecipient, LocalTarget, RemoteRecipient, RemoteTarget } from '../store/deliveries.js';
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
  const localCopy = ({ account, address }: LocalTarget, forPath: string): EnvelopeRecipient => {
    const deliveredTo = formatStoredAddress(address);
    return { kind: 'local', account, recipient: forPath, trace: trace({ deliveredTo, forPath }) };
  };
  for (const recipient of recipients) {
    let renamed: RemoteTerms | undefined; // Of a path that leads to a thousand they are made once.
    for (const target of recipient.targets)
      if (copies.has(target.address)) continue;
      else if (target.kind === 'local') copies.set(target.address, localCopy(target, recipient.text));
      else if (target.address === recipient.text) copies.set(target.address, remoteCopy(target, termsFor(recipient)));
      else copies.set(target.address, remoteCopy(target, (renamed ??= termsFor(recipient, originalOf(recipient)))));
  }
  return copies;
}

type RemoteTerms = Pick<RemoteRecipient, 'notify' | 'originalRecipient'>;

function remoteCopy({ address, destination }: RemoteTarget, terms: RemoteTerms): RemoteRecipient {
  return { kind: 'remote', recipient: address, destination, ...terms };
}

/**
 * What was asked of reports goes along, and what the sender called the recipient (RFC 3461 §5.2.7.3). Where a path leads to several, its
 * arrival is told here, and of each of them only what goes wrong (§5.2.7.4).
 */
function termsFor({ targets, notify, originalRecipient }: Recipient, original = originalRecipient): RemoteTerms {
  const passed = targets.length > 1 ? notify && withoutSuccess(notify) : notify;
  return {
    ...(passed && { notify: passed }),
    ...(original !== undefined && { originalRecipient: original }),
  };
}

/** Of a path that leads to another address. */
function originalOf({ text, originalRecipient }: Recipient): string | undefined {
  return originalRecipient ?? writeOriginalRecipient(`rfc822;${text}`);
}

function withoutSuccess(notify: readonly NotifyOn[]): readonly NotifyOn[] {
  const rest = notify.filter((event) => event !== 'success');
  return rest.length === 0 ? ['never'] : rest;
}
