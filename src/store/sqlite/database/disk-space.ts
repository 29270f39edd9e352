/**
 * Whether there is room for mail: on the disk under the database, less what the WAL has yet to add to the file or more by what it has
 * yet to cut, and in pages of the file that hold nothing any more. Asked for every message, looked up now and then.
 */
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Prepares, ReadStatement } from './reading-connection.js';

/** A look is trusted for as long as this. */
const FRESH_MS = 200;
/** And no longer than the fastest of disks needs to fill what was found above the mark. */
const FASTEST_BYTES_A_MS = 2 * 1024 * 1024;
/** More than a WAL holds: a disk with so much above the mark has room, whatever is inside the file. */
const PLENTY_BYTES = 512 * 1024 * 1024;

/** What the database says of its file. */
export interface FileSpace {
  /** When all of the WAL will have been moved. */
  readonly sizeBytes: number;
  /** In free pages. */
  readonly freeBytes: number;
}

export function prepareFileSpace(connection: Prepares): ReadStatement<[], FileSpace> {
  return connection.prepare(`
    select page_count * page_size as sizeBytes, freelist_count * page_size as freeBytes
    from pragma_page_count, pragma_freelist_count, pragma_page_size`);
}

export class DiskSpace {
  readonly #db: string;
  readonly #minFreeBytes: number;
  readonly #inside: () => FileSpace;
  #freshUntilMs = -Infinity;
  #short = false;

  constructor(db: string, minFreeBytes: number, inside: () => FileSpace) {
    this.#db = db;
    this.#minFreeBytes = minFreeBytes;
    this.#inside = inside;
  }

  isShort(): boolean {
    const nowMs = performance.now();
    if (nowMs < this.#freshUntilMs) return this.#short;
    const spareBytes = this.#roomBytes() - this.#minFreeBytes;
    this.#short = spareBytes < 0;
    this.#freshUntilMs = nowMs + (this.#short ? FRESH_MS : Math.min(FRESH_MS, spareBytes / FASTEST_BYTES_A_MS));
    return this.#short;
  }

  #roomBytes(): number {
    const onDisk = freeBytes(dirname(this.#db));
    if (onDisk >= this.#minFreeBytes + PLENTY_BYTES) return onDisk;
    try {
      const { sizeBytes, freeBytes: inside } = this.#inside();
      return Math.max(0, onDisk + inside + statSync(this.#db).size - sizeBytes);
    } catch {
      return onDisk; // A database that cannot be read has no room inside that anybody knows of.
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
