/**
 * Dovecot, POP3 and LMTP on maildirs: its own configuration and directories. Needs root, since its processes change users.
 * Two peers: with the settings it comes with, and `dovecot-tuned` in the "high-performance mode" of its manual, in which a
 * login process serves many clients instead of one.
 */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, run } from '../processes/program.js';
import { freePort, startServer, stopServer } from '../processes/server.js';
import { addressOf, everyAccount, PASSWORD } from './accounts.js';
import { dovecotConf, dovecotSettings, tunedSettings, type DovecotOptions } from './dovecot-configuration.js';
import { fillMaildirs } from './maildir.js';
import type { Instance, Peer } from './peer.js';
import { MAIL_UID } from './postfix-configuration.js';

export const dovecot: Peer = {
  name: 'dovecot',
  title: 'Dovecot',
  settings: dovecotSettings,
  missing,
  version,
  start: (home) => startDovecot(home, { tuned: false }),
};

export const dovecotTuned: Peer = {
  name: 'dovecot-tuned',
  title: 'Dovecot, login processes kept',
  settings: tunedSettings,
  missing,
  version,
  start: (home) => startDovecot(home, { tuned: true }),
};

function missing(): string | undefined {
  if (findProgram('dovecot') === undefined) return 'Dovecot is not installed (Debian: dovecot-pop3d dovecot-lmtpd)';
  return process.getuid?.() === 0 ? undefined : 'Dovecot changes users, so it starts only for root';
}

async function version(): Promise<string> {
  return (await run('dovecot', ['--version'])).stdout.trim().replace(/ .*/, '');
}

export async function startDovecot(
  home: string,
  options: Omit<DovecotOptions, 'home' | 'pop3Port' | 'lmtpPort'>,
): Promise<Instance> {
  const [pop3Port, lmtpPort] = [await freePort(), await freePort()];
  for (const name of ['base', 'mail']) mkdirSync(join(home, name), { recursive: true });
  chmodSync(join(home, 'base'), 0o755); // Its processes are other users, whatever the umask is.
  chownSync(join(home, 'mail'), MAIL_UID, MAIL_UID);
  const configuration = join(home, 'dovecot.conf');
  writeFileSync(configuration, dovecotConf({ home, pop3Port, lmtpPort, ...options }));
  writeFileSync(join(home, 'users'), await passwordFile(configuration));
  for (const name of ['dovecot.conf', 'users']) chmodSync(join(home, name), 0o644);
  const argv = ['-F', '-c', configuration];
  const pid = await startServer({ program: 'dovecot', argv, home, ports: [pop3Port, lmtpPort] });
  return {
    roots: [pid],
    pop3Port,
    lmtpPort,
    fill: (fill) => fillMaildirs(join(home, 'mail'), fill),
    settle: () => Promise.resolve(),
    stop: () => stopServer(pid),
  };
}

/** One hash for all, in the scheme that `doveadm pw` chooses. */
async function passwordFile(configuration: string): Promise<string> {
  const { stdout } = await run('doveadm', ['-c', configuration, 'pw', '-p', PASSWORD]);
  return everyAccount()
    .map((local) => `${addressOf(local)}:${stdout.trim()}::::::\n`)
    .join('');
}
