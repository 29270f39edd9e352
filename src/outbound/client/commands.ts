/**
 * MAIL and RCPT as a server takes them, by what it has announced (RFC 5321 §4.1.1.2, §4.1.1.3; RFC 1870, RFC 3461, RFC 6152, RFC 6531,
 * RFC 8689). What it has not announced is left out; whether a message may then be sent at all is judged elsewhere.
 */
import { isAscii } from '../../message/domain.js';
import { writeOriginalRecipient } from '../../message/original-recipient.js';
import { readPath } from '../../message/path.js';
import { writeXtext } from '../../message/xtext.js';
import type { OutboundEnvelope, OutboundRecipient } from './envelope.js';
import type { Extensions } from './extensions.js';

/** What is sent of a path. */
export interface WirePath {
  readonly text: string;
  /** Whether only a server with SMTPUTF8 can take it. */
  readonly international: boolean;
}

/**
 * Undefined for what is no path, and could be more than one line. Where a local part is ASCII, a domain that is not can be
 * written by its A-labels.
 */
export function wirePath(address: string): WirePath | undefined {
  const read = readPath(`<${address}>`);
  if (address === '' || read?.rest !== '' || read.path.text !== address) return undefined;
  if (!read.path.international) return { text: address, international: false };
  const local = address.slice(0, address.lastIndexOf('@'));
  const domain = read.path.mailbox?.domain;
  if (domain === undefined || local === '' || !isAscii(local)) return { text: address, international: true };
  return { text: `${local}@${domain}`, international: false };
}

export interface MailOptions {
  readonly reversePath: string;
  /** Whether the transaction is one of SMTPUTF8. */
  readonly international: boolean;
  readonly extensions: Extensions;
}

export function mailLine(envelope: OutboundEnvelope, { reversePath, international, extensions }: MailOptions): string {
  const { body, sizeOctets, ret, envid, requireTls } = envelope;
  const takesDsn = extensions.has('DSN');
  return [
    `MAIL FROM:<${reversePath}>`,
    extensions.has('SIZE') && `SIZE=${sizeOctets}`,
    body !== '7bit' && extensions.has('8BITMIME') && 'BODY=8BITMIME',
    international && 'SMTPUTF8',
    requireTls === true && extensions.has('REQUIRETLS') && 'REQUIRETLS',
    takesDsn && ret !== undefined && `RET=${ret}`,
    takesDsn && envid !== undefined && envid !== '' && `ENVID=${writeXtext(envid)}`,
  ]
    .filter((part) => part !== false)
    .join(' ');
}

export function rcptLine(forwardPath: string, { notify, orcpt }: OutboundRecipient, extensions: Extensions): string {
  const takesDsn = extensions.has('DSN');
  const hasEvents = notify !== undefined && notify.length > 0;
  const notifying = takesDsn && hasEvents ? ` NOTIFY=${notify.includes('NEVER') ? 'NEVER' : notify.join(',')}` : '';
  const original = takesDsn && orcpt !== undefined ? writeOriginalRecipient(orcpt) : undefined;
  return `RCPT TO:<${forwardPath}>${notifying}${original === undefined ? '' : ` ORCPT=${original}`}`;
}
