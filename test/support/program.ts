/**
 * The program under test, and the Node that runs it. Some tests become another user, who may not enter the checkout (in root's
 * home, say) or the directory of Node: for a run of `npm test` as root both are then copied to where everybody can read them.
 * Mocha calls the two functions once, before the first file and after the last; its other processes inherit the environment.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What the program reads while it runs. */
const PARTS = ['package.json', 'node_modules', 'packaging', 'db', 'dist/src'];
const COPY = 'PENNYPOST_TEST_COPY';

const copied = process.env[COPY];
export const MAIN = copied === undefined ? join(ROOT, 'dist/src/main.js') : join(copied, 'dist/src/main.js');
export const NODE = copied === undefined ? process.execPath : join(copied, 'node');

export function mochaGlobalSetup(): void {
  const isReadable = isForEverybody(process.execPath) && PARTS.every((part) => isForEverybody(join(ROOT, part)));
  if (process.getuid?.() !== 0 || isReadable) return;
  const copy = mkdtempSync(join(tmpdir(), 'pennypost-program-'));
  process.env[COPY] = copy;
  for (const part of PARTS) cpSync(join(ROOT, part), join(copy, part), { recursive: true, verbatimSymlinks: true });
  cpSync(process.execPath, join(copy, 'node'));
  execFileSync('chmod', ['-R', 'go+rX', copy]); // The modes of a checkout made under a strict umask came along.
}

export function mochaGlobalTeardown(): void {
  const copy = process.env[COPY];
  if (copy !== undefined) rmSync(copy, { recursive: true, force: true });
}

/** Whether others may read it, and enter every directory above it. */
function isForEverybody(path: string): boolean {
  const wanted = statSync(path).isDirectory() ? 0o005 : 0o004;
  if ((statSync(path).mode & wanted) !== wanted) return false;
  for (let above = dirname(path); ; above = dirname(above)) {
    if ((statSync(above).mode & 0o001) === 0) return false;
    if (above === dirname(above)) return true;
  }
}
