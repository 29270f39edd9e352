/**
 * Thousands of sessions of every kind against one server of two workers. Afterwards no process has ended, memory and descriptors
 * are level, no session is left, and each message that was acknowledged is there, octet for octet.
 */
import { eventually } from '../support/eventually.js';
import { fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { Server, somePorts } from '../support/server.js';
import { BUG } from '../fuzz/fuzz.js';
import { readDialogues } from './dialogues.js';
import { FootprintWatch, growth, type Footprint } from './footprint.js';
import { checkMail, type Acknowledged, type MailFindings } from './mail.js';
import { runSession, type Place } from './sessions.js';

export interface Soak {
  readonly sessions: number;
  readonly seed: number;
  readonly clients?: number;
  readonly tell?: (done: number) => void;
}

export interface SoakResult extends MailFindings {
  readonly sessions: number;
  readonly footprints: readonly Footprint[];
  /** In words, each what must never be. */
  readonly faults: readonly string[];
}

/** Most of them wait: for a refusal that is made to wait, for an answer that never comes. */
const CLIENTS = 96;
const PASSWORD = 'secret';
const DOMAIN = 'example.org';
const RECIPIENTS = ['alice', 'bob', 'carol', 'dave'].map((name) => `${name}@${DOMAIN}`);
const READERS = Array.from({ length: 12 }, (_, number) => `reader${number}@${DOMAIN}`);
const OVER_MS = 60_000;
const FIRST_MESSAGES = 5;
/** Fewer say nothing about memory. */
const LEVEL_FROM_SESSIONS = 2_000;

export async function soak({ sessions, seed, clients = CLIENTS, tell = () => undefined }: Soak): Promise<SoakResult> {
  const [lmtp = 0] = await somePorts(1);
  const server = await Server.start({
    everyService: true,
    arguments: ['--domain', DOMAIN, '--lmtp-port', String(lmtp)],
  });
  try {
    await furnish(server);
    const { smtp, submission, pop3 } = server.ports;
    const ports = { smtp, submission, lmtp, pop3 };
    const place = { ports, recipients: RECIPIENTS, readers: READERS, password: PASSWORD, dialogues: readDialogues() };
    const watch = await FootprintWatch.begin(server);
    const { acknowledged, faults } = await runAll({ sessions, seed, clients, tell }, place);
    faults.push(...(await faultsOf(server, watch.pids)));
    const footprints = watch.stop();
    if (sessions >= LEVEL_FROM_SESSIONS) faults.push(...footprints.map(growth).filter((text) => text !== undefined));
    return { sessions, footprints, ...(await mailOf(server, acknowledged)), faults };
  } finally {
    await server.release();
  }
}

/** Accounts, and some mail for those who read. */
async function furnish(server: Server): Promise<void> {
  for (const address of [...RECIPIENTS, ...READERS]) await server.addAccount(address, PASSWORD);
  await server.do('alias', 'add', `staff@${DOMAIN}`, ...RECIPIENTS.slice(0, 2));
  const client = await smtpSession(server.smtpPort);
  for (const reader of READERS)
    for (let left = FIRST_MESSAGES; left > 0; left--)
      await sendData(client, reader, Buffer.from(`Subject: ${left}\r\n\r\n${'a line to be read\r\n'.repeat(200)}`));
  client.destroy();
}

async function runAll({ sessions, seed, clients, tell }: Required<Soak>, place: Place) {
  const acknowledged = new Map<string, Acknowledged>();
  const faults: string[] = [];
  let next = 0;
  let done = 0;
  const client = async (): Promise<void> => {
    for (let number = next++; number < sessions; number = next++) {
      const result = await runSession(number, seed, place);
      for (const [id, each] of result.acknowledged) acknowledged.set(id, each);
      if (result.failure !== undefined) faults.push(result.failure);
      tell(++done);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { acknowledged, faults };
}

async function faultsOf(server: Server, before: readonly number[]): Promise<readonly string[]> {
  const faults: string[] = [];
  const sessionsLeft = async (): Promise<boolean> =>
    (await server.status()).workers.every((worker) => worker.sessions === 0);
  await eventually('every session to end', sessionsLeft, OVER_MS).catch((error: unknown) =>
    faults.push((error as Error).message),
  );
  const { supervisor, store, workers } = await server.status();
  const now = [supervisor?.pid ?? 0, store?.pid ?? 0, ...workers.map(({ pid }) => pid)];
  if (now.toSorted().join() !== before.toSorted().join())
    faults.push(`Processes were ${before.join(' ')} and are ${now.join(' ')}`);
  const bug = BUG.exec(server.logs);
  if (bug !== null) faults.push(`The log says: ${server.logs.slice(bug.index, bug.index + 500)}`);
  return faults;
}

async function mailOf(server: Server, acknowledged: ReadonlyMap<string, Acknowledged>): Promise<MailFindings> {
  const logins = [
    ...[...RECIPIENTS, ...READERS].map((name) => [name, PASSWORD] as const),
    [`postmaster@${DOMAIN}`, server.password] as const,
  ];
  const stored: Buffer[] = [];
  for (const [name, password] of logins) stored.push(...(await fetchAll(server.pop3Port, name, password)));
  return checkMail(acknowledged, stored);
}
