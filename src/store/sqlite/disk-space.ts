/**
 * Whether there is room for mail: on the disk under the database, and in pages of the file that hold nothing any more, which
 * are used again but not given back. Asked for every message, looked up a few times a second.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

const FRESH_MS = 200;

export class DiskSpace {
  readonly #directory: string;
  readonly #minFreeBytes: number;
  readonly #freeInside: () => number;
  #lookedAtMs = -Infinity;
  #short = false;

  /** @param freeInside octets of the file's free pages */
  constructor(db: string, minFreeBytes: number, freeInside: () => number) {
    this.#directory = dirname(db);
    this.#minFreeBytes = minFreeBytes;
    this.#freeInside = freeInside;
  }

  isShort(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs < FRESH_MS) return this.#short;
    this.#lookedAtMs = nowMs;
    this.#short = !this.#isEnough(freeBytes(this.#directory));
    return this.#short;
  }

  #isEnough(onDisk: number): boolean {
    if (onDisk >= this.#minFreeBytes) return true;
    try {
      return onDisk + this.#freeInside() >= this.#minFreeBytes;
    } catch {
      return false; // A database that cannot be read has no room that anybody knows of.
    }
  }
}

/** Nothing where the disk does not say. */
function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
