/** The user that every machine has and that owns nothing: whom a server started as root becomes in tests. */
import { spawn } from 'node:child_process';
import { chown, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE } from './program.js';
import type { Ran } from './programs.js';

export const NOBODY = 'nobody';

export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

export async function nobody(): Promise<Ids> {
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'latin1')) ?? [];
  if (uid === undefined) throw new Error('This machine has no user nobody');
  return { uid: Number(uid), gid: Number(gid) };
}

/** A temporary directory of nobody's own. */
export async function nobodysDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pennypost-nobody-'));
  const { uid, gid } = await nobody();
  await chown(directory, uid, gid);
  return directory;
}

/** Options of a server that strangers can reach, which is never root's: started by root it becomes nobody. */
export async function forStrangers(
  ...argv: readonly string[]
): Promise<{ readonly arguments: readonly string[]; readonly directory?: string }> {
  if (process.getuid?.() !== 0) return { arguments: argv };
  return { arguments: [...argv, '--user', NOBODY], directory: await nobodysDirectory() };
}

/** Runs Node as nobody, to its end. */
export async function nodeAsNobody(argv: readonly string[], cwd: string): Promise<Ran> {
  return nodeAs(await nobody(), argv, cwd);
}

export function nodeAs(ids: Ids, argv: readonly string[], cwd: string): Promise<Ran> {
  const child = spawn(NODE, argv, { cwd, ...ids, env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, stdout: Buffer.concat(stdout), stderr }));
  });
}
