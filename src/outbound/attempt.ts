/** Between the queue's words and the client's: what is sent for a job, and what is kept of an answer. Pure. */
import { readXtext } from '../message/xtext.js';
import type { LeasedRecipient, NotifyOn, Reply } from '../store/queue.js';
import type { DsnEvent, OutboundEnvelope, OutboundRecipient } from './client/envelope.js';
import type { Report } from './client/outcome.js';
import type { Job } from './job.js';

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
  const orcpt = originalRecipient === undefined ? undefined : originalAddress(originalRecipient);
  return {
    address: recipient,
    ...(notify !== undefined && { notify: notify.map((event) => EVENTS[event]) }),
    ...(orcpt !== undefined && { orcpt }),
  };
}

/** ORCPT as text: its xtext undone (RFC 3461 §4.2). Undefined for one that cannot be read. */
export function originalAddress(orcpt: string): string | undefined {
  const semicolon = orcpt.indexOf(';');
  const address = readXtext(orcpt.slice(semicolon + 1));
  return semicolon === -1 || address === undefined ? undefined : orcpt.slice(0, semicolon + 1) + address;
}

export function replyOf({ code, status, text, command, remote: { host, address, tls } }: Report): Reply {
  return { code, enhanced: status, text, host, address, tls, command };
}
