/**
 * Exim or OpenSMTPD of Debian, which `.ci/receivers` has taken out of their packages: in a root of its own, with its own users, where it
 * sees of this machine the libraries and devices alone. Takes mail for localhost, and hands it on by LMTP. Needs root.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, stopServer } from '../../bench/processes/server.js';
import { ROOT } from './server.js';

export interface DebianReceiver {
  readonly argv: readonly string[];
  /** In /etc. */
  readonly configuration: string;
  readonly text: (ports: Ports) => string;
}

export interface Ports {
  readonly smtp: number;
  readonly lmtp: number;
}

const PACKAGES = join(ROOT, 'node_modules/.cache/receivers');
const USERS = ['root', 'Debian-exim', 'opensmtpd', 'opensmtpq', 'nobody'];
const FIRST_UID = 61_000;
const DIRECTORIES = [
  'usr/lib',
  'usr/lib64',
  'dev',
  'proc',
  'tmp',
  'run',
  'var/log',
  'var/spool/exim4',
  'var/spool/smtpd',
];
/** The mounts are seen by what it starts alone, and end with that. */
const ENTER = `mount --bind /usr/lib "$1/usr/lib" && mount --bind /usr/lib64 "$1/usr/lib64" && mount --rbind /dev "$1/dev" &&
  mount -t proc proc "$1/proc" && exec chroot "$@"`;

export const exim: DebianReceiver = {
  // What cannot be handed on at once is tried again by the next run of its queue.
  argv: ['/usr/sbin/exim4', '-C', '/etc/receiver.conf', '-bdf', '-q2s'],
  configuration: 'receiver.conf',
  text: ({ smtp, lmtp }) => `primary_hostname = exim.localhost
daemon_smtp_ports = ${smtp}
local_interfaces = 127.0.0.1
exim_user = Debian-exim
exim_group = nogroup
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim-%slog
acl_smtp_rcpt = check
smtputf8_advertise_hosts = *
keep_environment =
begin acl
check:
  accept domains = localhost
  deny message = relay not permitted
begin routers
inside:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = inside
begin transports
inside:
  driver = smtp
  protocol = lmtp
  port = ${lmtp}
  hosts_avoid_tls = *
begin retry
* * F,1h,1s
`,
};

export const openSmtpd: DebianReceiver = {
  argv: ['/usr/sbin/smtpd', '-d', '-f', '/etc/receiver.conf'],
  configuration: 'receiver.conf',
  text: ({ smtp, lmtp }) => `listen on 127.0.0.1 port ${smtp} hostname opensmtpd.localhost
action "inside" relay host lmtp://127.0.0.1:${lmtp}
match from any for domain "localhost" action "inside"
`,
};

/** Why there is none here, in words. */
export function debianReceiverMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  return existsSync(join(PACKAGES, 'usr/sbin/smtpd')) ? undefined : '.ci/receivers was not run';
}

/** Resolves with how to stop it, once it listens. */
export async function startDebianReceiver(
  { argv, configuration, text }: DebianReceiver,
  home: string,
  ports: Ports,
): Promise<() => Promise<void>> {
  const root = join(home, 'root');
  makeRoot(root);
  writeFileSync(join(root, 'etc', configuration), text(ports), { mode: 0o644 });
  const entering = ['--mount', 'sh', '-c', ENTER, 'sh', root, ...argv];
  const pid = await startServer({ program: 'unshare', argv: entering, home, ports: [ports.smtp] });
  return () => stopServer(pid);
}

function makeRoot(root: string): void {
  cpSync(PACKAGES, root, { recursive: true, verbatimSymlinks: true });
  rmSync(join(root, 'lib'), { recursive: true, force: true });
  for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  symlinkSync('../run', join(root, 'var/run'));
  mkdirSync(join(root, 'var/lib/opensmtpd/empty'), { recursive: true });
  const users = USERS.map((name, at) => [name, at === 0 ? 0 : FIRST_UID + at] as const);
  writeFileSync(
    join(root, 'etc/passwd'),
    users.map(([name, id]) => `${name}:x:${id}:${id}::/run:/bin/false\n`).join(''),
  );
  writeFileSync(
    join(root, 'etc/group'),
    [...users, ['nogroup', 65_534]].map(([name, id]) => `${name}:x:${id}:\n`).join(''),
  );
  for (const directory of ['', 'etc', 'var', 'var/spool', 'var/log']) chmodSync(join(root, directory), 0o755);
  for (const directory of ['var/log', 'var/spool/exim4']) chmodSync(join(root, directory), 0o777);
  chmodSync(join(root, 'var/spool/smtpd'), 0o711);
}
