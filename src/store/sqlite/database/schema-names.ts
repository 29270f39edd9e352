/**
 * The names of tables and views of a database that nobody has open: the rows of `sqlite_schema`, whose tree begins on page 1.
 * What is not as the file format says (https://sqlite.org/fileformat2.html) has no names; it never throws for it.
 */
import type { Buffer } from 'node:buffer';
import { HEADER_BYTES, type FilePages } from './file-pages.js';

const ROOT = 1;
const LEAF = 13;
const INTERIOR = 5;
const LEAF_HEADER_BYTES = 8;
const INTERIOR_HEADER_BYTES = 12;
/** A schema has tens of pages; one that leads in circles ends here. */
const PAGES_LIMIT = 1_000;

export function schemaNames(pages: FilePages): ReadonlySet<string> {
  const names = new Set<string>();
  const waiting = [ROOT];
  try {
    for (let looked = 0; looked < PAGES_LIMIT && waiting.length > 0; looked++) visit(waiting.pop() as number);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // An offset that leads out of its page.
  }
  return names;

  function visit(number: number): void {
    const page = pages.page(number);
    if (page === undefined) return;
    const at = number === ROOT ? HEADER_BYTES : 0;
    if (page[at] === LEAF) for (const cell of cells(page, at, LEAF_HEADER_BYTES)) names.add(nameOf(page, cell));
    if (page[at] !== INTERIOR) return;
    waiting.push(page.readUInt32BE(at + LEAF_HEADER_BYTES)); // The rightmost child.
    for (const cell of cells(page, at, INTERIOR_HEADER_BYTES)) waiting.push(page.readUInt32BE(cell));
  }
}

function cells(page: Buffer, at: number, headerBytes: number): readonly number[] {
  const count = page.readUInt16BE(at + 3);
  return Array.from({ length: count }, (_, cell) => page.readUInt16BE(at + headerBytes + 2 * cell));
}

/** A row is `type, name, …`: two short texts, which always stand in the page itself. */
function nameOf(page: Buffer, cell: number): string {
  const [, afterLength] = varint(page, cell);
  const [, record] = varint(page, afterLength);
  const [headerBytes, types] = varint(page, record);
  const [type, afterType] = varint(page, types);
  const [name] = varint(page, afterType);
  const from = record + headerBytes + textBytes(type);
  return page.toString('utf8', from, from + textBytes(name));
}

function textBytes(serialType: number): number {
  return serialType < 13 ? 0 : (serialType - 13) / 2;
}

/** The value, and where the next one begins. Lengths in a schema are far below what needs nine bytes. */
function varint(page: Buffer, at: number): readonly [value: number, next: number] {
  let value = 0;
  for (let next = at; ; next++) {
    const byte = page.readUInt8(next);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, next + 1];
  }
}
