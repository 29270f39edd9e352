/**
 * Pennypost itself, `serve` of this checkout's build with every default; only workers, ports and the database are given.
 * Accounts are added by pennypost-accounts.ts, while it runs. Messages come in by SMTP.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { version } from '../../src/config/version.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { fillBySmtp } from '../load/smtp-fill.js';
import { run } from '../processes/program.js';
import { freePort, startServer, stopServer } from '../processes/server.js';
import { addressOf, BOX, PASSWORD } from './accounts.js';
import type { Instance, Peer, StartOptions, Waiting } from './peer.js';

const ACCOUNTS = fileURLToPath(new URL('./pennypost-accounts.js', import.meta.url));
const QUEUE = fileURLToPath(new URL('./pennypost-queue.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** One account sends it all. */
const UNLIMITED = ['--max-recipients-per-hour', 'none', '--max-recipients-per-day', 'none'];

/** What is not sent by then will not be. */
const SETTLE_MS = 120_000;
const STEP_MS = 50;
const FILL_SECONDS = 300;

export const pennypost: Peer = {
  name: 'pennypost',
  title: 'Pennypost',
  settings: [
    '`pennypost serve --workers 2`, every other option as it comes: `synchronous=FULL`, limits, one log line a session (into a file), trace headers',
    'as many workers as the row says where it names another number',
    'where it sends on: `--outbound relay --relay smtp://127.0.0.1:…?tls=none`, without limits of recipients an account, 20 connections to a server as it comes; a row waits in the queue until the next server has answered',
    'loopback is trusted by default, so the limits per client address do not bite',
  ],
  missing: () => undefined,
  version: () => Promise.resolve(version()),
  start,
};

async function start(home: string, { workers, flags = [], sends = false, waiting }: StartOptions): Promise<Instance> {
  const [smtpPort, pop3Port] = [await freePort(), await freePort()];
  const [submissionPort, relayPort] = [await freePort(), await freePort()];
  const db = join(home, 'mail.db');
  if (waiting !== undefined && !existsSync(db)) await fillQueue(db, waiting);
  const ports = ['--smtp-port', String(smtpPort), '--pop3-port', String(pop3Port)];
  const relay = `smtp://127.0.0.1:${relayPort}?tls=none`;
  const out = sends
    ? ['--outbound', 'relay', '--relay', relay, '--submission-port', String(submissionPort), ...UNLIMITED]
    : [];
  const pid = await startServer({
    program: process.execPath,
    argv: [MAIN, 'serve', '--host', '127.0.0.1', '--db', db, '--workers', String(workers), ...ports, ...out, ...flags],
    home,
    ports: [smtpPort, pop3Port],
  });
  await run(process.execPath, [ACCOUNTS, db]);
  return {
    roots: [pid],
    smtpPort,
    pop3Port,
    ...(sends && { submissionPort, relayPort, login: { user: addressOf(BOX), password: PASSWORD } }),
    fill: (fill) => fillBySmtp(smtpPort, fill),
    settle: () => (sends ? settle(db, waiting?.isDead === true ? waiting.recipients : 0) : Promise.resolve()),
    stop: () => stopServer(pid),
  };
}

async function fillQueue(db: string, { recipients, destinations, isDead }: Waiting): Promise<void> {
  const argv = [db, recipients, destinations, isDead ? 'dead' : 'due'].map(String);
  await run(process.execPath, [QUEUE, ...argv], { timeoutSeconds: FILL_SECONDS });
}

/** Until no more is in the queue than was there before. */
async function settle(db: string, before: number): Promise<void> {
  const connection = openConnection(db, { readonly: true });
  try {
    const count = connection.prepare<[], number>('select sum(recipients) from queue_count').pluck();
    const giveUpMs = performance.now() + SETTLE_MS;
    while ((count.get() ?? 0) > before) {
      if (performance.now() > giveUpMs) throw new Error('Pennypost did not send what it had accepted');
      await pause(STEP_MS);
    }
  } finally {
    connection.close();
  }
}
