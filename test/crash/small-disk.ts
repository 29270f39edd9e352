/** A real file system that is small enough to fill. It needs a root that may mount. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const STEPS_BYTES = [1024 * 1024, 4096] as const;

export interface SmallDisk {
  readonly directory: string;
  release(): void;
}

export function mountSmall(mebibytes: number): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), 'pennypost-small-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory], { stdio: 'ignore' });
  return {
    directory,
    release: () => {
      execFileSync('umount', ['-l', directory]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Why a small file system cannot be made here, if so. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'mounting needs root on Linux';
  try {
    mountSmall(1).release();
    return undefined;
  } catch {
    return 'this root may not mount';
  }
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Takes every page that is left. */
export function fillUp(ballast: string): void {
  const file = openSync(ballast, 'a');
  try {
    for (const bytes of STEPS_BYTES) writeUntilFull(file, Buffer.alloc(bytes, 1));
  } finally {
    closeSync(file);
  }
}

function writeUntilFull(file: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(file, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
