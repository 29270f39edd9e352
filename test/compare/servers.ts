/**
 * The servers that are compared, each private, in a directory of its own, on free ports: Pennypost, Postfix (SMTP, and submission
 * with logins that Dovecot checks) and Dovecot (POP3, LMTP). Settings that would slow a comparison down or refuse by other rules
 * than those of the protocol are off: delays after failed logins, relaying for this machine, look-ups of names.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { boxes } from '../../bench/peers/accounts.js';
import { dovecot, startDovecot } from '../../bench/peers/dovecot.js';
import type { Instance } from '../../bench/peers/peer.js';
import { pennypost } from '../../bench/peers/pennypost.js';
import { postfix, startPostfix } from '../../bench/peers/postfix.js';
import { findProgram, run } from '../../bench/processes/program.js';
import { freePort } from '../../bench/processes/server.js';
import type { Ports } from './play.js';

export interface Servers {
  readonly ports: Ports;
  stop(): Promise<void>;
}

const MESSAGES = 3;
const MESSAGE_OCTETS = 600;
/** Debian's; elsewhere Dovecot itself says what it lacks. */
const DOVECOT_PROGRAMS = '/usr/lib/dovecot';

/** Why they cannot be compared here, in words; undefined when they can. */
export function missing(): string | undefined {
  const lacking = postfix.missing() ?? dovecot.missing();
  if (lacking !== undefined) return lacking;
  if (findProgram('smtp-source') === undefined) return 'smtp-source is not installed (Debian: postfix)';
  const parts = ['pop3', 'lmtp'].filter(
    (part) => existsSync(DOVECOT_PROGRAMS) && !existsSync(join(DOVECOT_PROGRAMS, part)),
  );
  return parts.length === 0
    ? undefined
    : `Dovecot's ${parts.join(' and ')} is not installed (Debian: dovecot-pop3d dovecot-lmtpd)`;
}

/** @throws Error when one does not start; none is left then. */
export async function startServers(home: string): Promise<Servers> {
  const running: Instance[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
  };
  try {
    const [authPort, lmtpPort, submissionPort, theirSubmissionPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const started = async (name: string, start: (home: string) => Promise<Instance>): Promise<Instance> => {
      mkdirSync(join(home, name));
      const server = await start(join(home, name));
      running.push(server);
      return server;
    };
    const flags = ['--lmtp-port', lmtpPort, '--submission-port', submissionPort].map(String);
    const ours = await started('pennypost', (place) => pennypost.start(place, { workers: 2, flags }));
    const reader = await started('dovecot', (place) =>
      startDovecot(place, { tuned: true, knowsUsers: true, more: dovecotLines(authPort) }),
    );
    const taker = await started('postfix', (place) =>
      startPostfix(place, { settings, services: [submission(theirSubmissionPort, authPort)] }),
    );
    for (const server of [ours, reader])
      await server.fill?.({ accounts: boxes(), messages: MESSAGES, octets: MESSAGE_OCTETS });
    return { ports: portsOf(ours, reader, taker, { lmtpPort, submissionPort, theirSubmissionPort }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const settings = {
  recipient_delimiter: '+',
  // Only here are accounts: who is not of this domain is not relayed for.
  smtpd_relay_restrictions: 'reject_unauth_destination',
  smtpd_recipient_restrictions: 'reject_unauth_destination',
  smtpd_peername_lookup: 'no',
  smtpd_tls_security_level: 'none',
  // Accounts have mail at the address of this machine too.
  local_recipient_maps: `inline:{ ${boxes()
    .map((name) => `${name}=x`)
    .join(', ')} }`,
};

function submission(port: number, authPort: number): string {
  const options = {
    smtpd_sasl_auth_enable: 'yes',
    smtpd_sasl_type: 'dovecot',
    smtpd_sasl_path: `inet:127.0.0.1:${authPort}`,
    smtpd_relay_restrictions: 'permit_sasl_authenticated,reject',
    smtpd_recipient_restrictions: 'permit_sasl_authenticated,reject',
    smtpd_sender_restrictions: 'permit_sasl_authenticated,reject',
    smtpd_delay_reject: 'no',
  };
  const flags = Object.entries(options).map(([name, value]) => `-o ${name}=${value}`);
  return `127.0.0.1:${port} inet n - n - 100 smtpd ${flags.join(' ')}`;
}

function dovecotLines(authPort: number): readonly string[] {
  return [
    'auth_mechanisms = plain login',
    'auth_default_realm = localhost',
    'auth_failure_delay = 0',
    `service auth {\n  inet_listener {\n    address = 127.0.0.1\n    port = ${authPort}\n  }\n}`,
    // No memory of whose logins failed.
    'service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}',
  ];
}

function portsOf(
  ours: Instance,
  reader: Instance,
  taker: Instance,
  more: Readonly<Record<'lmtpPort' | 'submissionPort' | 'theirSubmissionPort', number>>,
): Ports {
  const port = (one: number | undefined): number => one as number;
  return {
    smtp: { ours: port(ours.smtpPort), theirs: port(taker.smtpPort) },
    submission: { ours: more.submissionPort, theirs: more.theirSubmissionPort },
    lmtp: { ours: more.lmtpPort, theirs: port(reader.lmtpPort) },
    pop3: { ours: port(ours.pop3Port), theirs: port(reader.pop3Port) },
  };
}

export async function versions(): Promise<string> {
  const shown = await run('dovecot', ['--version']);
  return `Pennypost ${await pennypost.version()}, Postfix ${await postfix.version()}, Dovecot ${shown.stdout.split(' ')[0] ?? ''}`;
}
