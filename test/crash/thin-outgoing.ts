/**
 * Mail out on a disk whose syncs fail for a moment (thin-disk.ts), and a power cut after it was taken again: another server sends on
 * what the cut left. Each recipient of what was acknowledged is delivered, or told to its sender, and none comes twice that no
 * sender had when the power went.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chance } from '../support/ledger-chance.js';
import { Server } from '../support/server.js';
import type { Round, RoundFault } from './campaign.js';
import { OutgoingLedger } from './outgoing-ledger.js';
import { OutgoingReceiver } from './outgoing-receiver.js';
import { leasedIn, loadOn, sendingTo, settled } from './outgoing-round.js';
import { ThinDisk } from './thin-disk.js';
import { NO_MARK, untilCut, type ThinOptions } from './thin-round.js';

const FAULT = 'a failed sync and a power cut while mail goes out';
const SEEDS = 1_000_000;

export async function thinOutgoingRound({ seed, number = 1, main }: ThinOptions): Promise<Round> {
  const startedAtMs = Date.now();
  const ledger = new OutgoingLedger();
  const receiver = new OutgoingReceiver(ledger, new Chance(seed));
  const cleaning: (() => unknown)[] = [() => receiver.stop()];
  try {
    const options = {
      everyService: true,
      arguments: [...NO_MARK, ...sendingTo(await receiver.start())],
      ...(main === undefined ? {} : { main }),
    };
    const disk = ThinDisk.make();
    cleaning.push(() => disk.release());
    const server = await Server.start({ ...options, directory: disk.directory });
    cleaning.push(() => server.release());
    const load = await loadOn(server, ledger, new Chance(seed));
    const left = await untilCut(disk, server, ledger).finally(() => server.release({ keep: true }));
    cleaning.push(() => left.release());
    await load.stop();
    ledger.interrupting(leasedThere(left.directory));
    const second = await Server.start({ ...options, directory: left.directory });
    cleaning.push(() => second.release());
    const findings = await settled(second, ledger);
    const counts = { acknowledged: ledger.acknowledged, removed: 0, refused: load.failures.length };
    return { number, fault: FAULT, tookMs: Date.now() - startedAtMs, ...counts, findings };
  } finally {
    for (const clean of cleaning.reverse()) await clean();
  }
}

export const failedSyncWhileMailGoesOut: RoundFault = {
  name: FAULT,
  strike: (server) => Promise.resolve(server),
  apart: (number, chance) => thinOutgoingRound({ number, seed: chance.between(0, SEEDS) }),
};

/** Looked at in a copy: who opens a database, even to read, begins with what is in its WAL. */
function leasedThere(directory: string): readonly string[] {
  const copy = mkdtempSync(join(tmpdir(), 'pennypost-left-'));
  try {
    cpSync(directory, copy, { recursive: true, filter: (path) => !/\.(sock|control-)/.test(path) });
    return leasedIn(join(copy, 'mail.db'));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
