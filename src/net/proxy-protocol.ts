/**
 * The header with which a proxy says for whom it connects: the PROXY protocol of HAProxy, version 1 (a line of text,
 * its specification §2.1) and version 2 (binary, §2.2). Knows no socket, and repairs nothing: what is not exactly a
 * header is wrong, and is said to be so at the first byte that shows it.
 */
import { Buffer } from 'node:buffer';
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { CRLF } from '../bytes/line-ends.js';
import { plainAddress } from '../ip/address.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * `proxied`: a client speaks through the proxy. `unknown`: somebody does, of whom the proxy knows no address.
 * `local`: the proxy speaks for itself, as it does when it looks whether the server is well.
 */
export type ProxyHeader =
  | { readonly kind: 'proxied'; readonly bytes: number; readonly client: Endpoint; readonly server: Endpoint }
  | { readonly kind: 'unknown' | 'local'; readonly bytes: number };

/** `more`: it may become a header yet. `wrong`: it never will. */
export type ProxyReading = ProxyHeader | 'more' | 'wrong';

/** §2.1: the longest line of version 1, with its CRLF. A longer one is wrong. */
export const V1_LIMIT_BYTES = 107;
/** Behind the fixed part of version 2: addresses, and what proxies add (§2.2.1). A header that announces more is wrong. */
export const V2_LIMIT_BYTES = 4096;

const V1_MARK = Buffer.from('PROXY ');
const V2_MARK = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED_BYTES = 16;
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const V2_UNSPECIFIED = 0x00;
const V2_TCP4 = 0x11;
const V2_TCP6 = 0x21;
const V2_UNIX = 0x31;
/** What the addresses of each family take; a family that is not here does not come over a TCP connection. */
const V2_ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [V2_UNSPECIFIED, 0],
  [V2_TCP4, 12],
  [V2_TCP6, 36],
  [V2_UNIX, 216],
]);

/** `bytes` is all that has come so far; what follows the header is no business of its. */
export function readProxyHeader(bytes: Buffer): ProxyReading {
  if (begins(bytes, V2_MARK)) return bytes.length < V2_FIXED_BYTES ? 'more' : readV2(bytes);
  return begins(bytes, V1_MARK) ? readV1(bytes) : 'wrong';
}

/** Whether it begins with the mark, as far as it goes. */
function begins(bytes: Buffer, mark: Buffer): boolean {
  const common = Math.min(bytes.length, mark.length);
  return bytes.subarray(0, common).equals(mark.subarray(0, common));
}

function readV1(bytes: Buffer): ProxyReading {
  const text = bytes.toString('latin1', 0, V1_LIMIT_BYTES);
  const end = text.indexOf(CRLF);
  if (end === -1) return text.length < V1_LIMIT_BYTES && isV1Text(text.replace(/\r$/, '')) ? 'more' : 'wrong';
  const line = text.slice(0, end);
  return isV1Text(line) ? (lineOf(line, end + CRLF.length) ?? 'wrong') : 'wrong';
}

function isV1Text(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** `PROXY TCP4 192.0.2.7 192.0.2.1 40000 25`; behind UNKNOWN anything may stand, and nothing is meant. */
function lineOf(line: string, bytes: number): ProxyHeader | undefined {
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'unknown', bytes };
  const [, family, from = '', to = '', fromPort, toPort] =
    /^PROXY (TCP[46]) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  const isAddress = family === 'TCP4' ? isIPv4 : isPlainIPv6;
  const ports = [portOf(fromPort), portOf(toPort)] as const;
  if (family === undefined || !isAddress(from) || !isAddress(to)) return undefined;
  if (ports[0] === undefined || ports[1] === undefined) return undefined;
  return {
    kind: 'proxied',
    bytes,
    client: { address: canonical(from), port: ports[0] },
    server: { address: canonical(to), port: ports[1] },
  };
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

/** 0 to 65535 without leading zeros. */
function portOf(text = ''): number | undefined {
  const port = /^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : NaN;
  return port <= 0xffff ? port : undefined;
}

/** §2.2: version and command, family and transport, the length of the rest. */
function readV2(bytes: Buffer): ProxyReading {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = bytes.readUInt16BE(14);
  if (command !== V2_LOCAL && command !== V2_PROXY) return 'wrong';
  const addresses = command === V2_LOCAL ? 0 : V2_ADDRESS_BYTES.get(family);
  if (addresses === undefined || length < addresses || length > V2_LIMIT_BYTES) return 'wrong';
  const whole = V2_FIXED_BYTES + length;
  if (bytes.length < whole) return 'more';
  if (command === V2_LOCAL) return { kind: 'local', bytes: whole };
  if (family !== V2_TCP4 && family !== V2_TCP6) return { kind: 'unknown', bytes: whole };
  return proxiedV2(bytes.subarray(V2_FIXED_BYTES, whole), family === V2_TCP4 ? 4 : 16, whole);
}

/** Two addresses and two ports; what stands behind them (§2.2.1) is read past. */
function proxiedV2(block: Buffer, width: 4 | 16, bytes: number): ProxyHeader {
  const endpoint = (number: 0 | 1): Endpoint => ({
    address: canonical(textOf(block.subarray(number * width, (number + 1) * width))),
    port: block.readUInt16BE(2 * width + 2 * number),
  });
  return { kind: 'proxied', bytes, client: endpoint(0), server: endpoint(1) };
}

function textOf(address: Buffer): string {
  return address.length === 4 ? address.join('.') : (address.toString('hex').match(/.{4}/g) ?? []).join(':');
}

/** The shortest way of writing it (RFC 5952), and an IPv4 address as what it is. */
function canonical(address: string): string {
  if (isIPv4(address)) return address;
  return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address);
}
