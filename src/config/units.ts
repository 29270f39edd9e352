/**
 * Reads the values of options: sizes, durations, ports, names.
 * A parser returns the value or throws InvalidValue, whose message completes the sentence "--option …".
 */
import { isIP } from 'node:net';
import { isNetwork } from '../ip/networks.js';
import { schemeOf } from '../store/schemes.js';

export class InvalidValue extends Error {}

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
};

const DURATIONS: Readonly<Record<string, number>> = { MS: 1, S: 1e3, M: 60e3, H: 3600e3, D: 86_400e3 };

/** A number of bytes: `50MiB`, `10MB`, `4096`. */
export function bytes(text: string): number {
  const match = /^(\d+)\s*([A-Za-z]*)$/.exec(text);
  const unit = SIZES[(match?.[2] ?? '').toUpperCase()];
  const value = Number(match?.[1]) * (unit ?? NaN);
  if (!Number.isSafeInteger(value)) throw new InvalidValue(`takes a size such as 50MiB, 10MB or 4096, not '${text}'`);
  return value;
}

/** In a message every line end may become twice as long, and its octets are counted in 32 bits. */
const MESSAGE_LIMIT_BYTES = 2e9;

/** A size that a message may have. */
export function messageBytes(text: string): number {
  const value = bytes(text);
  if (value > MESSAGE_LIMIT_BYTES) throw new InvalidValue(`takes a size of at most 2GB, not '${text}'`);
  return value;
}

/** A timer of Node runs no longer: it would fire at once. */
const DURATION_LIMIT_MS = 24 * 24 * 3_600_000;

/** A duration in milliseconds that a timer may run: `10s`, `5m`, `250ms`, `5d`. */
export function durationMs(text: string): number {
  const value = longDurationMs(text);
  if (value > DURATION_LIMIT_MS) throw new InvalidValue(`takes a duration of at most 24d, not '${text}'`);
  return value;
}

/** A century: dates that are counted from now stay dates. */
const LONG_DURATION_LIMIT_MS = 36_500 * 86_400_000;

/** A duration in milliseconds that no timer runs: one that is looked at now and then. */
export function longDurationMs(text: string): number {
  const match = /^(\d+)\s*(ms|s|m|h|d)$/i.exec(text);
  const unit = DURATIONS[(match?.[2] ?? '').toUpperCase()];
  const value = Number(match?.[1]) * (unit ?? NaN);
  if (!Number.isSafeInteger(value)) throw new InvalidValue(`takes a duration such as 10s, 5m or 250ms, not '${text}'`);
  if (value > LONG_DURATION_LIMIT_MS) throw new InvalidValue(`takes a duration of at most 36500d, not '${text}'`);
  return value;
}

/** As it is typed, in the largest unit that it is a whole number of. */
export function typedDuration(ms: number): string {
  const [unit, unitMs] = Object.entries(DURATIONS).findLast(([, each]) => ms % each === 0) ?? ['MS', 1];
  return `${ms / unitMs}${unit.toLowerCase()}`;
}

export function integer(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= lowest && value <= highest))
      throw new InvalidValue(`takes a whole number from ${lowest} to ${highest}, not '${text}'`);
    return value;
  };
}

const LIMIT_HIGHEST = 1_000_000_000;

/** How many there may be; undefined for `none`, which is any number. */
export function limit(text: string): number | undefined {
  return text.toLowerCase() === 'none' ? undefined : integer(0, LIMIT_HIGHEST)(text);
}

export function oneOf<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text.toLowerCase());
    if (found === undefined) throw new InvalidValue(`takes one of ${choices.join(', ')}, not '${text}'`);
    return found;
  };
}

export function flag(text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw new InvalidValue(`takes true or false, not '${text}'`);
}

export function nonEmpty(text: string): string {
  if (text === '') throw new InvalidValue('takes a value, not an empty text');
  return text;
}

/** Where the mail rests: by its scheme, a file or what another driver opens. */
export function databaseName(text: string): string {
  if (schemeOf(text) === undefined)
    throw new InvalidValue(`takes the path of a file; there is no store for ${text.slice(0, text.indexOf('://') + 3)}`);
  return nonEmpty(text);
}

/** RFC 2033: never the port of SMTP, whose clients would not know whom they speak to. */
export function lmtpPort(text: string): number {
  const port = integer(0, 65535)(text);
  if (port === 25) throw new InvalidValue('takes any port but 25, which is that of SMTP (RFC 2033)');
  return port;
}

