/**
 * `npm run attack -- --only NAME,… --seconds N --json FILE`: one session against the others, on a server of one worker. What a
 * neighbour waits for NOOP and for a delivery, the largest WAL and the worker's memory. A name may end with `*`; `--list`
 * tells them. Ends with status 1 when a figure is beyond what it may be.
 */
import { writeFileSync } from 'node:fs';
import CliTable from 'cli-table3';
import minimist from 'minimist';
import { isNamed } from '../../bench/arguments.js';
import { exitWhenInterrupted } from '../support/interrupt.js';
import { attacks } from './attacks.js';
import { run, type Figures } from './run.js';

/** What a neighbour must be able to count on, and what the server may take meanwhile. */
const most = { noopP99Ms: 20, noopMaxMs: 100, deliveryMaxMs: 250, walMiB: 64, workerMiB: 200 } as const;
type Bounded = keyof typeof most;

const HEAD = ['attack', 'NOOPs', 'p50 ms', 'p99 ms', 'max ms', 'deliveries', 'max ms', 'WAL MiB', 'worker MiB'];
const USAGE_STATUS = 64;

const USAGE = 'npm run attack -- [--only NAME,…] [--seconds N] [--json FILE] | --list';

const unknown: string[] = [];
const options = minimist(process.argv.slice(2), {
  string: ['only', 'json', 'seconds'],
  boolean: ['list'],
  unknown: (argument) => unknown.push(argument) === 0,
});
const {
  only = '',
  seconds = '10',
  list,
  json,
} = options as Partial<Record<'only' | 'json' | 'seconds', string>> & { readonly list?: boolean };
const names = only.split(',').filter((name) => name !== '');
const chosen = attacks.filter(({ name }) => names.length === 0 || isNamed(name, names));

if (unknown.length > 0) {
  process.stderr.write(`Usage: ${USAGE}\n`);
  process.exitCode = unknown[0] === '--help' ? 0 : USAGE_STATUS;
} else if (list === true) for (const { name, title } of attacks) process.stdout.write(`${name.padEnd(20)} ${title}\n`);
else if (chosen.length === 0) {
  process.stderr.write(`No attack is called '${only}'; --list tells their names\n`);
  process.exitCode = USAGE_STATUS;
} else {
  exitWhenInterrupted();
  await attackAll();
}

async function attackAll(): Promise<void> {
  const results: Record<string, Figures> = {};
  const table = new CliTable({ head: HEAD, style: { head: [], border: [] } });
  for (const attack of chosen) {
    const figures = await run(attack, Number(seconds));
    results[attack.name] = figures;
    const row = rowOf(attack.name, figures);
    table.push(row);
    process.stdout.write(`${row.join('  ')}\n`); // What was measured stays when the next breaks off.
    if (figures.failure !== undefined) process.stdout.write(`${attack.name}: ${figures.failure}\n`);
    if (figures.failure !== undefined || isBeyond(figures)) process.exitCode = 1;
  }
  process.stdout.write(`${table.toString()}\n! is beyond ${JSON.stringify(most)}\n`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, undefined, 1)}\n`);
}

function rowOf(name: string, figures: Figures): string[] {
  const shown = (key: Bounded): string => `${figures[key].toFixed(1)}${figures[key] > most[key] ? ' !' : ''}`;
  const { noops, noopP50Ms, deliveries } = figures;
  return [
    ...[name, String(noops), noopP50Ms.toFixed(1), shown('noopP99Ms'), shown('noopMaxMs'), String(deliveries)],
    ...[shown('deliveryMaxMs'), shown('walMiB'), shown('workerMiB')],
  ];
}

function isBeyond(figures: Figures): boolean {
  return (Object.keys(most) as Bounded[]).some((key) => figures[key] > most[key]);
}
