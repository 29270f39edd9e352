/** smtp-sink of Postfix: reads messages and throws them away, in C and without a disk. The ceiling for SMTP. */
import { findProgram } from '../processes/program.js';
import { freePort, startServer, stopServer } from '../processes/server.js';
import { postfixVersion } from './postfix-configuration.js';
import type { Instance, Peer } from './peer.js';

const MOST_SESSIONS = 1000;
const BACKLOG = 1000;

export const smtpSink: Peer = {
  name: 'smtp-sink',
  title: 'smtp-sink',
  settings: [`\`smtp-sink -m ${MOST_SESSIONS} … ${BACKLOG}\`: one process, stores nothing, logs nothing`],
  missing: () => (findProgram('smtp-sink') === undefined ? 'smtp-sink is not installed (Debian: postfix)' : undefined),
  version: postfixVersion,
  start,
};

async function start(home: string): Promise<Instance> {
  const smtpPort = await freePort();
  const pid = await startSink(home, smtpPort);
  return { roots: [pid], smtpPort, settle: () => Promise.resolve(), stop: () => stopServer(pid) };
}

/** Its pid, once it is ready. */
export function startSink(home: string, smtpPort: number): Promise<number> {
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const argv = [...user, '-m', String(MOST_SESSIONS), `127.0.0.1:${smtpPort}`, String(BACKLOG)];
  return startServer({ program: 'smtp-sink', argv, home, ports: [smtpPort] });
}
