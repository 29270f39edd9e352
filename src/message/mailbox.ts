/**
 * Mailboxes by the letter of RFC 5321 §4.1.2, widened by RFC 6531 §3.3: what an account or an alias here may be called, and what people
 * write at the command line. Taken whole or refused; nothing is repaired. What envelopes bring is read by path.ts.
 *
 *   Mailbox      = Local-part "@" ( Domain / address-literal )
 *   Local-part   = Dot-string / Quoted-string
 */
import type { Address } from '../store/shapes.js';
import { normalizeDomain, normalizeLiteral } from './domain.js';

/** RFC 5321 §4.5.3.1.1, in octets as it is written. */
const LOCAL_PART_LIMIT_BYTES = 64;

const ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10ffff}]";
const DOT_STRING = `${ATEXT}+(?:\\.${ATEXT}+)*`;
const QUOTED_STRING = '"(?:[ !#-\\[\\]-~\\u0080-\\u{10ffff}]|\\\\[ -~])*"';
const MAILBOX = new RegExp(`^(?:(${DOT_STRING})|(${QUOTED_STRING}))@(?:([^[\\]]+)|(\\[.*\\]))$`, 'u');
const ATOMS_AND_DOTS = new RegExp(`^(?:${ATEXT}|\\.)+$`, 'u');
const PLAIN = new RegExp(`^${DOT_STRING}$`, 'u');

/** `local@domain` without brackets: undefined when the grammar or a length limit refuses it. */
export function parseMailbox(text: string): Address | undefined {
  const match = MAILBOX.exec(text);
  if (match === null) return undefined;
  const [, dotString, quoted, domain, literal] = match;
  const local = dotString ?? unquote(quoted as string);
  const host = literal === undefined ? normalizeDomain(domain as string) : normalizeLiteral(literal);
  if (host === undefined || local === '' || Buffer.byteLength(dotString ?? (quoted as string)) > LOCAL_PART_LIMIT_BYTES)
    return undefined;
  return { local, domain: host };
}

/** The address as one writes it: the local part quoted where it must be. */
export function formatAddress({ local, domain }: Address): string {
  return `${PLAIN.test(local) ? local : quote(local)}@${domain}`;
}

/** Of an address as the store holds it, unquoted: dots stay where people put them, and what would not be read back as it is is quoted. */
export function formatStoredAddress(stored: string): string {
  const at = stored.lastIndexOf('@');
  const local = stored.slice(0, at);
  return ATOMS_AND_DOTS.test(local) ? stored : `${quote(local)}${stored.slice(at)}`;
}

function quote(local: string): string {
  return `"${local.replace(/["\\]/g, '\\$&')}"`;
}

/** Of a local part that is quoted, as a whole or in part. */
export function unquote(local: string): string {
  return /["\\]/.test(local) ? local.replace(/\\(.)|"/gsu, '$1') : local;
}
