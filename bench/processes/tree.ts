/**
 * A server's processes as proc(5) shows them: those that were started for it and all that descend from them.
 * A process that ends while it is read is left out; its parent keeps the CPU time that it used.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  /** Its own time and that of ended children which it has waited for, in clock ticks. */
  readonly cpuTicks: number;
}

/** One line of /proc/PID/stat. The name of the program, in parentheses, may hold anything. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // proc(5) numbers fields from 1, and the state is the third: utime, stime, cutime, cstime are 14 to 17.
  const cpuTicks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid: Number.parseInt(text, 10), state: fields[0] ?? '', parent: Number(fields[1]), cpuTicks };
}

export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** The roots that are alive, and everything below them. */
export function processTree(roots: readonly number[]): readonly ProcessStat[] {
  const everybody = everyProcess();
  const found: ProcessStat[] = everybody.filter(({ pid }) => roots.includes(pid));
  // The list grows while it is walked, by the children of each.
  for (const { pid } of found) found.push(...everybody.filter(({ parent }) => parent === pid));
  return found.filter(({ state }) => state !== 'Z');
}

export function isAlive(pid: number): boolean {
  const found = readStat(pid);
  return found !== undefined && found.state !== 'Z';
}

/** One process of the benchmark's own, which may have ended meanwhile. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

function everyProcess(): readonly ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((one) => one !== undefined);
}
