/**
 * `npm run compare -- --seed S --count N --only KIND,… --case N`: what clients say, to Pennypost and to Postfix or Dovecot. See
 * `--help`. Ends with 1 when answers differ without a reason in docs/protocols.md, with 69 when a peer is not installed.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants } from 'node:os';
import minimist from 'minimist';
import { isNamed } from '../../bench/arguments.js';
import { processTree, sendSignal } from '../../bench/processes/tree.js';
import { compareAll } from './compare.js';
import { casesOf, kinds, type Case } from './kinds.js';
import { play } from './play.js';
import { dialogueOf, groupsOf, reportOf } from './report.js';
import { missing, startServers, versions, type Servers } from './servers.js';

const HELP = `Usage: npm run compare -- [options]

Says what clients say, made by rules and dice, to Pennypost and to a private Postfix (SMTP, submission) or Dovecot (POP3, LMTP) on
high ports of 127.0.0.1, and compares the classes of the answers: 2xx, 3xx, 4xx, 5xx, +OK, -ERR, closed, silence. Ends with status
1 when one differs that docs/protocols.md gives no reason for. Needs root, since Postfix and Dovecot change users.

  --seed N       other cases of the same rules; 1 unless told
  --count N      so many cases; 2000 unless told
  --only KIND,…  kinds whose name is KIND, or starts with what stands before a * in it
  --case N       one case of an earlier run with the same seed and --only, with the whole dialogue
  --list         the names of the kinds
  --help         this
`;

const FLAGS = ['seed', 'count', 'only', 'case', 'list', 'help', '_'];
const USAGE_STATUS = 64;
const UNAVAILABLE_STATUS = 69;
const TOLD_MS = 5_000;
const CASE_PATIENCE_MS = 5_000;

async function main(): Promise<number> {
  const flags = minimist(process.argv.slice(2), { string: ['only'], boolean: ['list', 'help'] });
  const { seed = 1, count = 2000, only = '' } = flags as { seed?: unknown; count?: unknown; only?: string };
  const unknown = Object.keys(flags).find((name) => !FLAGS.includes(name)) ?? flags._[0];
  if (unknown !== undefined) return misused(`'${unknown}' is not understood; --help tells what is`);
  if (flags['help'] === true) return said(HELP);
  const names = only.split(',').filter((name) => name !== '');
  const chosen = kinds.filter(({ name }) => names.length === 0 || isNamed(name, names));
  if (flags['list'] === true) return said([...new Set(chosen.map(({ name }) => `${name}\n`))].join(''));
  if (chosen.length === 0) return misused(`No kind is called '${only}'; --list tells their names`);
  if (!isCount(seed) || !isCount(count)) return misused('--seed and --count take whole numbers');
  const cases = casesOf(seed, count, chosen);
  const wanted = (flags as { case?: unknown }).case;
  if (wanted === undefined) return await withServers((servers) => compared(cases, seed, servers));
  const one = cases.find(({ number }) => number === wanted);
  return one === undefined ? misused('No such case') : await withServers((servers) => shown(one, servers));
}

async function withServers(work: (servers: Servers) => Promise<number>): Promise<number> {
  const lacking = missing();
  if (lacking !== undefined) {
    process.stderr.write(`${lacking}\n`);
    return UNAVAILABLE_STATUS;
  }
  process.umask(0o022); // The peers' users read what is made here.
  const home = mkdtempSync(join(tmpdir(), 'pennypost-compare-'));
  chmodSync(home, 0o755);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted(home, signal));
  let servers: Servers | undefined;
  try {
    tell(`starting them in ${home}`);
    servers = await startServers(home);
    return await work(servers);
  } finally {
    await servers?.stop();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function compared(cases: readonly Case[], seed: number, { ports }: Servers): Promise<number> {
  said(`${await versions()}; --seed ${seed} --count ${cases.length}\n`);
  let toldMs = performance.now();
  const result = await compareAll(cases, ports, (done) => {
    if (performance.now() - toldMs < TOLD_MS) return;
    toldMs = performance.now();
    tell(`${done} of ${cases.length} cases`);
  });
  const groups = groupsOf(result.differing);
  said(`${reportOf(result, groups)}\n`);
  return result.failed.length === 0 && groups.every(({ known }) => known !== undefined) ? 0 : 1;
}

async function shown(one: Case, { ports }: Servers): Promise<number> {
  said(`${one.kind.name}\n${dialogueOf({ one, played: await play(one, ports, CASE_PATIENCE_MS) })}\n`);
  return 0;
}

/** Everything that was started descends from this process, or from Postfix's master, which does. */
function interrupted(home: string, signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): void {
  for (const { pid } of processTree([process.pid])) if (pid !== process.pid) sendSignal(pid, 'SIGKILL');
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  process.exit(128 + constants.signals[signal]);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function said(text: string): number {
  process.stdout.write(text);
  return 0;
}

function misused(text: string): number {
  tell(text);
  return USAGE_STATUS;
}

try {
  process.exitCode = await main();
} catch (error) {
  tell((error as Error).message);
  process.exitCode = 1;
}
