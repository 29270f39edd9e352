/**
 * The pages of a SQLite database that nobody has open, read from its files alone (https://sqlite.org/fileformat2.html), with
 * what is committed in its WAL. Opening it by SQLite would make files beside it, and a database may be somebody else's.
 * Checksums are not looked at: this is for knowing a file, not for trusting its content.
 */
import { Buffer } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

export const HEADER_BYTES = 100;
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const PAGE_SIZE_AT = 16;
/** A page size of 64 KiB does not fit the field, and stands there as 1. */
const LARGEST_PAGE_BYTES = 65_536;
const SMALLEST_PAGE_BYTES = 512;

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** In the WAL's header, and again from 8 on in each frame that belongs to it. */
const SALTS = { from: 16, to: 24 } as const;
const FRAME_SALTS = { from: 8, to: 16 } as const;

export class FilePages {
  readonly #db: number;
  readonly #wal: number | undefined;
  readonly #pageBytes: number;
  /** Where in the WAL the newest committed copy of a page begins. */
  readonly #committed: ReadonlyMap<number, number>;

  /** Undefined when it is no SQLite database. Never waits, whatever the path leads to. */
  static open(db: string): FilePages | undefined {
    const file = openSync(db, constants.O_RDONLY | constants.O_NONBLOCK);
    const header = read(file, 0, HEADER_BYTES);
    if (header?.subarray(0, MAGIC.length).equals(MAGIC) === true && isPageSize(pageBytesIn(header)))
      return new FilePages(file, header, `${db}-wal`);
    closeSync(file);
    return undefined;
  }

  private constructor(db: number, header: Buffer, wal: string) {
    this.#db = db;
    this.#pageBytes = pageBytesIn(header);
    this.#wal = openIfThere(wal);
    this.#committed = this.#wal === undefined ? new Map() : committedIn(this.#wal, this.#pageBytes);
  }

  /** Pages count from 1. Undefined for one that is not there. */
  page(number: number): Buffer | undefined {
    const inWal = this.#committed.get(number);
    if (this.#wal !== undefined && inWal !== undefined) return read(this.#wal, inWal, this.#pageBytes);
    return read(this.#db, (number - 1) * this.#pageBytes, this.#pageBytes);
  }

  close(): void {
    closeSync(this.#db);
    if (this.#wal !== undefined) closeSync(this.#wal);
  }
}

function pageBytesIn(header: Buffer): number {
  const size = header.readUInt16BE(PAGE_SIZE_AT);
  return size === 1 ? LARGEST_PAGE_BYTES : size;
}

/** A power of two. */
function isPageSize(bytes: number): boolean {
  return bytes >= SMALLEST_PAGE_BYTES && (bytes & (bytes - 1)) === 0;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined; // None, or none that may be read: then SQLite will say so.
  }
}

/** A frame counts when a later one, or itself, ends a transaction; what the last transaction left open does not. */
function committedIn(wal: number, pageBytes: number): ReadonlyMap<number, number> {
  const committed = new Map<number, number>();
  const open = new Map<number, number>();
  const salts = read(wal, 0, WAL_HEADER_BYTES)?.subarray(SALTS.from, SALTS.to);
  const { size } = fstatSync(wal);
  for (let at = WAL_HEADER_BYTES; salts !== undefined && at + FRAME_HEADER_BYTES + pageBytes <= size;) {
    const frame = read(wal, at, FRAME_HEADER_BYTES);
    if (frame?.subarray(FRAME_SALTS.from, FRAME_SALTS.to).equals(salts) !== true) break;
    open.set(frame.readUInt32BE(0), at + FRAME_HEADER_BYTES);
    if (frame.readUInt32BE(4) !== 0) {
      for (const [page, place] of open) committed.set(page, place);
      open.clear();
    }
    at += FRAME_HEADER_BYTES + pageBytes;
  }
  return committed;
}

/** Undefined when there is not so much. */
function read(file: number, position: number, bytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(bytes);
  return readSync(file, buffer, 0, bytes, position) === bytes ? buffer : undefined;
}
