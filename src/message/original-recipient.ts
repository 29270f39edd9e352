/**
 * ORCPT (RFC 3461 §4.2, RFC 6533 §3): what the sender of a message called a recipient, kept as it was given and read here.
 *
 *   original-recipient-address = addr-type ";" xtext       ; of the type utf-8: utf-8-addr-xtext or utf-8-addr-unitext
 */
import { isAscii } from './domain.js';
import { readUtf8Xtext, readXtext, writeUtf8Xtext, writeXtext } from './xtext.js';

/** RFC 3461 §5.4, in octets, as it stands in a command. */
export const ORIGINAL_RECIPIENT_LIMIT_BYTES = 500;
const ORCPT = /^([A-Za-z0-9-]+);([^]+)$/;
const UTF_8 = 'utf-8';

/** Its type, a semicolon, and the address as text. Undefined for one that cannot be read. */
export function readOriginalRecipient(orcpt: string): string | undefined {
  const [, type, encoded] = ORCPT.exec(orcpt) ?? [];
  if (type === undefined || encoded === undefined) return undefined;
  const address = type.toLowerCase() === UTF_8 ? readUtf8Xtext(encoded) : readXtext(encoded);
  return address === undefined ? undefined : `${type};${address}`;
}

/**
 * The reverse, always in ASCII: an address with more has a type of its own. Undefined for what has no type, and for what comes out
 * longer than anybody has to take: a report then names the recipient as it was sent on.
 */
export function writeOriginalRecipient(original: string): string | undefined {
  const [, type, address] = ORCPT.exec(original) ?? [];
  if (type === undefined || address === undefined) return undefined;
  const isUtf8 = type.toLowerCase() === UTF_8 || !isAscii(address);
  const written = isUtf8 ? `${UTF_8};${writeUtf8Xtext(address)}` : `${type};${writeXtext(address)}`;
  return written.length > ORIGINAL_RECIPIENT_LIMIT_BYTES ? undefined : written;
}
