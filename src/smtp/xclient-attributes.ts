/**
 * What a front says by XCLIENT of the client for whom it speaks (Postfix's XCLIENT_README): attributes, each once.
 *
 *   attributes = attribute *(SP attribute)         ; with any number of blanks between
 *   attribute  = name "=" value       ; value is xtext, or says that nothing is known
 *
 * NAME is read and not used, since names of clients play no part here.
 */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { isLoopback, plainAddress } from '../ip/address.js';
import type { Peer } from '../session/channel.js';
import { because, decimal, parsed, unparsed, wordsOf, type Grammar } from '../session/grammar.js';
import { readXtext } from '../message/xtext.js';

/** What a session keeps of it beside the peer: how the client greeted the front, whatever the front says next. */
export interface ForwardedHelo {
  readonly helo?: string;
  /** EHLO rather than HELO. */
  readonly extended?: boolean;
}

/** The value of each attribute that was given, in its normal form; undefined where the front knows none. */
export type Attributes = ReadonlyMap<string, string | undefined>;

/** XCLIENT_README: no value is longer. */
const VALUE_LIMIT = 255;
const UNKNOWN = /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i;
const IPV6_PREFIX = /^IPV6:/i;

/** Each attribute with what reads it: the normal form, or undefined for what it refuses. */
const readers: ReadonlyMap<string, (value: string) => string | undefined> = new Map([
  ['NAME', wordOf],
  ['ADDR', addressOf],
  ['PORT', portOf],
  ['PROTO', (value) => (/^E?SMTP$/i.test(value) ? value.toUpperCase() : undefined)],
  ['HELO', wordOf],
  ['LOGIN', () => undefined],
  ['DESTADDR', addressOf],
  ['DESTPORT', portOf],
]);

export const attributeNames: readonly string[] = [...readers.keys()];

export const attributes: Grammar<Attributes> = (text) => {
  const found = new Map<string, string | undefined>();
  for (const part of wordsOf(text)) {
    const [, given = '', raw = ''] = /^([A-Za-z]+)=(.+)$/.exec(part) ?? [];
    const name = given.toUpperCase();
    const read = readers.get(name);
    if (read === undefined || found.has(name)) return unparsed;
    const value = UNKNOWN.test(raw) ? undefined : parseValue(raw, read);
    if (value === undefined && !UNKNOWN.test(raw)) return because(`The value of ${name} is not understood`);
    found.set(name, value);
  }
  return found.size === 0 ? unparsed : parsed(found);
};

function parseValue(raw: string, read: (value: string) => string | undefined): string | undefined {
  const value = readXtext(raw);
  return value === undefined || value.length > VALUE_LIMIT ? undefined : read(value);
}

/** Of a client whose address is not known nobody can say that it is on this machine. */
export function forwardedPeer(peer: Peer, said: Attributes): Peer {
  const address = said.get('ADDR');
  const isNear = said.has('ADDR') ? peer.loopback && address !== undefined && isLoopback(address) : peer.loopback;
  return {
    ...peer,
    origin: address === undefined ? peer.origin : 'network',
    address: address ?? peer.address,
    port: said.has('PORT') ? Number(said.get('PORT') ?? 0) : peer.port,
    localAddress: said.get('DESTADDR') ?? peer.localAddress,
    localPort: Number(said.get('DESTPORT') ?? peer.localPort),
    loopback: isNear,
    via: peer.via ?? peer.address,
  };
}

/** What was said before, as far as nothing else is said now. */
export function mergeForwardedHelo(before: ForwardedHelo | undefined, said: Attributes): ForwardedHelo {
  const helo = said.has('HELO') ? said.get('HELO') : before?.helo;
  const protocol = said.get('PROTO');
  const extended = said.has('PROTO') ? protocol && protocol === 'ESMTP' : before?.extended;
  return { ...(helo !== undefined && { helo }), ...(typeof extended === 'boolean' && { extended }) };
}

function wordOf(value: string): string | undefined {
  return /^[^\s]+$/.test(value) ? value : undefined;
}

/** `192.0.2.7` or `IPV6:2001:db8::7`. */
function addressOf(value: string): string | undefined {
  if (isIPv4(value)) return value;
  const address = value.replace(IPV6_PREFIX, '');
  if (address === value || !isIPv6(address) || address.includes('%')) return undefined;
  return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address);
}

function portOf(value: string): string | undefined {
  const port = decimal(value, 5);
  return port !== undefined && port <= 0xffff && String(port) === value ? value : undefined;
}
