/** smtp-server and better-sqlite3 in the obvious few lines of node-program.ts: one process, one commit a message. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineName } from '../../src/store/sqlite/database/driver.js';
import { freePort, startServer, stopServer } from '../processes/server.js';
import type { Instance, Peer } from './peer.js';

const PROGRAM = fileURLToPath(new URL('./node-program.js', import.meta.url));
const require = createRequire(import.meta.url);

export const node: Peer = {
  name: 'node',
  title: 'smtp-server + better-sqlite3',
  settings: [
    '`bench/peers/node-program.ts`: one process; WAL with `synchronous=FULL`, one insert and so one sync a message',
    'smtp-server without TLS, AUTH and reverse look-ups; logs nothing, which is its default',
  ],
  missing: () => (versionOf('smtp-server') === undefined ? 'smtp-server is not installed (npm ci)' : undefined),
  version: () => Promise.resolve(`smtp-server ${versionOf('smtp-server')}, ${engineName()}`),
  start,
};

async function start(home: string): Promise<Instance> {
  const smtpPort = await freePort();
  const argv = [PROGRAM, String(smtpPort), join(home, 'mail.db')];
  const pid = await startServer({ program: process.execPath, argv, home, ports: [smtpPort] });
  return { roots: [pid], smtpPort, settle: () => Promise.resolve(), stop: () => stopServer(pid) };
}

function versionOf(name: string): string | undefined {
  try {
    const path = require.resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
  } catch {
    return undefined;
  }
}
