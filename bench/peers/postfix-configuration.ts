/** The private main.cf and master.cf of the Postfix instance. Nothing of the machine's own Postfix is read or touched. */
import { run } from '../processes/program.js';
import { addressOf, everyAccount } from './accounts.js';

/** Enough for 400 sessions, each of which Postfix gives a process. */
const PROCESSES = 500;
const LARGEST_MESSAGE_BYTES = 50 * 1024 * 1024;

/** Of the user `nobody`: the owner of every maildir. */
export const MAIL_UID = 65_534;

/** Of the settings that make a difference to speed; the report shows them. */
const SETTINGS = [
  ['compatibility_level', '3.6'],
  ['inet_protocols', 'ipv4'],
  ['mynetworks', '127.0.0.0/8'],
  ['smtpd_recipient_restrictions', 'permit_mynetworks, reject'],
  ['smtpd_relay_restrictions', 'permit_mynetworks, reject'],
  ['default_process_limit', String(PROCESSES)],
  ['message_size_limit', String(LARGEST_MESSAGE_BYTES)],
  ['virtual_mailbox_limit', '0'],
  ['virtual_uid_maps', `static:${MAIL_UID}`],
  ['virtual_gid_maps', `static:${MAIL_UID}`],
] as const;

export const postfixSettings: readonly string[] = [
  'virtual(8) delivers into maildirs, which Postfix syncs; accounts in a texthash table; no TLS, no milters, no chroot',
  `main.cf: ${SETTINGS.map(([name, value]) => `\`${name}=${value}\``).join(', ')}; everything else as Postfix has it, in_flow_delay included`,
  `where it sends on: \`relayhost\` with smtp(8), its connections cached as by default; qmgr(8) as it comes: 20 at once to a destination, 5 of them at first, 20,000 messages active`,
  'logs what it logs by default, into a file by postlogd (maillog_file)',
];

/** What sends to a relay on this port. */
export function sendsTo(port: number): MorePostfix {
  return {
    settings: { relayhost: `[127.0.0.1]:${port}` },
    services: ['smtp unix - - n - - smtp', 'relay unix - - n - - smtp', 'scache unix - - n - 1 scache'],
  };
}

/** For who compares what is answered, not how fast. */
export interface MorePostfix {
  /** These go before those above. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of master.cf. */
  readonly services?: readonly string[];
}

export function mainCf(home: string, { settings = {} }: MorePostfix = {}): string {
  return [
    `queue_directory = ${home}/spool`,
    `data_directory = ${home}/data`,
    'command_directory = /usr/sbin',
    'daemon_directory = /usr/lib/postfix/sbin',
    'mail_owner = postfix',
    'setgid_group = postdrop',
    'myhostname = bench.localhost',
    'mydestination =',
    'alias_maps =',
    'inet_interfaces = 127.0.0.1',
    'virtual_mailbox_domains = localhost',
    `virtual_mailbox_base = ${home}/mail`,
    `virtual_mailbox_maps = texthash:${home}/etc/boxes`,
    `maillog_file = ${home}/mail.log`,
    `maillog_file_prefixes = ${home}`,
    ...Object.entries({ ...Object.fromEntries(SETTINGS), ...settings }).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n');
}

/** Debian's services, without chroot and without those that this configuration cannot reach. */
export function masterCf(port: number, { services = [] }: MorePostfix = {}): string {
  return `127.0.0.1:${port} inet n - n - ${PROCESSES} smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
${services.map((line) => `${line}\n`).join('')}`;
}

export function boxTable(): string {
  return everyAccount()
    .map((local) => `${addressOf(local)} ${local}/\n`)
    .join('');
}

export async function postfixVersion(): Promise<string> {
  const { stdout } = await run('postconf', ['-d', '-h', 'mail_version']);
  return stdout.trim();
}
