/** A message in a list, as calls show it. */
import { addressesIn, type NamedAddress } from '../message/addresses.js';
import { printableLine } from '../message/printable.js';
import type { ShownMail } from '../store/mailboxes.js';
import type { AddressShape, SummaryShape } from './mail-shapes.js';

const SNIPPET_CHARACTERS = 250;
const BLANKS = /\s+/g;

export function summaryShape(mail: ShownMail): SummaryShape {
  const [to, cc] = [mail.to, mail.cc].map((text) => addressesIn(text ?? '').map(addressShape));
  return {
    ID: String(mail.id),
    MessageID: messageIdIn(mail.messageId),
    Read: false,
    From: firstAddress(mail.from),
    ...{ To: to ?? [], Cc: cc ?? [], Bcc: [], ReplyTo: [] },
    Subject: mail.subject ?? '',
    Created: new Date(mail.receivedAtMs).toISOString(),
    ...{ Username: '', Tags: [] },
    Size: mail.octets,
    Attachments: mail.hasAttachments === true ? 1 : 0,
    Snippet: snippetOf(mail.beginning ?? ''),
  };
}

function firstAddress(text: string | undefined): AddressShape | null {
  const [first] = addressesIn(text ?? '');
  return first === undefined ? null : addressShape(first);
}

export function addressShape({ name, address }: NamedAddress): AddressShape {
  return { Name: name, Address: address };
}

/** Without its brackets. */
export function messageIdIn(field: string | undefined): string {
  return (field ?? '').trim().replace(/^<([^<>]*)>$/, '$1');
}

/** A text that was cut inside a character ends with what stands for one that cannot be read. */
function snippetOf(text: string): string {
  return printableLine(text.replace(BLANKS, ' ').trim())
    .replace(/\ufffd$/, '')
    .slice(0, SNIPPET_CHARACTERS);
}
