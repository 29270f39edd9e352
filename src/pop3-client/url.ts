/**
 * A maildrop on another server, as it is written: `pop3s://user@host[:995]`, TLS from the first octet, or `pop3://user@host[:110]`, where
 * STLS is required unless the host is this machine or the URL ends with `?tls=none`. An `@` in the user is written `%40`.
 * `?tls-name=NAME`: the name that the certificate must have, where it is not the host's. Never holds a password.
 */
import { domainToASCII } from 'node:url';
import { isLoopbackHost } from '../ip/address.js';

export interface Pop3Maildrop {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly tls: 'implicit' | 'required' | 'opportunistic' | 'none';
  readonly tlsName: string;
}

/** The message is a clause that says what to write. */
export class UnfitPop3Url extends Error {}

const PORTS = { pop3: 110, pop3s: 995 } as const;
export const USUAL_PORTS: readonly number[] = Object.values(PORTS);
const PARAMETERS = ['tls', 'tls-name'];
const EXAMPLE = 'pop3s://user@mail.example.org';

export function isPop3Url(text: string): boolean {
  return /^pop3s?:/i.test(text);
}

/** @throws UnfitPop3Url */
export function parsePop3Url(text: string): Pop3Maildrop {
  const url = sound(text);
  const user = decoded(url.username);
  const host = /^\[(.*)\]$/.exec(url.hostname)?.[1] ?? domainToASCII(decoded(url.hostname));
  if (user === '' || host === '') throw new UnfitPop3Url(`a maildrop elsewhere has a user and a host: ${EXAMPLE}`);
  const isImplicit = url.protocol === 'pop3s:';
  const port = url.port === '' ? PORTS[isImplicit ? 'pop3s' : 'pop3'] : Number(url.port);
  const tls = isImplicit ? 'implicit' : policyOf(url.searchParams.get('tls'), host);
  return { host, port, user, tls, tlsName: url.searchParams.get('tls-name') ?? host };
}

/** With nothing in it that has no meaning here. */
function sound(text: string): URL {
  if (!URL.canParse(text)) throw new UnfitPop3Url(`a maildrop elsewhere is written as ${EXAMPLE}`);
  const url = new URL(text);
  if (url.password !== '')
    throw new UnfitPop3Url('no password stands in a URL, where others see it; give --password-file');
  const isKnown = [...url.searchParams.keys()].every((name) => PARAMETERS.includes(name));
  if (!isKnown || !['', '/'].includes(url.pathname) || url.hash !== '')
    throw new UnfitPop3Url('behind the host and port of a maildrop stand ?tls=none and ?tls-name= alone');
  return url;
}

function policyOf(given: string | null, host: string): Pop3Maildrop['tls'] {
  if (given === null) return isLoopbackHost(host) ? 'opportunistic' : 'required';
  if (given === 'none' || given === 'required') return given;
  throw new UnfitPop3Url(`?tls= takes none or required, not '${given}'`);
}

function decoded(text: string): string {
  try {
    const decodedText = decodeURIComponent(text);
    // eslint-disable-next-line no-control-regex -- exactly what no line of a command may hold
    if (!/[\x00-\x1f\x7f]/.test(decodedText)) return decodedText;
  } catch {
    // Said below.
  }
  throw new UnfitPop3Url(`a maildrop elsewhere is written as ${EXAMPLE}; % stands before two hexadecimal digits`);
}
