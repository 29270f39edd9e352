/**
 * `npm run bench`: measures Pennypost beside its peers. See `--help`, and docs/performance.md for what the rows mean.
 * Ends with 0 also when targets are missed, and with 1 when something failed to run. An interrupt stops all that was started.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { HELP, isNamed, paceOf, readArguments, UsageError, type Arguments } from './arguments.js';
import { compilePop3Load, pop3Missing } from './load/pop3.js';
import { peers } from './peers/peers.js';
import { findProgram } from './processes/program.js';
import { processTree, sendSignal } from './processes/tree.js';
import { Progress } from './progress.js';
import { chart } from './report/chart.js';
import { publish } from './report/publish.js';
import { makeReport } from './report/report.js';
import { printReport } from './report/terminal.js';
import { runRounds } from './run.js';
import { scenarios } from './scenarios.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const USAGE_STATUS = 64;
const INTERRUPT_STATUS = 130;
const GRACE_MS = 3000;

async function main(): Promise<number> {
  const chosen = readArguments(process.argv.slice(2), ROOT);
  if (chosen.help) process.stdout.write(HELP);
  else if (chosen.list) process.stdout.write(list());
  else return await bench(chosen);
  return 0;
}

function list(): string {
  return scenarios.map(({ name, form, title }) => `${name.padEnd(20)} ${form.padEnd(7)} ${title}\n`).join('');
}

async function bench(chosen: Arguments): Promise<number> {
  const unknown = chosen.only.find((one) => !scenarios.some(({ name }) => isNamed(name, [one])));
  if (unknown !== undefined) throw new UsageError(`no row is called '${unknown}'; --list tells their names`);
  if (findProgram('smtp-source') === undefined)
    throw new Error('smtp-source is needed, and not installed (Debian: postfix)');
  const data = mkdtempSync(join(chosen.data ?? tmpdir(), 'pennypost-bench-'));
  chmodSync(data, 0o755);
  process.once('SIGINT', () => void interrupted(data)).once('SIGTERM', () => void interrupted(data));
  try {
    return await measureAndReport(chosen, data);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function measureAndReport(chosen: Arguments, data: string): Promise<number> {
  const progress = new Progress(chosen.rounds);
  const missing = new Set(peers.filter((peer) => peer.missing() !== undefined).map(({ name }) => name));
  for (const peer of peers) if (missing.has(peer.name)) progress.say(`${peer.title} is skipped: ${peer.missing()}`);
  const noReading = pop3Missing();
  if (noReading !== undefined) progress.say(`POP3 is skipped: ${noReading}`);
  const results = await runRounds({
    chosen,
    data,
    progress,
    bench: { data, pace: paceOf(chosen.form), pop3Program: noReading === undefined ? await compilePop3Load(data) : '' },
    skips: (peer, { reads }) => missing.has(peer) || (reads === true && noReading !== undefined),
  });
  const report = await makeReport(chosen, data, results);
  printReport(report);
  mkdirSync(chosen.out, { recursive: true });
  writeFileSync(join(chosen.out, 'results.json'), `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(join(chosen.out, 'chart.svg'), chart(report));
  progress.say(`written: ${join(chosen.out, 'results.json')}, ${join(chosen.out, 'chart.svg')}`);
  if (chosen.publish) progress.say(`written: ${(await publish(report, ROOT)).join(', ')}`);
  for (const { peer, scenario, round, failure } of results.failures)
    process.stdout.write(`FAILED: ${scenario} of ${peer} in round ${round}: ${failure}\n`);
  return results.failures.length === 0 ? 0 : 1;
}

/** Everything that was started descends from this process. */
async function interrupted(data: string): Promise<void> {
  const started = processTree([process.pid]).filter(({ pid }) => pid !== process.pid);
  for (const { pid } of started) sendSignal(pid, 'SIGTERM');
  await pause(GRACE_MS);
  for (const { pid } of processTree([process.pid])) if (pid !== process.pid) sendSignal(pid, 'SIGKILL');
  rmSync(data, { recursive: true, force: true });
  process.exit(INTERRUPT_STATUS);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof UsageError ? USAGE_STATUS : 1;
}
