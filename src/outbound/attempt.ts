/** Between the queue's words and the client's: what is sent for a job, and what is kept of an answer. Pure. */
import { readOriginalRecipient } from '../message/original-recipient.js';
import { readXtext } from '../message/xtext.js';
import type { LeasedRecipient, Reply } from '../store/queue.js';
import type { NotifyOn } from '../store/shapes.js';
import type { DsnEvent, OutboundEnvelope, OutboundRecipient } from './client/envelope.js';
import type { Report } from './client/outcome.js';
import type { Job } from './job.js';

/** What nobody hears more of than the log. */
export const BUG: Reply = { enhanced: '4.3.0', text: 'Something went wrong here' };

const EVENTS: Readonly<Record<NotifyOn, DsnEvent>> = {
  never: 'NEVER',
  success: 'SUCCESS',
  failure: 'FAILURE',
  delay: 'DELAY',
};

export function envelopeOf({ message, recipients }: Job): OutboundEnvelope {
  const { reversePath, octets, bodyKind, smtputf8, requireTls, returned, envelopeId } = message;
  const envid = envelopeId === undefined ? undefined : readXtext(envelopeId);
  return {
    reversePath,
    recipients: recipients.map(recipientOf),
    body: smtputf8 ? 'smtputf8' : bodyKind,
    sizeOctets: octets,
    ...(requireTls && { requireTls }),
    ...(returned !== undefined && { ret: returned === 'full' ? 'FULL' : 'HDRS' }),
    ...(envid !== undefined && { envid }),
  };
}

function recipientOf({ recipient, notify, originalRecipient }: LeasedRecipient): OutboundRecipient {
  const orcpt = originalRecipient === undefined ? undefined : readOriginalRecipient(originalRecipient);
  return {
    address: recipient,
    ...(notify !== undefined && { notify: notify.map((event) => EVENTS[event]) }),
    ...(orcpt !== undefined && { orcpt }),
  };
}

export function replyOf({ code, status, text, command, remote: { host, address, tls } }: Report): Reply {
  return { code, enhanced: status, text, host, address, tls, command };
}
