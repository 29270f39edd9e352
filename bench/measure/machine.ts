/**
 * What a reader must know of the machine to judge figures: cores, memory, kernel, Node, file system and the time of a sync.
 * Never its name or address.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { memoryMeasure } from './usage.js';
import { percentiles, type Percentiles } from './statistics.js';

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string;
  readonly memoryIs: 'PSS' | 'RSS';
  readonly fdatasyncMs: Percentiles;
}

const SYNCS = 300;
const BLOCK_BYTES = 4096;

export function machine(directory: string): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release().replace(/-.*/, '')}`,
    node: process.version,
    fileSystem: fileSystem(directory),
    memoryIs: memoryMeasure(),
    fdatasyncMs: syncTimes(directory),
  };
}

/** Of appending a block of 4 KiB and syncing it, which is what the smallest commit to a log costs. */
function syncTimes(directory: string): Percentiles {
  const path = join(directory, 'sync');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(BLOCK_BYTES, 'x');
  const times: number[] = [];
  for (let count = 0; count < SYNCS; count++) {
    writeSync(file, block);
    const startedMs = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - startedMs);
  }
  closeSync(file);
  rmSync(path);
  return percentiles(times) as Percentiles;
}

function fileSystem(directory: string): string {
  try {
    return execFileSync('stat', ['-f', '-c', '%T', directory], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
