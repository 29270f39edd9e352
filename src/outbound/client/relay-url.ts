/**
 * A next hop as an operator writes it:
 *
 *   smtp://[user@]host[:port]    STARTTLS, which may be missing only where the host is this machine, or by `?tls=none`
 *   smtps://[user@]host[:port]   TLS from the first octet (RFC 8314 §3.3)
 *   lmtp://host[:port]           LMTP, with the TLS of smtp://
 *   lmtp:/path/of/socket         LMTP over a Unix socket
 *
 * `?tls-name=NAME` is the name that the certificate must have, where it is not the host's. `?auth=oauth` logs the user in with an
 * access token, which `pennypost relay login` gets. Never holds a password: what is in a URL is in `ps`, too.
 */
import { isIP } from 'node:net';
import { isLoopbackHost } from '../../ip/address.js';
import { normalizeRemoteDomain } from '../../message/domain.js';
import type { NetworkEndpoint, NextHop, TlsPolicy } from './next-hop.js';

/** The message completes a sentence that begins with what the URL was given for, and says what to write instead. */
export class UnfitRelayUrl extends Error {}

export interface Relay {
  readonly nextHop: NextHop;
  /** Who logs in, with a password or token that comes by another way. */
  readonly user?: string;
  /** By the login that is stored for the user. */
  readonly auth?: 'oauth';
}

/** Of submission (RFC 6409 §3.1), of submissions (RFC 8314 §7.3), and what RFC 2033 leaves to each site. */
const DEFAULT_PORTS = { smtp: 587, smtps: 465, lmtp: 24 } as const;
type Scheme = keyof typeof DEFAULT_PORTS;

const EXAMPLES = 'a URL such as smtp://user@relay.example.org:587, smtps://relay.example.org or lmtp:/run/lmtp.sock';
const POLICIES = ['none', 'opportunistic', 'required'] as const;
const PARAMETERS = ['tls', 'tls-name', 'auth'];
const OAUTH = 'oauth';
/** `sun_path` of Linux, without the NUL at its end. */
const SOCKET_PATH_LIMIT_BYTES = 107;
// eslint-disable-next-line no-control-regex -- exactly what no login and no path may hold
const CONTROL = /[\x00-\x1f\x7f]/;

/** @throws UnfitRelayUrl */
export function parseRelayUrl(text: string): Relay {
  const path = /^lmtp:(\/(?!\/).*)$/.exec(text)?.[1];
  if (path !== undefined) return { nextHop: socketHop(path) };
  const url = parse(text);
  const scheme = schemeOf(url);
  const parameters = parametersOf(url);
  const endpoint = { kind: 'network', host: hostOf(url), port: portOf(url, scheme) } as const;
  const tlsName = tlsNameOf(parameters);
  const user = userOf(url);
  return {
    nextHop: {
      protocol: scheme === 'lmtp' ? 'lmtp' : 'smtp',
      endpoint,
      tls: policyOf(scheme, endpoint, parameters.get('tls')),
      ...(tlsName !== undefined && { tlsName }),
    },
    ...(user !== undefined && { user }),
    ...(usesOAuth(parameters, user) && { auth: OAUTH }),
  };
}

function usesOAuth(parameters: ReadonlyMap<string, string>, user: string | undefined): boolean {
  const given = parameters.get('auth');
  if (given !== undefined && (given !== OAUTH || user === undefined))
    throw new UnfitRelayUrl('takes ?auth=oauth alone, with the user before the @; without it a user has a password');
  return given !== undefined;
}

function socketHop(path: string): NextHop {
  if (CONTROL.test(path) || Buffer.byteLength(path) > SOCKET_PATH_LIMIT_BYTES)
    throw new UnfitRelayUrl(`takes the path of a socket of at most ${SOCKET_PATH_LIMIT_BYTES} octets`);
  return { protocol: 'lmtp', endpoint: { kind: 'unix', path }, tls: 'none' };
}

function parse(text: string): URL {
  if (!/^[a-z]+:\/\//i.test(text) || CONTROL.test(text) || !URL.canParse(text))
    throw new UnfitRelayUrl(`takes ${EXAMPLES}${shown(text)}`);
  const url = new URL(text);
  if (url.password !== '')
    throw new UnfitRelayUrl('takes no password in its URL, where others see it; give it in a file of its own');
  if (!['', '/'].includes(url.pathname) || url.hash !== '')
    throw new UnfitRelayUrl(`takes nothing behind the host and port but ?tls=, ?tls-name= and ?auth=${shown(text)}`);
  return url;
}

/** What may hold a password is not repeated. */
function shown(text: string): string {
  return text.includes('@') || CONTROL.test(text) ? '' : `, not '${text}'`;
}

function schemeOf(url: URL): Scheme {
  const scheme = url.protocol.slice(0, -1);
  if (Object.hasOwn(DEFAULT_PORTS, scheme)) return scheme as Scheme;
  throw new UnfitRelayUrl(`takes ${EXAMPLES}; ${scheme}: is none of these`);
}

function hostOf({ hostname }: URL): string {
  const bracketed = /^\[(.*)\]$/.exec(hostname)?.[1];
  if (bracketed !== undefined) return bracketed;
  const host = isIP(hostname) === 0 ? normalizeRemoteDomain(safelyDecoded(hostname)) : hostname;
  if (host === undefined) throw new UnfitRelayUrl(`takes the name or the address of a host behind ://; ${EXAMPLES}`);
  return host;
}

function portOf({ port }: URL, scheme: Scheme): number {
  const number = port === '' ? DEFAULT_PORTS[scheme] : Number(port);
  if (number === 0) throw new UnfitRelayUrl(`takes a port from 1 to 65535; without one it is ${DEFAULT_PORTS[scheme]}`);
  return number;
}

function userOf({ username }: URL): string | undefined {
  const user = safelyDecoded(username);
  if (CONTROL.test(user)) throw new UnfitRelayUrl('takes a user without control characters');
  return user === '' ? undefined : user;
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UnfitRelayUrl('takes a URL in which % stands before two hexadecimal digits; for % itself write %25');
  }
}

function parametersOf({ searchParams }: URL): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of searchParams) {
    if (!PARAMETERS.includes(name) || parameters.has(name))
      throw new UnfitRelayUrl(`takes ?tls=, ?tls-name= and ?auth= behind its URL, each once, not '${name}'`);
    parameters.set(name, value);
  }
  return parameters;
}

function tlsNameOf(parameters: ReadonlyMap<string, string>): string | undefined {
  const given = parameters.get('tls-name');
  if (given === undefined) return undefined;
  const name = isIP(given) === 0 ? normalizeRemoteDomain(given) : given;
  if (name === undefined) throw new UnfitRelayUrl('takes the name of a host behind tls-name=');
  return name;
}

function policyOf(scheme: Scheme, { host }: NetworkEndpoint, given: string | undefined): TlsPolicy {
  if (scheme === 'smtps') {
    if (given === undefined || given === 'required') return 'implicit';
    throw new UnfitRelayUrl('takes no ?tls= with smtps:, which is TLS from the first octet; write smtp: instead');
  }
  if (given === undefined) return isLoopbackHost(host) ? 'opportunistic' : 'required';
  const policy = POLICIES.find((one) => one === given);
  if (policy === undefined) throw new UnfitRelayUrl(`takes ?tls= with one of ${POLICIES.join(', ')}, not '${given}'`);
  return policy;
}
