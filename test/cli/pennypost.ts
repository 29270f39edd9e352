/**
 * Runs the built program as a person would: its own process, an empty directory, no PENNYPOST_ variables of ours.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly directory: string;
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  /** For node itself, before the program. */
  readonly nodeArguments?: readonly string[];
}

export function pennypost(argv: readonly string[], options: RunOptions): Promise<Ended> {
  const { directory, input = '', environment = {}, nodeArguments = [] } = options;
  const child = spawn(process.execPath, [...nodeArguments, MAIN, ...argv], {
    cwd: directory,
    env: environment,
  });
  // A program that ends without reading its input is no failure of the test.
  child.stdin.on('error', () => undefined).end(input);
  const read = { stdout: '', stderr: '' };
  child.stdout.setEncoding('latin1').on('data', (text: string) => (read.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (read.stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, ...read }));
  });
}

export async function inEmptyDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pennypost-cli-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
