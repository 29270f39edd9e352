/**
 * A real Postfix of the test's own: its configuration, queue and log in one temporary directory, its smtpd on a port of
 * its own. Takes mail for localhost and hands it on by LMTP; what is refused there it returns to the sender.
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { isAlive } from './processes.js';
import { run } from './programs.js';

export interface PostfixOptions {
  readonly smtpPort: number;
  /** As main.cf names it: `lmtp:unix:/path`, `lmtp:inet:127.0.0.1:24`. */
  readonly transport: string;
  /** More lines for main.cf. */
  readonly settings?: readonly string[];
}

/** Only what is waiting or on its way. */
const QUEUES = ['maildrop', 'incoming', 'active', 'deferred'];
const MASTER = [
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
  'lmtp unix - - n - - lmtp',
  'postlog unix-dgram n - n - 1 postlogd',
];

export class Postfix {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** A directory into which Postfix's user alone may go, for sockets that it connects to. */
  static socketDirectory(uid: number): string {
    const directory = mkdtempSync(join(tmpdir(), 'pennypost-front-'));
    chownSync(directory, uid, 0);
    return directory;
  }

  /** @throws when it does not start, with what it said. Needs root. */
  static async start(options: PostfixOptions): Promise<Postfix> {
    const directory = mkdtempSync(join(tmpdir(), 'pennypost-postfix-'));
    const previous = process.umask(0o022); // Postfix's user reads what is made here, whatever ours is.
    try {
      chmodSync(directory, 0o755);
      return await new Postfix(directory).#begin(options);
    } finally {
      process.umask(previous);
    }
  }

  async #begin(options: PostfixOptions): Promise<Postfix> {
    const { directory } = this;
    for (const name of ['etc', 'spool', 'data']) mkdirSync(join(directory, name));
    chownSync(join(directory, 'data'), await postfixUser(), 0);
    writeFileSync(join(directory, 'etc/main.cf'), mainOf(directory, options));
    writeFileSync(
      join(directory, 'etc/master.cf'),
      [`127.0.0.1:${options.smtpPort} inet n - n - - smtpd`, ...MASTER, ''].join('\n'),
    );
    try {
      await run('postfix', ['-c', join(directory, 'etc'), 'start']);
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** How many messages are in the queue. */
  get waiting(): number {
    return QUEUES.reduce((sum, queue) => sum + filesIn(join(this.directory, 'spool', queue)), 0);
  }

  get log(): string {
    return readFileSync(join(this.directory, 'mail.log'), 'utf8');
  }

  async stop(): Promise<void> {
    const master = this.#master;
    if (master !== undefined) {
      process.kill(master, 'SIGTERM');
      await eventually('Postfix to end', () => !isAlive(master));
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  get #master(): number | undefined {
    try {
      const pid = Number(readFileSync(join(this.directory, 'spool/pid/master.pid'), 'utf8'));
      return isAlive(pid) ? pid : undefined;
    } catch {
      return undefined; // It never started.
    }
  }
}

export async function postfixUser(): Promise<number> {
  return Number((await run('id', ['-u', 'postfix'])).stdout.toString());
}

function mainOf(directory: string, { transport, settings = [] }: PostfixOptions): string {
  return [
    'compatibility_level = 3.6',
    `queue_directory = ${join(directory, 'spool')}`,
    `data_directory = ${join(directory, 'data')}`,
    `maillog_file = ${join(directory, 'mail.log')}`,
    `maillog_file_prefixes = ${directory}`,
    'myhostname = front.localhost',
    'myorigin = localhost',
    'mydestination =',
    'inet_interfaces = 127.0.0.1',
    'inet_protocols = ipv4',
    'mynetworks = 127.0.0.0/8',
    'smtpd_recipient_restrictions = permit_mynetworks, reject',
    'smtpd_relay_restrictions = permit_mynetworks, reject',
    'smtpd_client_connection_rate_limit = 0',
    'smtpd_peername_lookup = no',
    'alias_maps =',
    'local_recipient_maps =',
    'notify_classes =',
    'queue_run_delay = 2s',
    'minimal_backoff_time = 2s',
    'virtual_mailbox_domains = localhost',
    `virtual_transport = ${transport}`,
    ...settings,
    '',
  ].join('\n');
}

function filesIn(directory: string): number {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
  } catch {
    return 0; // Not made yet, or a subdirectory that has just gone.
  }
}
