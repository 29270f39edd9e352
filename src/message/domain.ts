/**
 * Domains and address literals as SMTP writes them (RFC 5321 §4.1.2, §4.1.3, RFC 6531 §3.3): read whole or not at all, by the
 * RFC where a name may become one of ours, and as the DNS has it where it is somebody else's.
 *
 *   Domain          = sub-domain *("." sub-domain)
 *   address-literal = "[" ( IPv4-address-literal / IPv6-address-literal ) "]"
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { domainToASCII } from 'node:url';

/** RFC 5321 §4.5.3.1.2, in octets: the DNS has no longer names, and no longer labels (RFC 1035 §2.3.4). */
export const DOMAIN_LIMIT_BYTES = 255;
export const LABEL_LIMIT_BYTES = 63;

const LETTER = 'A-Za-z0-9\\u0080-\\u{10ffff}';
const IPV6_TAG = 'ipv6:';

/** With `more` besides letters and digits, anywhere in a label. */
function nameOf(more: string): RegExp {
  const label = `[${LETTER}${more}](?:[${LETTER}${more}\\-]*[${LETTER}${more}])?`;
  return new RegExp(`^${label}(?:\\.${label})*$`, 'u');
}

/** As nearly all are written: nothing is to be made of it but a length. */
const USUAL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const NAME = nameOf('');
const REMOTE_NAME = nameOf('_');

// eslint-disable-next-line no-control-regex -- ASCII is what it asks for
const ASCII = /^[\x00-\x7f]*$/;

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** A domain of ours, by its A-labels and in lower case. */
export function normalizeDomain(domain: string): string | undefined {
  return normalize(domain, NAME);
}

/**
 * The domain of anybody: machines have underscores in their names, and a dot at the end only says that nothing is to be added.
 * Whether there is such a domain is not asked here.
 */
export function normalizeRemoteDomain(domain: string): string | undefined {
  return normalize(domain.endsWith('.') ? domain.slice(0, -1) : domain, REMOTE_NAME);
}

/** What the mapping of RFC 5891 §5 makes of a name must be one too: it turns full-width signs into ASCII ones. */
function normalize(domain: string, names: RegExp): string | undefined {
  if (domain.length <= DOMAIN_LIMIT_BYTES && USUAL.test(domain)) return domain;
  if (!names.test(domain)) return undefined;
  const isPlain = isAscii(domain);
  const ascii = isPlain ? domain.toLowerCase() : domainToASCII(domain);
  const fits = Math.max(Buffer.byteLength(domain), ascii.length) <= DOMAIN_LIMIT_BYTES;
  return fits && (isPlain || names.test(ascii)) && ascii.split('.').every((label) => label.length <= LABEL_LIMIT_BYTES)
    ? ascii
    : undefined;
}

/** `[127.0.0.1]` or `[IPv6:::1]` (RFC 5321 §4.1.3), the shortest way of writing it; general address literals have no registered tag. */
export function normalizeLiteral(literal: string): string | undefined {
  const inner = /^\[([^\]]*)\]$/.exec(literal)?.[1];
  if (inner === undefined) return undefined;
  if (isIPv4(inner)) return literal;
  const address = /^ipv6:/i.test(inner) && !inner.includes('%') ? inner.slice(IPV6_TAG.length) : '';
  return isIPv6(address) ? `[${IPV6_TAG}${new SocketAddress({ address, family: 'ipv6' }).address}]` : undefined;
}

/** A name after EHLO or HELO: a domain or an address literal (RFC 5321 §4.1.1.1). */
export function isHelloName(text: string): boolean {
  return Buffer.byteLength(text) <= DOMAIN_LIMIT_BYTES && (NAME.test(text) || normalizeLiteral(text) !== undefined);
}