/** The least that systems have room for in an address. */
const SOCKET_PATH_LIMIT_BYTES = 103;

export function socketPath(text: string): string {
  if (text === '' || text.includes('\0') || Buffer.byteLength(text) > SOCKET_PATH_LIMIT_BYTES)
    throw new InvalidValue(`takes the path of a socket, of at most ${SOCKET_PATH_LIMIT_BYTES} bytes, not '${text}'`);
  return text;
}

/** Permissions in octal, as chmod takes them. */
export function fileMode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw new InvalidValue(`takes a mode in octal such as 0660, not '${text}'`);
  return parseInt(text, 8);
}

/** Paths with commas between them; `auto` leaves the choice to the server. */
export function files(text: string): 'auto' | readonly string[] {
  if (text.trim().toLowerCase() === 'auto') return 'auto';
  const paths = text.split(',').map((path) => path.trim());
  if (paths.includes(''))
    throw new InvalidValue(`takes paths of files with commas between them, or auto, not '${text}'`);
  return paths;
}

/** A user or group of the machine, by name or number; undefined for `none`. Whether it exists is seen when it is used. */
export function systemName(text: string): string | undefined {
  if (text.toLowerCase() === 'none') return undefined;
  if (/^([a-z_][\w.-]*\$?|\d{1,10})$/i.test(text)) return text;
  throw new InvalidValue(`takes a name or a number, not '${text}'`);
}

/** IP addresses or host names with commas between them; one that stands twice is listened on once. */
export function hosts(text: string): readonly string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const wrong = items.find((item) => !isHost(item));
  if (items.length === 0 || wrong !== undefined)
    throw new InvalidValue(`takes addresses such as 127.0.0.1,::1, not '${wrong ?? text}'`);
  return [...new Set(items)];
}

/** A name that ends in a number is a mistyped IPv4 address, such as 127.0.0.256. */
function isHost(text: string): boolean {
  return isIP(text) !== 0 || (asciiDomain(text) !== undefined && !/(^|\.)\d+$/.test(text));
}

/** Domain names with commas between them; `none` is an empty list. */
export function domainNames(text: string): readonly string[] {
  if (text.trim().toLowerCase() === 'none') return [];
  return text.split(',').map((name) => domainName(name.trim()));
}

/** What stands before the paths of URLs, without a slash at its end; '/' is nothing. */
export function basePath(text: string): string {
  if (!/^(\/[\w.~-]+)*\/?$/.test(text)) throw new InvalidValue(`takes a path such as /mail, not '${text}'`);
  return text.replace(/\/$/, '');
}

/** A domain name in lower case and ASCII form, as mail systems compare them (RFC 5321 §2.3.5, RFC 5890). */
export function domainName(text: string): string {
  const name = asciiDomain(text);
  if (name === undefined) throw new InvalidValue(`takes a domain name such as example.org, not '${text}'`);
  return name;
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function asciiDomain(text: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- ASCII names skip the host parser, which would read 1.2 as an IPv4 address
  const name = /^[\x00-\x7f]*$/.test(text) ? text.toLowerCase() : hostOf(text);
  return name.length <= 255 && name.split('.').every((label) => LABEL.test(label)) ? name : undefined;
}

function hostOf(text: string): string {
  try {
    return new URL(`http://${text}`).hostname;
  } catch {
    return '';
  }
}

/** Addresses and subnets with commas between them; `none` is an empty list. */
export function networks(text: string): readonly string[] {
  if (text.trim().toLowerCase() === 'none') return [];
  const entries = text.split(',').map((entry) => entry.trim());
  const wrong = entries.find((entry) => !isNetwork(entry));
  if (wrong !== undefined)
    throw new InvalidValue(`takes networks such as 192.168.0.0/16 or fd00::/8, or none, not '${wrong}'`);
  return entries;
}

/** Characters that an atom may have (RFC 5322 §3.2.3), letters and digits aside; empty for none. */
export function separators(text: string): string {
  if (text.toLowerCase() === 'none') return '';
  if (!/^[-!#$%&'*+/=?^_`{|}~]+$/.test(text))
    throw new InvalidValue(`takes characters such as +-, or none, not '${text}'`);
  return text;
}
