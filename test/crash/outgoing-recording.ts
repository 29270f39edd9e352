/** As recording.ts, of a server that sends on what clients submit, to a receiver that takes it all or refuses. */
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { eventually } from '../support/eventually.js';
import { Chance } from '../support/ledger-chance.js';
import type { Server } from '../support/server.js';
import { departures, type Departure } from './departures.js';
import type { Withdrawal } from './order.js';
import { OutgoingLedger } from './outgoing-ledger.js';
import { OutgoingLoad, UNLIMITED } from './outgoing-load.js';
import { OutgoingReceiver } from './outgoing-receiver.js';
import { tracedWhile, type Traced, type TracingOptions } from './recording.js';

export interface OutgoingRecording extends Traced {
  readonly departures: readonly Departure[];
  /** Of some of them. */
  readonly withdrawals: readonly Withdrawal[];
  readonly ledger: OutgoingLedger;
  /** By the number of its row, of every recipient that was tried. */
  readonly recipients: ReadonlyMap<number, string>;
}

export interface OutgoingRecordingOptions extends TracingOptions {
  readonly seed: number;
  readonly messages: number;
}

const FROM = 'alice@localhost';
const PASSWORD = 'secret';
const LIMIT_MS = 60_000;
/** Each is looked at on a disk of its own. */
const WITHDRAWALS = 30;

export async function recordOutgoing({
  seed,
  messages,
  ...tracing
}: OutgoingRecordingOptions): Promise<OutgoingRecording> {
  const chance = new Chance(seed);
  const ledger = new OutgoingLedger();
  const receiver = new OutgoingReceiver(ledger, chance.branch());
  const relay = `smtp://127.0.0.1:${await receiver.start()}?tls=none`;
  try {
    const options = {
      ...tracing,
      everyService: true,
      arguments: ['--outbound', 'relay', '--relay', relay, ...UNLIMITED],
    };
    const [traced, recipients] = await tracedWhile(options, async (server) => {
      await server.addAccount(FROM, PASSWORD);
      const load = new OutgoingLoad(ledger, chance.branch(), {
        port: server.submissionPort,
        from: FROM,
        password: PASSWORD,
      });
      await eventually('the load', () => ledger.acknowledged >= messages && ledger.taken >= messages, LIMIT_MS).finally(
        () => load.stop(),
      );
      return triedIn(server);
    });
    const left = departures(traced.records);
    return { ...traced, departures: left, withdrawals: some(left).map(withdrawalOf), ledger, recipients };
  } finally {
    await receiver.stop();
  }
}

function triedIn({ db }: Server): ReadonlyMap<number, string> {
  const connection = openConnection(db, { readonly: true });
  try {
    return new Map(connection.prepare<[], [number, string]>('select queued, recipient from attempt').raw().all());
  } finally {
    connection.close();
  }
}

function some(all: readonly Departure[]): readonly Departure[] {
  const step = Math.ceil(all.length / WITHDRAWALS);
  return all.filter((_, at) => at % step === 0);
}

function withdrawalOf({ asked, at, ids }: Departure): Withdrawal {
  return {
    ...{ what: 'the answer to an outcome', asked, at },
    left: ({ queued }) => queued.filter(({ id }) => ids.includes(id)).length,
  };
}
