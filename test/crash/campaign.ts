/**
 * Rounds of faults against the real server: clients send and read, a fault strikes at a random moment, the server serves
 * again, the ledger is held against the maildrops. One server directory and one ledger for all rounds, so that what one
 * round removed must stay away through all that follow.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chance } from '../support/ledger-chance.js';
import { LedgerLoad, thin } from '../support/ledger-clients.js';
import { hold, Ledger, nothingFound, type Account, type Findings } from '../support/ledger.js';
import { POSTMASTER, Server } from '../support/server.js';
import { isBack, pause, type Fault } from './faults.js';

export interface Round {
  readonly number: number;
  readonly fault: string;
  readonly tookMs: number;
  readonly acknowledged: number;
  readonly removed: number;
  readonly refused: number;
  readonly findings: Findings;
}

export interface RoundFault extends Fault {
  /** Its rounds have a server and a ledger of their own. */
  readonly apart?: (number: number, chance: Chance) => Promise<Round>;
}

export interface CampaignOptions {
  readonly seed: number;
  /** The next fault, or undefined at the end. */
  readonly next: (chance: Chance, round: number) => RoundFault | undefined;
  readonly report: (round: Round) => void;
}

/** Before the fault, and after it, the clients go on for so long. */
const BEFORE_MS = [300, 1_500] as const;
const AFTER_MS = 700;

export async function campaign({ seed, next, report }: CampaignOptions): Promise<readonly Round[]> {
  const chance = new Chance(seed);
  let server = await begin();
  const rounds: Round[] = [];
  const ledger = new Ledger(join(server.directory, 'ledger.jsonl'));
  try {
    const accounts = await accountsOf(server);
    for (let number = 1; ; number++) {
      const fault = next(chance, number);
      if (fault === undefined) return rounds;
      const round =
        fault.apart === undefined
          ? await play({ number, fault, server, ledger, accounts, chance }, (now) => (server = now))
          : await fault.apart(number, chance);
      rounds.push(round);
      report(round);
    }
  } finally {
    ledger.close();
    await server.release();
  }
}

/** Long enough for what one round removes to be restored, and short enough for rounds during which it is purged. */
const KEEP_REMOVED = '20s';
/** Of what a round removed in the end, how often it is restored. */
const RESTORED = 0.4;

async function begin(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'pennypost-'));
  await writeFile(join(directory, 'pennypost.toml'), `keep-removed = '${KEEP_REMOVED}'\nindex = 'on'\n`);
  return Server.start({ directory });
}

async function accountsOf(server: Server): Promise<readonly Account[]> {
  const others = ['alice@localhost', 'bob@localhost'];
  for (const address of others) await server.addAccount(address, 'secret');
  return [
    { address: POSTMASTER, password: server.password },
    ...others.map((address) => ({ address, password: 'secret' })),
  ];
}

interface Play {
  readonly number: number;
  readonly fault: Fault;
  readonly server: Server;
  readonly ledger: Ledger;
  readonly accounts: readonly Account[];
  readonly chance: Chance;
}

async function play({ number, fault, server, ledger, accounts, chance }: Play, became: (now: Server) => void) {
  const startedAtMs = Date.now();
  const { acknowledged, removed } = ledger;
  let serving: Server;
  const duringLoad = nothingFound();
  const { smtpPort, pop3Port } = server;
  const load = new LedgerLoad(ledger, duringLoad, chance.branch(), { smtpPort, pop3Port, accounts });
  try {
    await pause(chance.between(...BEFORE_MS));
    const now = await fault.strike(server, chance);
    serving = now;
    if (now !== server) {
      became(now);
      await server.release({ keep: true });
    }
    await isBack(now);
    await pause(AFTER_MS);
  } finally {
    await load.stop();
  }
  const held = await hold(ledger, pop3Port, accounts);
  for (const account of accounts) await thinAndRestore(serving, { ledger, account, chance });
  return {
    number,
    fault: fault.name,
    tookMs: Date.now() - startedAtMs,
    acknowledged: ledger.acknowledged - acknowledged,
    removed: ledger.removed - removed,
    refused: load.failures.length,
    findings: together(duringLoad, held),
  };
}

/** What went is there again, now and then: with its UIDLs, since the moment before. */
async function thinAndRestore(
  server: Server,
  { ledger, account, chance }: Pick<Play, 'ledger' | 'chance'> & { readonly account: Account },
): Promise<void> {
  await pause(2);
  const before = new Date().toISOString();
  await pause(2);
  const uidls = await thin(ledger, server.pop3Port, account, chance);
  if (uidls.length === 0 || !chance.happens(RESTORED)) return;
  await server.do('mail', 'restore', account.address, '--to', before);
  await ledger.restored(account.address, uidls);
}

function together(one: Findings, other: Findings): Findings {
  return {
    lost: [...one.lost, ...other.lost],
    risen: [...one.risen, ...other.risen],
    torn: [...one.torn, ...other.torn],
    duplicate: [...one.duplicate, ...other.duplicate],
    resent: one.resent + other.resent,
    compared: one.compared + other.compared,
  };
}

export interface Totals {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly removed: number;
  readonly refused: number;
  readonly compared: number;
  readonly resent: number;
  readonly LOST: number;
  readonly RISEN: number;
  readonly TORN: number;
  readonly DUPLICATE: number;
}

export function totals(rounds: readonly Round[]): Totals {
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  return {
    rounds: rounds.length,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    removed: sum(({ removed }) => removed),
    refused: sum(({ refused }) => refused),
    compared: sum(({ findings }) => findings.compared),
    resent: sum(({ findings }) => findings.resent),
    LOST: sum(({ findings }) => findings.lost.length),
    RISEN: sum(({ findings }) => findings.risen.length),
    TORN: sum(({ findings }) => findings.torn.length),
    DUPLICATE: sum(({ findings }) => findings.duplicate.length),
  };
}
