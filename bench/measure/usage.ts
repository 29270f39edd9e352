/**
 * What a server used while something was done to it: CPU time and memory, summed over its processes.
 * Memory is PSS (shared pages are divided among those who share them), or RSS where the kernel does not tell it.
 * Sampling is rationed, so that it costs a server of hundreds of processes no more than two hundredths of a core.
 */
import { readFileSync } from 'node:fs';
import { processTree, readStat } from '../processes/tree.js';

/** sysconf(_SC_CLK_TCK), which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const SHORTEST_PAUSE_MS = 250;
const PAUSE_PER_COST = 50;
const KIB_PER_MIB = 1024;

export function cpuSeconds(roots: readonly number[]): number {
  return processTree(roots).reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND;
}

/** Of this process's children that have ended: the load generators. */
export function endedChildrenCpuSeconds(): number {
  const all = readStat(process.pid)?.cpuTicks ?? 0;
  const { user, system } = process.cpuUsage();
  return all / TICKS_PER_SECOND - (user + system) / 1e6;
}

export function memoryMiB(roots: readonly number[]): number {
  return processTree(roots).reduce((sum, { pid }) => sum + memoryKiB(pid), 0) / KIB_PER_MIB;
}

/** Which of the two `memoryMiB` counts here. */
export function memoryMeasure(): 'PSS' | 'RSS' {
  return pssKiB(process.pid) === undefined ? 'RSS' : 'PSS';
}

/** The highest memory from its making until `stop`. */
export class MemoryPeak {
  readonly #roots: readonly number[];
  #peakMiB = 0;
  #timer: NodeJS.Timeout;

  constructor(roots: readonly number[]) {
    this.#roots = roots;
    this.#timer = setTimeout(() => this.#again(), SHORTEST_PAUSE_MS);
  }

  stop(): number {
    clearTimeout(this.#timer);
    this.#sample();
    return this.#peakMiB;
  }

  #again(): void {
    const costMs = this.#sample();
    this.#timer = setTimeout(() => this.#again(), Math.max(SHORTEST_PAUSE_MS, costMs * PAUSE_PER_COST));
  }

  #sample(): number {
    const startedMs = performance.now();
    this.#peakMiB = Math.max(this.#peakMiB, memoryMiB(this.#roots));
    return performance.now() - startedMs;
  }
}

function memoryKiB(pid: number): number {
  return pssKiB(pid) ?? field(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m) ?? 0;
}

function pssKiB(pid: number): number | undefined {
  return field(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB/m);
}

function field(path: string, pattern: RegExp): number | undefined {
  try {
    const found = pattern.exec(readFileSync(path, 'latin1'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    // It has ended meanwhile, or the kernel has no such file.
    return undefined;
  }
}
