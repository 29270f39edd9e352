/**
 * Mail out under kill -9: clients submit, a receiver of ours takes and refuses, and the sender, the store, a worker or the supervisor
 * dies, again and again; or one of them stands still until the watchdog ends it. Afterwards the queue empties, and the ledger is held against what the receiver took, the reports and the
 * queue. A round has a server of its own.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/processes.js';
import { Chance } from '../support/ledger-chance.js';
import { keyOf, type Findings } from '../support/ledger.js';
import { fetchAll } from '../support/mail-clients.js';
import { Server } from '../support/server.js';
import type { Round, RoundFault } from './campaign.js';
import { isBack, processesOf } from './faults.js';
import { reportedIn } from './inspection.js';
import { add, OutgoingLedger, type Outcomes } from './outgoing-ledger.js';
import { OutgoingLoad, UNLIMITED } from './outgoing-load.js';
import { OutgoingReceiver } from './outgoing-receiver.js';

export interface OutgoingOptions {
  readonly seed: number;
  readonly number?: number;
  readonly kills?: number;
  /** Who is stopped, one after the other, in the place of kills. */
  readonly stopped?: readonly Watched[];
  /** Another build of the program. */
  readonly main?: string;
}

const VICTIMS = ['sender', 'sender', 'store', 'worker', 'supervisor'] as const;
type Victim = (typeof VICTIMS)[number];
/** By the watchdog. */
type Watched = Exclude<Victim, 'supervisor'>;

const OUTGOING_FAULT = 'kill -9 while mail goes out';
/** The store is given twice as long. */
const WATCHED = ['--watchdog-timeout', '3s'];
const WATCHED_LIMIT_MS = 30_000;
const KILLS = 8;
/** Before each kill. */
const MESSAGES = 20;
const MOST_PAUSE_MS = 500;
const SUBMIT_LIMIT_MS = 30_000;
const SEEDS = 1_000_000;
const EMPTY_LIMIT_MS = 90_000;
const PASSWORD = 'secret';
const FROM = 'alice@localhost';
const COPIES = 'bob@localhost';
const SENDING = [
  ...['--minimal-backoff', '1s', '--maximal-backoff', '2s', '--destination-concurrency', '8'],
  ...UNLIMITED,
];

export const killsWhileMailGoesOut: RoundFault = {
  name: OUTGOING_FAULT,
  strike: (server) => Promise.resolve(server),
  apart: (number, chance) => outgoingRound({ number, seed: chance.between(0, SEEDS) }),
};

export const stopsWhileMailGoesOut: RoundFault = {
  name: 'SIGSTOP while mail goes out',
  strike: (server) => Promise.resolve(server),
  apart: (number, chance) =>
    outgoingRound({ number, seed: chance.between(0, SEEDS), stopped: ['sender', 'store', 'worker'] }),
};

export async function outgoingRound(wanted: OutgoingOptions): Promise<Round> {
  const { seed, number = 1, kills = KILLS, stopped, main } = wanted;
  const startedAtMs = Date.now();
  const chance = new Chance(seed);
  const ledger = new OutgoingLedger();
  const receiver = new OutgoingReceiver(ledger, chance.branch());
  const options = {
    everyService: true,
    arguments: [...sendingTo(await receiver.start()), ...(stopped === undefined ? [] : WATCHED)],
    ...(main === undefined ? {} : { main }),
  };
  let server = await Server.start(options);
  try {
    const load = await loadOn(server, ledger, chance);
    try {
      for (let blow = 0; blow < (stopped?.length ?? kills); blow++) {
        await submitted(ledger);
        await pause(chance.between(0, MOST_PAUSE_MS));
        const still = stopped?.[blow];
        if (still !== undefined) await stop(server, ledger, still);
        else if (await strike(server, ledger, VICTIMS[blow] ?? chance.pick(VICTIMS)))
          server = await Server.start({ ...options, like: server });
        await isBack(server);
      }
    } finally {
      await load.stop();
    }
    const findings = await settled(server, ledger);
    const counts = { acknowledged: ledger.acknowledged, removed: 0, refused: load.failures.length };
    return { number, fault: OUTGOING_FAULT, tookMs: Date.now() - startedAtMs, ...counts, findings };
  } finally {
    await server.release();
    await receiver.stop();
  }
}

