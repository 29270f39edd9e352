/**
 * Postfix, delivering to maildirs: its own configuration, spool and mail directories. Needs root, since its processes
 * change users. It is kept in the foreground; master's pid stands in its spool and is what is signalled.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findProgram, run } from '../processes/program.js';
import { freePort, startServer, stopServer } from '../processes/server.js';
import type { Instance, Peer, StartOptions } from './peer.js';
import {
  boxTable,
  mainCf,
  MAIL_UID,
  masterCf,
  postfixSettings,
  postfixVersion,
  sendsTo,
  type MorePostfix,
} from './postfix-configuration.js';

const QUEUES = ['maildrop', 'incoming', 'active', 'deferred'];
/** Mail that is not delivered by then will not be; the load would be measured against a server at other work. */
const SETTLE_MS = 120_000;
const STEP_MS = 50;

export const postfix: Peer = {
  name: 'postfix',
  title: 'Postfix',
  settings: postfixSettings,
  missing() {
    if (findProgram('postfix') === undefined) return 'Postfix is not installed (Debian: postfix)';
    return process.getuid?.() === 0 ? undefined : 'Postfix changes users, so it starts only for root';
  },
  version: postfixVersion,
  start,
};

async function start(home: string, { sends = false }: StartOptions): Promise<Instance> {
  if (!sends) return startPostfix(home);
  const relayPort = await freePort();
  return { ...(await startPostfix(home, sendsTo(relayPort))), relayPort };
}

/** With other settings than those that are measured, and more services, if told. */
export async function startPostfix(home: string, more: MorePostfix = {}): Promise<Instance> {
  const smtpPort = await freePort();
  await writeConfiguration(home, smtpPort, more);
  const etc = join(home, 'etc');
  const shell = await startServer({ program: 'postfix', argv: ['-c', etc, 'start-fg'], home, ports: [smtpPort] });
  const master = Number(readFileSync(join(home, 'spool/pid/master.pid'), 'utf8'));
  return {
    roots: [master],
    smtpPort,
    settle: () => settle(join(home, 'spool')),
    stop: async () => {
      await stopServer(master);
      await stopServer(shell);
    },
  };
}

async function writeConfiguration(home: string, port: number, more: MorePostfix): Promise<void> {
  for (const name of ['etc', 'spool', 'data', 'mail']) mkdirSync(join(home, name), { recursive: true });
  const { stdout } = await run('id', ['-u', 'postfix']);
  chownSync(join(home, 'data'), Number(stdout), 0);
  chownSync(join(home, 'mail'), MAIL_UID, MAIL_UID);
  writeFileSync(join(home, 'etc/main.cf'), mainCf(home, more));
  writeFileSync(join(home, 'etc/master.cf'), masterCf(port, more));
  writeFileSync(join(home, 'etc/boxes'), boxTable());
  // Makes the queue directories, each with the owner that Postfix wants.
  await run('postfix', ['-c', join(home, 'etc'), 'check']);
}

async function settle(spool: string): Promise<void> {
  const giveUpMs = performance.now() + SETTLE_MS;
  while (QUEUES.some((queue) => holdsFiles(join(spool, queue)))) {
    if (performance.now() > giveUpMs) throw new Error('Postfix did not deliver what it had accepted');
    await pause(STEP_MS);
  }
}

/** Queues may be hashed into directories. */
function holdsFiles(directory: string): boolean {
  if (!existsSync(directory)) return false;
  return readdirSync(directory, { withFileTypes: true }).some(
    (entry) => entry.isFile() || (entry.isDirectory() && holdsFiles(join(directory, entry.name))),
  );
}
