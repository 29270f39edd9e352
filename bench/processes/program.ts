/**
 * Runs programs of the machine to their end. Each is the leader of a process group of its own and has a time limit:
 * one that reaches it is killed with its group and is a failure, never a slow result.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { sendSignal } from './tree.js';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly timeoutSeconds?: number;
  readonly input?: string;
  readonly cwd?: string;
}

class ProgramError extends Error {}

/** Debian keeps the programs of Postfix and Dovecot where the PATH of an ordinary user does not lead. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
const TIMEOUT_SECONDS = 60;
const SHOWN_CHARACTERS = 500;

export function findProgram(name: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/** @throws ProgramError when it cannot be started, fails, or is not done in time. */
export function run(program: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { timeoutSeconds = TIMEOUT_SECONDS, input = '', cwd } = options;
  const startedMs = performance.now();
  const child = spawn(findProgram(program) ?? program, argv, { detached: true, stdio: 'pipe', cwd });
  const said = { stdout: '', stderr: '' };
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL');
  }, timeoutSeconds * 1000);
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  // A program that ends without reading its input is judged by its status.
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new ProgramError(`${program}: ${error.message}`)));
    child.on('close', (status, signal) => {
      clearTimeout(limit);
      if (status === 0) resolve({ ...said, seconds: (performance.now() - startedMs) / 1000 });
      else reject(new ProgramError(`${program} ${ending(late, status, signal)} ${lastWords(said.stderr)}`.trim()));
    });
  });
}

function ending(late: boolean, status: number | null, signal: NodeJS.Signals | null): string {
  if (late) return 'was not done in time.';
  return signal === null ? `ended with ${status}:` : `ended by ${signal}:`;
}

function lastWords(stderr: string): string {
  return stderr.trim().slice(-SHOWN_CHARACTERS);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
