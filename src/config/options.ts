/**
 * Every option there is, once: its flag, variable and file key follow from its name here
 * (`maxMessageSize`: `--max-message-size`, `PENNYPOST_MAX_MESSAGE_SIZE`, `max-message-size` in pennypost.toml).
 * The help texts, `config show` and docs/configuration.md are generated from this table.
 */
import { availableParallelism } from 'node:os';
import { defaultHostname } from './default-hostname.js';
import {
  databaseName,
  domainName,
  durationMs,
  fileMode,
  files,
  flag,
  hosts,
  integer,
  lmtpPort,
  messageBytes,
  networks,
  oneOf,
  socketPath,
  systemName,
} from './units.js';
import type { Option } from './option.js';
import { outboundOptions } from './outbound-options.js';
import { sessionOptions } from './session-options.js';
import { storageOptions } from './storage-options.js';
import { webOptions } from './web-options.js';
import { LOG_LEVELS, type Configuration, type OptionName } from './configuration.js';

const port = integer(0, 65535);

export const options: { readonly [Name in OptionName]: Option<Configuration[Name]> } = {
  db: {
    initial: 'mail.db',
    placeholder: 'FILE',
    doc: 'The database file that holds the mail.',
    parse: databaseName,
  },
  user: {
    initial: 'none',
    placeholder: 'ACCOUNT',
    doc: 'Started as root, the server opens its ports and then becomes this user of the machine, a name or a number; none changes nothing.',
    parse: systemName,
  },
  group: {
    initial: 'none',
    placeholder: 'ACCOUNT',
    doc: "The group that goes with --user, a name or a number; none takes the user's own.",
    parse: systemName,
  },
  host: {
    initial: '127.0.0.1,::1',
    placeholder: 'ADDRESS,…',
    doc: 'The addresses to listen on.',
    parse: hosts,
  },
  deviceHost: {
    initial: 'auto',
    placeholder: 'ADDRESS,…',
    doc: 'The addresses to listen on for devices; auto takes those of --host.',
    parse: (text) => (text.toLowerCase() === 'auto' ? undefined : hosts(text)),
  },
  smtpPort: {
    initial: '2525',
    placeholder: 'PORT',
    doc: 'The port for SMTP from other servers (25 on the internet); 0 switches it off.',
    parse: port,
  },
  submissionPort: {
    initial: '0',
    placeholder: 'PORT',
    doc: 'The port for submission by people and devices, who log in; TLS by STARTTLS (587 on the internet). 0 is off.',
    parse: port,
  },
  submissionsPort: {
    initial: '0',
    placeholder: 'PORT',
    doc: 'The same with TLS from the first byte (465 on the internet); 0 is off.',
    parse: port,
  },
  pop3Port: {
    initial: '1100',
    placeholder: 'PORT',
    doc: 'The port for POP3, with TLS by STLS (110 on the internet); 0 switches it off.',
    parse: port,
  },
  pop3sPort: {
    initial: '0',
    placeholder: 'PORT',
    doc: 'The port for POP3 with TLS from the first byte (995 on the internet); 0 is off.',
    parse: port,
  },
  lmtpPort: {
    initial: '0',
    placeholder: 'PORT',
    doc: 'The port for LMTP from a server in front, such as Postfix, on the same addresses (24 by custom, never 25); 0 is off.',
    parse: lmtpPort,
  },
  devicePort: {
    initial: '0',
    placeholder: 'PORT',
    doc: 'The port for devices that `pennypost device add` lists, such as scanners: no login, any TLS, lenient; 0 is off.',
    parse: port,
  },
  ...webOptions,
  lmtpSocket: {
    initial: 'none',
    placeholder: 'FILE',
    doc: 'A Unix socket for LMTP; none makes none.',
    parse: (text) => (text.toLowerCase() === 'none' ? undefined : socketPath(text)),
  },
  lmtpSocketMode: {
    initial: '0600',
    placeholder: 'MODE',
    doc: 'Who may connect to it, in octal: 0600 only the user of the server, 0660 its group too, 0666 whoever may enter the directory.',
    parse: fileMode,
  },
  tlsCertificate: {
    initial: 'auto',
    placeholder: 'FILE,…',
    doc: 'PEM files of certificate chains, the first for clients that name no server; auto makes a self-signed one beside the database, none switches TLS off.',
    parse: (text) => (text.toLowerCase() === 'none' ? 'none' : files(text)),
  },
  tlsKey: {
    initial: 'auto',
    placeholder: 'FILE,…',
    doc: 'PEM files of their private keys, in the same order; auto looks for each in the file of its certificate.',
    parse: files,
  },
  hostname: {
    initial: defaultHostname(),
    placeholder: 'NAME',
    doc: 'What the server calls itself in greetings and Received headers.',
    parse: domainName,
  },
  domain: {
    initial: 'localhost',
    placeholder: 'NAME',
    doc: 'The first local domain: where postmaster lives, and what a login without @ means.',
    parse: domainName,
  },
  workers: {
    initial: String(availableParallelism()),
    placeholder: 'N',
    doc: 'How many worker processes share the listening sockets; one per CPU unless told.',
    parse: integer(1, 256),
  },
  maxMessageSize: {
    initial: '50MiB',
    unit: 'bytes',
    placeholder: 'SIZE',
    doc: 'The largest message taken, at most 2GB; announced as SIZE, counted as the body arrives.',
    parse: messageBytes,
  },
  ...storageOptions,
  bareNewlines: {
    initial: 'refuse',
    placeholder: 'refuse|normalize',
    doc: 'What becomes of a message with a CR or LF that is not part of a CRLF; normalize makes each a CRLF, for old senders.',
    parse: oneOf('refuse', 'normalize'),
  },
  ...outboundOptions,
  trustedNetworks: {
    initial: '127.0.0.0/8,::1',
    placeholder: 'NETWORK,…',
    doc: 'Networks to which the limits per address and the pause before the greeting do not apply; none: they apply to everybody.',
    parse: networks,
  },
  proxyNetworks: {
    initial: 'none',
    placeholder: 'NETWORK,…',
    doc: 'Proxies: a connection from there must begin with a PROXY header, version 1 or 2, which says for whom it comes.',
    parse: networks,
  },
  xclientNetworks: {
    initial: 'none',
    placeholder: 'NETWORK,…',
    doc: 'Clients that may say by XCLIENT for whom they speak SMTP.',
    parse: networks,
  },
  maxSessions: {
    initial: '1000',
    placeholder: 'N',
    doc: 'Sessions in all; for one more an idle one is evicted, or the new one is told to try again later.',
    parse: integer(1, 1_000_000),
  },
  maxSessionsPerAddress: {
    initial: '50',
    placeholder: 'N',
    doc: 'Sessions of one client, an IPv4 address or an IPv6 /64; a /56 may have twice as many, a /48 four times.',
    parse: integer(1, 1_000_000),
  },
  maxNewSessionsPerMinute: {
    initial: '200',
    placeholder: 'N',
    doc: 'Sessions that one client may begin in a minute; a /56 twice as many, a /48 four times.',
    parse: integer(1, 1_000_000),
  },
  ...sessionOptions,
  drainTimeout: {
    initial: '10s',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long sessions may take to finish when the server stops.',
    parse: durationMs,
  },
  reloadTimeout: {
    initial: '5m',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long the sessions of a replaced worker may go on after SIGHUP.',
    parse: durationMs,
  },
  watchdogTimeout: {
    initial: '30s',
    unit: 'milliseconds',
    placeholder: 'TIME',
    doc: 'How long a worker may answer nothing, and the store twice as long, before it is ended and another is started; 0s never ends one.',
    parse: durationMs,
  },
  logLevel: {
    initial: 'info',
    placeholder: 'LEVEL',
    doc: `The least serious log line written: ${LOG_LEVELS.join(', ')}.`,
    parse: oneOf(...LOG_LEVELS),
  },
  verbose: {
    initial: 'false',
    placeholder: '',
    doc: 'Show the dialogue of each session on standard error, secrets masked.',
    alias: 'v',
    parse: flag,
  },
};

export const optionNames = Object.keys(options) as readonly OptionName[];

/** `maxMessageSize` → `max-message-size`. */
export function kebab(name: OptionName): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
}

/** `maxMessageSize` → `PENNYPOST_MAX_MESSAGE_SIZE`. */
export function variable(name: OptionName): string {
  return `PENNYPOST_${kebab(name).replaceAll('-', '_').toUpperCase()}`;
}
