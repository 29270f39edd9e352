/** The environments of processes under slow-disk.c. The C compiler is needed. */
import { join } from 'node:path';
import { ROOT } from './program.js';
import { run } from './programs.js';

type Environment = Readonly<Record<string, string>>;

/** Each page of a database is waited for. */
export async function slowDisk(directory: string, pageMs: number): Promise<Environment> {
  return { LD_PRELOAD: await library(directory), SLOW_DISK_MS: String(pageMs) };
}

/** The pages from this one on, counted from 1, cannot be read. */
export async function brokenDisk(directory: string, fromPage: number): Promise<Environment> {
  return { LD_PRELOAD: await library(directory), BROKEN_FROM_PAGE: String(fromPage) };
}

async function library(directory: string): Promise<string> {
  const path = join(directory, 'slow-disk.so');
  await run('cc', ['-shared', '-fPIC', '-o', path, join(ROOT, 'test/support/slow-disk.c'), '-ldl']);
  return path;
}
