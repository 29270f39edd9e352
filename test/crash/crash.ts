/**
 * `npm run crash -- --minutes N [--seed N] [--only WORDS] [--json FILE]`: rounds of mixed faults against the real server, one of
 * them with the store stopped for 30 seconds; or those alone that have these words in their names. Ends with status 1 if anything was
 * lost, rose, was torn, or came twice without a reason.
 */
import { writeFileSync } from 'node:fs';
import CliTable from 'cli-table3';
import minimist from 'minimist';
import { campaign, totals, type Round, type RoundFault } from './campaign.js';
import { faults, stoppedFor30Seconds } from './faults.js';
import { fullLogDisk } from './full-log.js';
import { movedFiles } from './moved-files.js';
import { killsWhileMailGoesOut, stopsWhileMailGoesOut } from './outgoing-round.js';
import { whyNoSmallDisk } from './small-disk.js';
import { stuckWorkers } from './stuck.js';
import { whyNoThinDisk } from './thin-disk.js';
import { failedSyncWhileMailGoesOut } from './thin-outgoing.js';
import { failedSyncOnThinDisk } from './thin-round.js';
import type { Chance } from '../support/ledger-chance.js';

/** The round with the long stop: late enough that there is mail. */
const LONG_STOP_ROUND = 4;
/** As often as it stands among the others. */
const MAIL_OUT_SHARE = 3;
const SHOWN = 10;

const {
  minutes = 30,
  seed = Date.now() % 1_000_000,
  only = '',
  json,
} = minimist(process.argv.slice(2), { string: ['only'] }) as Partial<Record<'minutes' | 'seed', number>> & {
  only?: string;
  json?: string;
};
const deadlineMs = Date.now() + minutes * 60_000;
process.stdout.write(`Faults for ${minutes} minutes, seed ${seed}\n`);

const missing = whyNoThinDisk();
if (missing !== undefined) process.stdout.write(`Without a disk whose blocks run out: ${missing}\n`);
const all: readonly RoundFault[] = [
  ...faults,
  ...Array.from({ length: MAIL_OUT_SHARE }, () => killsWhileMailGoesOut),
  stopsWhileMailGoesOut,
  ...movedFiles,
  ...(whyNoSmallDisk() === undefined ? [fullLogDisk] : []),
  stuckWorkers,
  ...(missing === undefined ? [failedSyncOnThinDisk, failedSyncWhileMailGoesOut] : []),
];
const chosen = all.filter(({ name }) => name.includes(only));
if (chosen.length === 0) throw new Error(`No fault is called '${only}'`);

const rounds: Round[] = [];
try {
  await campaign({ seed, next, report });
} catch (error) {
  process.stdout.write(`The campaign broke off: ${(error as Error).stack ?? String(error)}\n`);
  process.exitCode = 2;
}
summarize();

function next(chance: Chance, round: number): RoundFault | undefined {
  if (Date.now() > deadlineMs) return undefined;
  return round === LONG_STOP_ROUND && only === '' ? stoppedFor30Seconds : chance.pick(chosen);
}

function report(round: Round): void {
  rounds.push(round);
  const { lost, risen, torn, duplicate } = round.findings;
  const counts = `LOST ${lost.length} RISEN ${risen.length} TORN ${torn.length} DUPLICATE ${duplicate.length}`;
  process.stdout.write(
    `${String(round.number).padStart(4)}  ${round.fault.padEnd(32)} ${(round.tookMs / 1000).toFixed(1).padStart(5)} s  ` +
      `${String(round.acknowledged).padStart(5)} acknowledged ${String(round.removed).padStart(5)} removed ` +
      `${String(round.refused).padStart(4)} refused  ${counts}\n`,
  );
  for (const what of [...lost, ...risen, ...torn, ...duplicate].slice(0, SHOWN))
    process.stdout.write(`      ${what}\n`);
}

function summarize(): void {
  const names = [...new Set(rounds.map(({ fault }) => fault))].sort();
  const head = [
    'fault',
    'rounds',
    'acknowledged',
    'removed',
    'compared',
    'resent',
    'LOST',
    'RISEN',
    'TORN',
    'DUPLICATE',
  ];
  const table = new CliTable({ head, style: { head: [], border: [] } });
  const row = (name: string, of: readonly Round[]): void => {
    const { rounds: count, acknowledged, removed, compared, resent, LOST, RISEN, TORN, DUPLICATE } = totals(of);
    table.push([name, count, acknowledged, removed, compared, resent, LOST, RISEN, TORN, DUPLICATE]);
  };
  for (const name of names)
    row(
      name,
      rounds.filter(({ fault }) => fault === name),
    );
  row('all', rounds);
  const sums = { seed, minutes, ...totals(rounds) };
  process.stdout.write(`${table.toString()}\n${JSON.stringify(sums)}\n`);
  if (json !== undefined) writeFileSync(json, JSON.stringify({ ...sums, each: rounds }, null, 2));
  if (sums.LOST + sums.RISEN + sums.TORN + sums.DUPLICATE > 0) process.exitCode = 1;
}
