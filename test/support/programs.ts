/**
 * Programs of the machine that tests drive: curl, swaks and the like. Where one is missing, the test is skipped and
 * says so in its title; on CI, which installs them, a missing one is a failure.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Context } from 'mocha';

export interface Ran {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

/** `it`, for a test that needs these programs. */
export function itNeeds(programs: readonly string[], rule: string, test: () => Promise<void>): void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) it(rule, test);
  else if (isCi()) it(rule, () => Promise.reject(new Error(`${missing.join(', ')} must be installed on CI`)));
  else
    it(`${rule} (skipped: ${missing.join(', ')} not installed)`, function () {
      this.skip();
    });
}

/** `it`, for a test that must be started as root: elsewhere it is skipped, and says so. */
export function itAsRoot(rule: string, test: (this: Context) => Promise<void>): void {
  if (process.getuid?.() === 0) it(rule, test);
  else
    it(`${rule} (skipped: not root)`, function () {
      this.skip();
    });
}

export function isInstalled(program: string): boolean {
  return programPath(program) !== undefined;
}

/** Where the shell would find it. */
export function programPath(program: string): string | undefined {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function isCi(): boolean {
  return !['', '0', 'false'].includes(process.env['CI'] ?? '');
}

/** Runs a program to its end; a failure is an error that shows what it said. */
export async function run(program: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await runAnyhow(program, argv, options);
  if (ran.status !== 0)
    throw new Error(`${program} ended with ${ran.status}: ${ran.stderr}${ran.stdout.toString().slice(-2000)}`);
  return ran;
}

export function runAnyhow(program: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input = '', cwd, environment = {}, timeoutMs = TIMEOUT_MS } = options;
  const child = spawn(program, argv, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  // A program that ends without reading its input is no failure of the test.
  child.stdin.on('error', () => undefined).end(input);
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, stdout: Buffer.concat(stdout), stderr }));
  });
}
