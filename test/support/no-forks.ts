/** Servers that cannot start a process for a while, as where a limit of the system is reached. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './programs.js';
import { ROOT, Server } from './server.js';

/** No more descriptors than the supervisor has: RLIMIT_NOFILE of the running process, by prlimit(1). The answer ends it. */
export async function limitDescriptors({ pid }: Pick<Server, 'pid'>): Promise<() => Promise<void>> {
  const { stdout } = await run('prlimit', ['--pid', String(pid), '--nofile', '--noheadings', '--output', 'SOFT']);
  const setTo = (soft: string) => run('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
  await setTo('8'); // It has more already, and keeps them.
  return async () => {
    await setTo(stdout.toString().trim());
  };
}

/** A server under no-forks.c, in a directory of its own; `release` it together with the server. */
export class ForkShim {
  readonly #directory = mkdtempSync(join(tmpdir(), 'pennypost-forks-'));

  /** The C compiler is needed. */
  async serve(): Promise<Server> {
    const library = join(this.#directory, 'no-forks.so');
    await run('cc', ['-shared', '-fPIC', '-o', library, join(ROOT, 'test/support/no-forks.c'), '-ldl']);
    this.fail();
    return Server.start({ environment: { LD_PRELOAD: library, FORK_ERRNO: this.#file } });
  }

  /** Without an error forks succeed. */
  fail(error?: 'EAGAIN' | 'ENOMEM'): void {
    writeFileSync(this.#file, String(error === undefined ? 0 : constants.errno[error]));
  }

  release(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#directory, 'errno');
  }
}
