/** A server under the shim and a ledger's load, recorded from the first byte of the database to a kill -9. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Chance } from '../support/ledger-chance.js';
import { LedgerLoad, type LoadOptions } from '../support/ledger-clients.js';
import { Ledger, nothingFound, type Account } from '../support/ledger.js';
import { eventually } from '../support/eventually.js';
import { POSTMASTER, type Server } from '../support/server.js';
import type { Withdrawal } from './order.js';
import { changedProgram, Control, Shim, type Change } from './shim.js';
import { acceptances, readTrace, removals, type Acceptance, type Removal, type TraceRecord } from './trace.js';

/** What was said and done. */
export interface Traced {
  readonly records: readonly TraceRecord[];
  readonly acceptances: readonly Acceptance[];
}

export interface Recording extends Traced {
  readonly removals: readonly Removal[];
  readonly withdrawals: readonly Withdrawal[];
  readonly ledger: Ledger;
  readonly accounts: readonly string[];
}

export interface TracingOptions {
  /** A promise taken away from the program. */
  readonly change?: Change | undefined;
  /** Slower syncs make answers that do not wait for them easy to see. */
  readonly syncDelayUs?: number | undefined;
  readonly everyService?: boolean;
  /** More of what the server is started with. */
  readonly arguments?: readonly string[];
}

export interface RecordingOptions extends TracingOptions {
  readonly seed: number;
  readonly messages: number;
  /** Syncs that fail, one after the other while the load goes on. */
  readonly strikes?: readonly (Control.WalSyncFails | Control.DbSyncFails)[];
  /** Where it is to be another load than that of every recording. */
  readonly load?: Partial<LoadOptions>;
}

const ALICE = { address: 'alice@localhost', password: 'secret' };
const LARGE_OCTETS = 300_000;
/** One may remove many. */
const MESSAGES_A_REMOVAL = 60;

export async function record({
  seed,
  messages,
  strikes = [],
  load: other,
  ...tracing
}: RecordingOptions): Promise<Recording> {
  const [traced, driven] = await tracedWhile(tracing, async (server, shim) => {
    const ledger = new Ledger(join(shim.directory, 'ledger.jsonl'));
    try {
      await server.addAccount(ALICE.address, ALICE.password);
      const accounts: readonly Account[] = [{ address: POSTMASTER, password: server.password }, ALICE];
      const load = new LedgerLoad(ledger, nothingFound(), new Chance(seed), {
        smtpPort: server.smtpPort,
        pop3Port: server.pop3Port,
        accounts,
        readers: 1, // So that it is known which +OK answers which removal.
        largeOctets: LARGE_OCTETS,
        pauseMs: 1,
        ...other,
      });
      try {
        for (const control of strikes) await strike(shim, control, ledger);
        const enough = (): boolean =>
          ledger.acknowledged >= messages &&
          ledger.removed >= messages / 10 &&
          ledger.removals >= messages / MESSAGES_A_REMOVAL;
        await eventually('the load', enough, 30_000);
      } finally {
        await load.stop();
      }
      return { ledger, accounts: accounts.map(({ address }) => address) };
    } finally {
      ledger.close();
    }
  });
  const removed = removals(traced.records);
  return { ...traced, ...driven, removals: removed, withdrawals: removed.map(withdrawalOf) };
}

/** What a server said and did while it was driven so, until it was killed. */
export async function tracedWhile<T>(
  { change, syncDelayUs = 0, everyService = false, arguments: more = [] }: TracingOptions,
  drive: (server: Server, shim: Shim) => Promise<T>,
): Promise<readonly [Traced, T]> {
  const shim = await Shim.build();
  try {
    shim.set(Control.SyncDelayUs, syncDelayUs);
    const main = change === undefined ? {} : { main: changedProgram(shim.directory, change) };
    const directory = mkdtempSync(join(shim.directory, 'db-'));
    const server = await shim.serve({ trace: true, directory, everyService, arguments: more, ...main });
    const driven = await drive(server, shim).finally(() => server.release());
    const records = readTrace(shim.trace);
    return [{ records, acceptances: acceptances(records) }, driven];
  } finally {
    shim.release();
  }
}

function withdrawalOf({ asked, at, account, uids }: Removal): Withdrawal {
  return {
    ...{ what: '+OK to QUIT', asked, at },
    left: ({ found }) => found.filter(({ accountId, uid }) => accountId === account && uids.includes(uid)).length,
  };
}

/** Between two of them mail is taken, so that there is something to lose. */
async function strike(shim: Shim, control: Control, ledger: Ledger): Promise<void> {
  const taken = async (): Promise<void> => {
    const before = ledger.acknowledged;
    await eventually('mail to be taken', () => ledger.acknowledged > before + 20, 30_000);
  };
  await taken();
  shim.set(control, 1);
  await eventually(`${Control[control]} to strike`, () => shim.get(control) === 0, 30_000);
  await taken();
}
