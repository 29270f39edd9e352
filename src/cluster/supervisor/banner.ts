/** What a newcomer sees when the server is ready: where it listens, and on the first start what to type. */
import { version } from '../../config/version.js';
import type { Configuration } from '../../config/configuration.js';
import { isLoopbackHost } from '../../ip/address.js';
import { isUnix, type ListenerAddress, type TcpAddress } from '../../net/listener.js';
import { locationOf } from '../../store/locations.js';
import type { FirstAccount } from '../control/messages.js';
import { placeOf } from '../control/place.js';
import { serviceNames, USUAL_WEB_PORT } from '../control/services.js';

/** `fingerprint`: of a certificate that nobody but this server signed. */
export interface Readiness {
  readonly listeners: readonly ListenerAddress[];
  readonly firstAccount: FirstAccount | undefined;
  readonly fingerprint: string | undefined;
}

export function banner(configuration: Configuration, { listeners, firstAccount, fingerprint }: Readiness): string {
  const { db, hostname } = configuration;
  const lines = [
    `Pennypost ${version()} is ready as ${hostname}; mail rests in ${locationOf(db).name}`,
    ...serviceNames.flatMap((name) => where(name, listeners)),
    ...page(configuration, listeners),
    ...(fingerprint === undefined ? [] : [`  TLS with a self-signed certificate, SHA-256 fingerprint ${fingerprint}`]),
    ...(firstAccount === undefined ? [] : firstSteps(db, listeners, firstAccount)),
  ];
  return `${lines.join('\n')}\n`;
}

function where(protocol: string, listeners: readonly ListenerAddress[]): readonly string[] {
  const places = listeners.filter((listener) => listener.protocol === protocol);
  if (places.length === 0) return [];
  return [`  ${protocol.toUpperCase()}  ${places.map(placeOf).join('  ')}`];
}

/** One link that a browser on this machine can follow, and why there is none where one was to be expected. */
function page(
  { webPort, webBasePath, hostname }: Configuration,
  listeners: readonly ListenerAddress[],
): readonly string[] {
  const found = ['web', 'web-tls'].flatMap((name) => listeners.filter(({ protocol }) => protocol === name).slice(0, 1));
  if (found.length === 0 && webPort === 'auto')
    return [`  WEB  nowhere yet: another program uses port ${USUAL_WEB_PORT}; --web-port takes another`];
  return found.flatMap((address) => (isUnix(address) ? [] : [`  WEB  ${linkTo(address, hostname)}${webBasePath}/`]));
}

function linkTo({ protocol, host, port }: TcpAddress, hostname: string): string {
  const name = isLoopbackHost(host) ? 'localhost' : hostname;
  return protocol === 'web' ? `http://${name}:${port}` : `https://${name}:${port}`;
}

/** As typed it works: a line a command, and CRLF is what telnet sends. */
function firstSteps(
  db: string,
  listeners: readonly ListenerAddress[],
  { address, password }: FirstAccount,
): readonly string[] {
  return [
    '',
    `The account ${address} was made, with the password ${password}`,
    `It is shown this once; this sets another:  npx pennypost account passwd ${address}`,
    ...telnet(listeners, 'smtp', 'Send a first message', [
      'HELO me',
      'MAIL FROM:<me@example.org>',
      `RCPT TO:<${address}>`,
      'DATA',
      'Subject: Hello',
      '',
      'The first message.',
      '.',
      'QUIT',
    ]),
    ...telnet(listeners, 'pop3', 'Read it', [`USER ${address}`, `PASS ${password}`, 'LIST', 'RETR 1', 'QUIT']),
    '',
    `Or look:  ${locationOf(db).shellCommand}`,
  ];
}

function telnet(
  listeners: readonly ListenerAddress[],
  protocol: string,
  purpose: string,
  lines: readonly string[],
): readonly string[] {
  const place = listeners.find((listener) => listener.protocol === protocol);
  if (place === undefined || isUnix(place)) return [];
  return ['', `${purpose}:  telnet ${place.host} ${place.port}`, '', ...lines];
}
