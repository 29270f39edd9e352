/** Whether the disk under the database has room: asked for every message, looked up a few times a second. */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

const FRESH_MS = 200;

export class DiskSpace {
  readonly #directory: string;
  readonly #minFreeBytes: number;
  #lookedAtMs = -Infinity;
  #short = false;

  constructor(db: string, minFreeBytes: number) {
    this.#directory = dirname(db);
    this.#minFreeBytes = minFreeBytes;
  }

  isShort(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs < FRESH_MS) return this.#short;
    this.#lookedAtMs = nowMs;
    const { bavail, bsize } = statfsSync(this.#directory);
    this.#short = bavail * bsize < this.#minFreeBytes;
    return this.#short;
  }
}
