/**
 * Which pages of the database stand in its WAL: https://www.sqlite.org/fileformat2.html#walformat. Judges nothing; whether
 * a frame counts is SQLite's to know.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const HEADER_BYTES = 32;
const PAGE_SIZE_AT = 8;
const FRAME_HEADER_BYTES = 24;
const FRAMES_AT_A_TIME = 256;
/** Runs with so few pages between them are taken for one. */
const GAP_PAGES = 16;

/** Octets of the database file. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Of the first `frames` frames; those that lie beyond `sizeBytes` of the database are left out. What has no frames may be anything. */
export function runsInWal(wal: string, frames: number, sizeBytes: number): readonly Run[] {
  if (frames === 0) return [];
  const file = openSync(wal, 'r');
  try {
    const pageBytes = pageSizeOf(file);
    const pages = new Uint8Array(Math.ceil(sizeBytes / pageBytes) + 1);
    for (const page of pagesIn(file, frames, pageBytes)) if (page < pages.length) pages[page] = 1;
    return runsOf(pages, pageBytes);
  } finally {
    closeSync(file);
  }
}

function pageSizeOf(file: number): number {
  const header = Buffer.alloc(HEADER_BYTES);
  readSync(file, header, 0, HEADER_BYTES, 0);
  return header.readUInt32BE(PAGE_SIZE_AT);
}

function* pagesIn(file: number, frames: number, pageBytes: number): Generator<number> {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  const some = Buffer.allocUnsafe(FRAMES_AT_A_TIME * frameBytes);
  for (let done = 0; done < frames;) {
    const wanted = Math.min(FRAMES_AT_A_TIME, frames - done) * frameBytes;
    const whole = Math.floor(readSync(file, some, 0, wanted, HEADER_BYTES + done * frameBytes) / frameBytes);
    if (whole === 0) return;
    for (let frame = 0; frame < whole; frame++) yield some.readUInt32BE(frame * frameBytes);
    done += whole;
  }
}

/** Pages are counted from 1. */
function runsOf(pages: Uint8Array, pageBytes: number): readonly Run[] {
  const runs: Run[] = [];
  for (let page = pages.indexOf(1, 1); page > 0;) {
    let last = page;
    let next = pages.indexOf(1, last + 1);
    for (; next > 0 && next - last <= GAP_PAGES; next = pages.indexOf(1, last + 1)) last = next;
    runs.push({ from: (page - 1) * pageBytes, to: last * pageBytes });
    page = next;
  }
  return runs;
}
