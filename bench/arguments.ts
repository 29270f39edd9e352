/** The command line of `npm run bench -- …`: its flags, its help, and which form of the benchmark they mean. */
import minimist from 'minimist';
import type { Form, Pace } from './scenario.js';

export type FormName = 'short' | 'plain' | 'long';

export interface Arguments {
  readonly form: FormName;
  readonly rounds: number;
  readonly only: readonly string[];
  readonly out: string;
  readonly data: string | undefined;
  readonly publish: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export class UsageError extends Error {}

export const HELP = `Usage: npm run bench -- [options]

Measures Pennypost side by side with Postfix, Dovecot, smtp-sink and smtp-server + better-sqlite3. Each runs as a private
instance on high ports of 127.0.0.1, one at a time, and is stopped by its process id. What is not installed is skipped.
Postfix and Dovecot need root. docs/performance.md explains every row.

  --short        the rows that have targets, one round: under three minutes
  --long         everything: every combination, and a mix of sending and reading for ten minutes: hours
                 (without either: five rounds of the rows with targets, the others once; about half an hour)
  --only NAME,…  rows whose name is NAME, or starts with what stands before a * in it
  --rounds N     how many rounds of the rows that have targets
  --list         the names of the rows
  --out DIR      where results.json and chart.svg go; bench/results unless told
  --data DIR     where the peers keep their mail meanwhile; a new directory under the system's for temporary files
  --publish      write the figures and the chart into docs/ as well
  --help         this
`;

const ROUNDS: Readonly<Record<FormName, number>> = { short: 1, plain: 5, long: 5 };
const FLAGS = ['short', 'long', 'only', 'rounds', 'list', 'out', 'data', 'publish', 'help'];

/** @throws UsageError with a sentence for people. */
export function readArguments(argv: readonly string[], root: string): Arguments {
  const flags = minimist([...argv], {
    boolean: ['short', 'long', 'list', 'publish', 'help'],
    string: ['only', 'rounds', 'out', 'data'],
  });
  const unknown = Object.keys(flags).find((name) => name !== '_' && !FLAGS.includes(name)) ?? flags._[0];
  if (unknown !== undefined) throw new UsageError(`'${unknown}' is not understood; --help tells what is`);
  if (flags['short'] === true && flags['long'] === true) throw new UsageError('--short and --long exclude each other');
  const form: FormName = flags['short'] === true ? 'short' : flags['long'] === true ? 'long' : 'plain';
  return {
    form,
    rounds: rounds(flags['rounds'] as string | undefined) ?? ROUNDS[form],
    only: ((flags['only'] as string | undefined) ?? '').split(',').filter((name) => name !== ''),
    out: (flags['out'] as string | undefined) ?? `${root}bench/results`,
    data: flags['data'] as string | undefined,
    publish: flags['publish'] === true,
    list: flags['list'] === true,
    help: flags['help'] === true,
  };
}

/** Whether a row is among those of `--only`. */
export function isNamed(name: string, only: readonly string[]): boolean {
  return only.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

export function paceOf(form: FormName): Pace {
  const times = { short: [2, 1.2, 10], plain: [1.6, 1, 12], long: [4, 1, 600] } as const;
  const [seconds, warmUpSeconds, mixSeconds] = times[form];
  return { seconds, warmUpSeconds, mixSeconds };
}

export function formsOf(form: FormName): readonly Form[] {
  const all = { short: ['target'], plain: ['target', 'plain'], long: ['target', 'plain', 'long'] } as const;
  return all[form];
}

function rounds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d?$/.test(text)) throw new UsageError(`--rounds takes a number from 1 to 99, not '${text}'`);
  return Number(text);
}
