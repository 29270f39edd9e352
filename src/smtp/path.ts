/**
 * Mailboxes and paths as SMTP writes them (RFC 5321 §4.1.2, §4.1.3, widened by RFC 6531 §3.3).
 * A path is taken whole or refused; nothing is repaired. Source routes are read and ignored (§3.3, appendix C).
 *
 *   Path         = "<" [ A-d-l ":" ] Mailbox ">"
 *   Mailbox      = Local-part "@" ( Domain / address-literal )
 *   Local-part   = Dot-string / Quoted-string
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Address } from '../store/store.js';

/** RFC 5321 §4.5.3.1.1 and §4.5.3.1.2, in octets. */
export const LOCAL_PART_LIMIT_BYTES = 64;
export const DOMAIN_LIMIT_BYTES = 255;
/** RFC 5321 §4.5.3.1.3, with the angle brackets. */
export const PATH_LIMIT_BYTES = 256;

const ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\u{10ffff}]";
const DOT_STRING = `${ATEXT}+(?:\\.${ATEXT}+)*`;
const QUOTED_STRING = '"(?:[ !#-\\[\\]-~\\u0080-\\u{10ffff}]|\\\\[ -~])*"';
const LABEL = '[A-Za-z0-9\\u0080-\\u{10ffff}](?:[A-Za-z0-9\\-\\u0080-\\u{10ffff}]*[A-Za-z0-9\\u0080-\\u{10ffff}])?';
const DOMAIN = `${LABEL}(?:\\.${LABEL})*`;
const LITERAL = '\\[[!-Z^-~]+\\]';

const MAILBOX = new RegExp(`^(?:(${DOT_STRING})|(${QUOTED_STRING}))@(?:(${DOMAIN})|(${LITERAL}))$`, 'u');
const IPV6_TAG = 'ipv6:';
const SOURCE_ROUTE = new RegExp(`^@${DOMAIN}(?:,@${DOMAIN})*:`, 'u');
const NAME = new RegExp(`^${DOMAIN}$`, 'u');
// eslint-disable-next-line no-control-regex -- ASCII is what it asks for
const ASCII = /^[\x00-\x7f]*$/;

/** A path in an envelope. `text` is the mailbox as given, without brackets and route. */
export interface Path {
  readonly text: string;
  /** Undefined for the null reverse-path `<>`, and for `<Postmaster>` without a domain (RFC 5321 §4.1.1.3). */
  readonly address: Address | undefined;
  /** Whether it may only be used in a transaction that asked for SMTPUTF8. */
  readonly international: boolean;
}

/** `local@domain` without brackets: undefined when the grammar or a length limit refuses it. */
export function parseMailbox(text: string): Address | undefined {
  const match = MAILBOX.exec(text);
  if (match === null) return undefined;
  const [, dotString, quoted, domain, literal] = match;
  const local = dotString ?? unquote(quoted as string);
  const host = literal === undefined ? normalDomain(domain as string) : normalLiteral(literal);
  if (host === undefined || local === '' || Buffer.byteLength(dotString ?? (quoted as string)) > LOCAL_PART_LIMIT_BYTES)
    return undefined;
  return { local, domain: host };
}

/** What stands in angle brackets in front of the parameters; `rest` is what follows the closing bracket. */
export function readPath(text: string): { readonly path: Path; readonly rest: string } | undefined {
  const end = closingBracket(text);
  if (end === -1 || Buffer.byteLength(text.slice(0, end + 1)) > PATH_LIMIT_BYTES) return undefined;
  const path = pathOf(text.slice(1, end));
  return path && { path, rest: text.slice(end + 1) };
}

/** A name after EHLO or HELO: a domain or an address literal (RFC 5321 §4.1.1.1). */
export function isHelloName(text: string): boolean {
  return Buffer.byteLength(text) <= DOMAIN_LIMIT_BYTES && (NAME.test(text) || normalLiteral(text) !== undefined);
}

/** The address as one writes it: the local part quoted where it must be. */
export function formatAddress({ local, domain }: Address): string {
  const plain = new RegExp(`^${DOT_STRING}$`, 'u').test(local);
  return `${plain ? local : `"${local.replace(/["\\]/g, '\\$&')}"`}@${domain}`;
}

function pathOf(inner: string): Path | undefined {
  if (inner === '' || /^postmaster$/i.test(inner)) return { text: inner, address: undefined, international: false };
  const mailbox = inner.replace(SOURCE_ROUTE, '');
  const address = parseMailbox(mailbox);
  return address && { text: mailbox, address, international: !ASCII.test(mailbox) };
}

/** The bracket that ends the path: one inside a quoted string does not. */
function closingBracket(text: string): number {
  if (!text.startsWith('<')) return -1;
  for (let at = 1, quoted = false; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === '>' && !quoted) return at;
  }
  return -1;
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, '$1');
}

/** What the mapping of RFC 5891 §5 makes of a name must be a domain too: it turns full-width signs into ASCII ones. */
function normalDomain(domain: string): string | undefined {
  const ascii = ASCII.test(domain) ? domain.toLowerCase() : domainToASCII(domain);
  const fits = Math.max(Buffer.byteLength(domain), ascii.length) <= DOMAIN_LIMIT_BYTES;
  return fits && NAME.test(ascii) && ascii.split('.').every((label) => label.length <= 63) ? ascii : undefined;
}

/** `[127.0.0.1]` or `[IPv6:::1]` (RFC 5321 §4.1.3), the shortest way of writing it; general address literals have no registered tag. */
function normalLiteral(literal: string): string | undefined {
  const inner = /^\[([^\]]*)\]$/.exec(literal)?.[1];
  if (inner === undefined) return undefined;
  if (isIPv4(inner)) return literal;
  const address = /^ipv6:/i.test(inner) && !inner.includes('%') ? inner.slice(IPV6_TAG.length) : '';
  return isIPv6(address) ? `[${IPV6_TAG}${new SocketAddress({ address, family: 'ipv6' }).address}]` : undefined;
}
