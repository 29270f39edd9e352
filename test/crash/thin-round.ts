/**
 * A sync that really fails, mail that is taken afterwards, and a power cut: the server on a thin disk (thin-disk.ts), and
 * another on what the cut left, whose maildrops are held against the ledger.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chance } from '../support/ledger-chance.js';
import { LedgerLoad } from '../support/ledger-clients.js';
import { hold, Ledger, nothingFound } from '../support/ledger.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/processes.js';
import { POSTMASTER, Server } from '../support/server.js';
import type { Round, RoundFault } from './campaign.js';
import { pause, storeOf } from './faults.js';
import { ThinDisk } from './thin-disk.js';

const THIN_FAULT = 'a failed sync on a thin disk, and a power cut';
const PATIENCE_MS = 30_000;
const MESSAGES = 20;
const SEEDS = 1_000_000;
const LOAD = { readers: 1, senders: 4, large: 0.2, largeOctets: 150_000, pauseMs: 5 };
/** Nothing is kept free: the disk lies about its room. */
export const NO_MARK = ['--min-free', '0'];

/** How many promises were made. */
type Acknowledged = Pick<Ledger, 'acknowledged'>;

export interface ThinOptions {
  readonly seed: number;
  readonly number?: number;
  /** Another build of the program. */
  readonly main?: string;
}

export async function thinRound({ seed, number = 1, main }: ThinOptions): Promise<Round> {
  const startedAtMs = Date.now();
  const own = mkdtempSync(join(tmpdir(), 'pennypost-ledger-'));
  const ledger = new Ledger(join(own, 'ledger.jsonl'));
  const cleaning: (() => unknown)[] = [() => rmSync(own, { recursive: true, force: true }), () => ledger.close()];
  try {
    const disk = ThinDisk.make();
    cleaning.push(() => disk.release());
    const server = await Server.start({
      directory: disk.directory,
      arguments: NO_MARK,
      ...(main === undefined ? {} : { main }),
    });
    cleaning.push(() => server.release());
    const accounts = [{ address: POSTMASTER, password: server.password }];
    const { smtpPort, pop3Port } = server;
    const load = new LedgerLoad(ledger, nothingFound(), new Chance(seed), { smtpPort, pop3Port, accounts, ...LOAD });
    const left = await untilCut(disk, server, ledger).finally(() => server.release({ keep: true }));
    cleaning.push(() => left.release());
    await load.stop();
    const second = await Server.start({ directory: left.directory, arguments: NO_MARK });
    cleaning.push(() => second.release());
    const findings = await hold(ledger, second.pop3Port, accounts);
    const { acknowledged, removed } = ledger;
    const refused = load.failures.length;
    return { number, fault: THIN_FAULT, tookMs: Date.now() - startedAtMs, acknowledged, removed, refused, findings };
  } finally {
    for (const clean of cleaning.reverse()) await clean();
  }
}

export const failedSyncOnThinDisk: RoundFault = {
  name: THIN_FAULT,
  strike: (server) => Promise.resolve(server),
  apart: (number, chance) => thinRound({ number, seed: chance.between(0, SEEDS) }),
};

/** The disk as a power cut leaves it, which came after a sync had failed and mail was taken again. */
export async function untilCut(disk: ThinDisk, server: Server, ledger: Acknowledged): Promise<ThinDisk> {
  await taken(ledger);
  const store = storeOf(server) as number;
  disk.fill();
  await eventually('a sync to fail', () => !isAlive(store), PATIENCE_MS);
  disk.empty();
  await taken(ledger);
  server.signalAll('SIGSTOP');
  await pause(50);
  return disk.cut();
}

async function taken(ledger: Acknowledged): Promise<void> {
  const before = ledger.acknowledged;
  await eventually('mail to be taken', () => ledger.acknowledged >= before + MESSAGES, PATIENCE_MS);
}
