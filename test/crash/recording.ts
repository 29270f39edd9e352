/** A server under the shim and a ledger's load, recorded from the first byte of the database to a kill -9. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Chance } from '../support/ledger-chance.js';
import { LedgerLoad, type LoadOptions } from '../support/ledger-clients.js';
import { Ledger, nothingFound, type Account } from '../support/ledger.js';
import { eventually } from '../support/eventually.js';
import { POSTMASTER } from '../support/server.js';
import { changedProgram, Control, Shim, type Change } from './shim.js';
import { acceptances, readTrace, removals, type Acceptance, type Removal, type TraceRecord } from './trace.js';

export interface Recording {
  readonly records: readonly TraceRecord[];
  readonly acceptances: readonly Acceptance[];
  readonly removals: readonly Removal[];
  readonly ledger: Ledger;
  readonly accounts: readonly string[];
}

export interface RecordingOptions {
  readonly seed: number;
  /** A promise taken away from the program. */
  readonly change?: Change;
  readonly messages: number;
  /** Slower syncs make answers that do not wait for them easy to see. */
  readonly syncDelayUs?: number;
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
  change,
  messages,
  syncDelayUs = 0,
  strikes = [],
  load: other,
}: RecordingOptions): Promise<Recording> {
  const shim = await Shim.build();
  try {
    shim.set(Control.SyncDelayUs, syncDelayUs);
    const main = change === undefined ? {} : { main: changedProgram(shim.directory, change) };
    const server = await shim.serve({ trace: true, directory: mkdtempSync(join(shim.directory, 'db-')), ...main });
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
      await server.release();
      const records = readTrace(shim.trace);
      return {
        records,
        acceptances: acceptances(records),
        removals: removals(records),
        ledger,
        accounts: accounts.map(({ address }) => address),
      };
    } finally {
      ledger.close();
      await server.release();
    }
  } finally {
    shim.release();
  }
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
