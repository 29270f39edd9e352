/**
 * Who asks by HTTP, and under which name: what the connection tells, or what a trusted reverse proxy in front says of it. A name that is not
 * the server's is refused: a page of somebody else whose name leads to this address (DNS rebinding) must not speak for its reader.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isLoopback, plainAddress } from '../ip/address.js';
import type { Networks } from '../ip/networks.js';

export interface Asker {
  /** The client's. */
  readonly address: string;
  /** What it says cannot be overheard: by HTTPS, or from this machine itself. */
  readonly isPrivate: boolean;
  /** A program of this machine, by no way round. */
  readonly isLocal: boolean;
  readonly isSecure: boolean;
  /** `https://mail.example.org`, as a browser names it in Origin. */
  readonly origin: string;
  /** Without its port, in lower case. */
  readonly name: string;
}

/** Undefined when it cannot be told whom it means: no proxy of ours and no browser sends that. */
export function askerOf(incoming: IncomingMessage, proxies: Networks): Asker | undefined {
  const peer = plainAddress(incoming.socket.remoteAddress ?? '');
  const isProxy = proxies.includes(peer);
  const said = (field: string): string | undefined => (isProxy ? last(incoming.headers[field]) : undefined);
  const host = said('x-forwarded-host') ?? incoming.headers.host ?? '';
  const url = urlOf(host);
  if (url === undefined) return undefined;
  const address = isProxy ? clientBehind(incoming.headers['x-forwarded-for'], peer, proxies) : peer;
  const isSecure = (said('x-forwarded-proto') ?? (incoming.socket instanceof TLSSocket ? 'https' : 'http')) === 'https';
  const isLocal = isLoopback(address) && (isProxy || !isForwarded(incoming));
  return {
    ...{ address, isSecure, isLocal, isPrivate: isSecure || isLocal },
    origin: new URL(`${isSecure ? 'https' : 'http'}://${host}`).origin,
    name: url.hostname,
  };
}

/** An IP address is no name that could lead elsewhere tomorrow. */
export function isOwnName(name: string, own: readonly string[]): boolean {
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) !== 0 || name === 'localhost' || name.endsWith('.localhost') || own.includes(name);
}

/** By a proxy that nobody listed: whoever it came for, it was not a program of this machine. */
function isForwarded({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.via !== undefined;
}

/** Each proxy adds whom it saw to the end: the last that is no proxy of ours. */
function clientBehind(field: string | string[] | undefined, peer: string, proxies: Networks): string {
  const chain = [field ?? []].flat().join().split(',');
  const seen = chain.map((each) => plainAddress(each.trim())).filter((each) => isIP(each) !== 0);
  return seen.findLast((each) => !proxies.includes(each)) ?? peer;
}

/** What the nearest proxy said. */
function last(field: string | string[] | undefined): string | undefined {
  return field === undefined ? undefined : [field].flat().join().split(',').at(-1)?.trim();
}

/** Of a name and perhaps a port, and nothing else (RFC 9110 §7.2). */
function urlOf(host: string): URL | undefined {
  const url = /^[\w.:[\]-]+$/.test(host) && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  return url?.pathname === '/' ? url : undefined;
}