/** The options of a server that sends to this receiver. */
export function sendingTo(port: number): readonly string[] {
  return ['--outbound', 'relay', '--relay', `smtp://127.0.0.1:${port}?tls=none`, ...SENDING];
}

export async function loadOn(server: Server, ledger: OutgoingLedger, chance: Chance): Promise<OutgoingLoad> {
  for (const account of [FROM, COPIES]) await server.addAccount(account, PASSWORD);
  return new OutgoingLoad(ledger, chance.branch(), {
    ...{ port: server.submissionPort, from: FROM, password: PASSWORD, copyTo: COPIES },
  });
}

async function submitted(ledger: OutgoingLedger): Promise<void> {
  const before = ledger.acknowledged;
  await eventually('mail to be taken', () => ledger.acknowledged >= before + MESSAGES, SUBMIT_LIMIT_MS);
}

/** Whether nothing is left of the server. What the sender has is looked up while it stands still. */
async function strike(server: Server, ledger: OutgoingLedger, victim: Victim): Promise<boolean> {
  const [sender] = processesOf(server, 'sender');
  if (sender !== undefined) process.kill(sender, 'SIGSTOP');
  if (victim === 'sender' || victim === 'supervisor') ledger.interrupting(leasedIn(server.db));
  const [pid] = victim === 'supervisor' ? [server.pid] : processesOf(server, victim);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  ledger.happened(`killed the ${victim}`);
  if (sender !== undefined && sender !== pid) process.kill(sender, 'SIGCONT');
  if (victim !== 'supervisor') return false;
  await server.end();
  await server.release({ keep: true });
  return true;
}

/** Until the watchdog ends it. What the sender has then is what it was at when it was stopped. */
async function stop(server: Server, ledger: OutgoingLedger, victim: Watched): Promise<void> {
  const [pid] = processesOf(server, victim);
  if (pid === undefined) throw new Error(`there is no ${victim}`);
  process.kill(pid, 'SIGSTOP');
  if (victim === 'sender') ledger.interrupting(leasedIn(server.db));
  await eventually('the watchdog to end it', () => !isAlive(pid), WATCHED_LIMIT_MS);
}

/** What a sender has at this moment. */
export function leasedIn(db: string): readonly string[] {
  return recipients({ db }, 'where leased_by is not null');
}

/** What two senders died over is set aside, which keeps it: it is released, and leaves like the rest. */
export async function settled(server: Server, ledger: OutgoingLedger): Promise<Findings> {
  await isEmpty(server, 'where state <> 3');
  if (recipients(server, '').length > 0) await server.do('queue', 'release', '--state', 'corrupt');
  await isEmpty(server, '');
  return ledger.hold(await outcomesOf(server));
}

function isEmpty(server: Server, which: string): Promise<unknown> {
  return eventually('the queue to be empty', () => recipients(server, which).length === 0, EMPTY_LIMIT_MS);
}

function recipients({ db }: Pick<Server, 'db'>, which: string): readonly string[] {
  const connection = openConnection(db, { readonly: true });
  try {
    return connection.prepare<[], string>(`select recipient from queued ${which}`).pluck().all();
  } finally {
    connection.close();
  }
}

async function outcomesOf(server: Server): Promise<Outcomes> {
  const reports = new Map<string, number>();
  for (const report of await fetchAll(server.pop3Port, FROM, PASSWORD))
    for (const recipient of reportedIn(report)) add(reports, recipient);
  const copiesHere = new Map<string, number>();
  for (const message of await fetchAll(server.pop3Port, COPIES, PASSWORD)) add(copiesHere, keyOf(message));
  return { queued: new Set(recipients(server, '')), reports, copiesHere };
}
