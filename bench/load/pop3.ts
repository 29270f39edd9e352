/** Compiles pop3-load.c with the machine's C compiler, once a run, and starts it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressOf, PASSWORD } from '../peers/accounts.js';
import { findProgram, run } from '../processes/program.js';
import type { LoadResult } from './result.js';

const SOURCE = fileURLToPath(new URL('../../../bench/load/pop3-load.c', import.meta.url));
const GRACE_SECONDS = 60;

export interface Pop3Load {
  readonly port: number;
  readonly mode: 'login' | 'retr' | 'empty' | 'reader';
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** RETRs under way at once in one session. */
  readonly depth?: number;
  /** A session for each. */
  readonly accounts: readonly string[];
}

export function pop3Missing(): string | undefined {
  return findProgram('cc') === undefined
    ? 'the POP3 load generator needs a C compiler (Debian: gcc libc6-dev)'
    : undefined;
}

/** Into the directory; the path of the program. */
export async function compilePop3Load(directory: string): Promise<string> {
  const program = join(directory, 'pop3-load');
  await run('cc', ['-O2', '-o', program, SOURCE]);
  return program;
}

export async function pop3Load(program: string, load: Pop3Load): Promise<LoadResult> {
  const { port, mode, seconds, warmUpSeconds, depth = 1, accounts } = load;
  const numbers = [seconds, warmUpSeconds, depth].map(String);
  const { stdout } = await run(program, [String(port), mode, ...numbers, PASSWORD, ...accounts.map(addressOf)], {
    timeoutSeconds: seconds + warmUpSeconds + GRACE_SECONDS,
  });
  return JSON.parse(stdout) as LoadResult;
}
