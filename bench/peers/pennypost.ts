/**
 * Pennypost itself, `serve` of this checkout's build with every default; only workers, ports and the database are given.
 * Accounts are added by pennypost-accounts.ts, while it runs. Messages come in by SMTP.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '../../src/config/version.js';
import { fillBySmtp } from '../load/smtp-fill.js';
import { run } from '../processes/program.js';
import { freePort, startServer, stopServer } from '../processes/server.js';
import type { Instance, Peer, StartOptions } from './peer.js';

const ACCOUNTS = fileURLToPath(new URL('./pennypost-accounts.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export const pennypost: Peer = {
  name: 'pennypost',
  title: 'Pennypost',
  settings: [
    '`pennypost serve --workers 2`, every other option as it comes: `synchronous=FULL`, limits, one log line a session (into a file), trace headers',
    'as many workers as the row says where it names another number',
    'loopback is trusted by default, so the limits per client address do not bite',
  ],
  missing: () => undefined,
  version: () => Promise.resolve(version()),
  start,
};

async function start(home: string, { workers, flags = [] }: StartOptions): Promise<Instance> {
  const [smtpPort, pop3Port] = [await freePort(), await freePort()];
  const db = join(home, 'mail.db');
  const ports = ['--smtp-port', String(smtpPort), '--pop3-port', String(pop3Port)];
  const pid = await startServer({
    program: process.execPath,
    argv: [MAIN, 'serve', '--host', '127.0.0.1', '--db', db, '--workers', String(workers), ...ports, ...flags],
    home,
    ports: [smtpPort, pop3Port],
  });
  await run(process.execPath, [ACCOUNTS, db]);
  return {
    roots: [pid],
    smtpPort,
    pop3Port,
    fill: (fill) => fillBySmtp(smtpPort, fill),
    settle: () => Promise.resolve(),
    stop: () => stopServer(pid),
  };
}
