/** The environment of processes that wait for each page of a database, by slow-disk.c. The C compiler is needed. */
import { join } from 'node:path';
import { ROOT } from './program.js';
import { run } from './programs.js';

export async function slowDisk(directory: string, pageMs: number): Promise<Readonly<Record<string, string>>> {
  const library = join(directory, 'slow-disk.so');
  await run('cc', ['-shared', '-fPIC', '-o', library, join(ROOT, 'test/support/slow-disk.c'), '-ldl']);
  return { LD_PRELOAD: library, SLOW_DISK_MS: String(pageMs) };
}
