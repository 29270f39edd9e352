/**
 * A disk, as the trace shows it: what was synced stays; of what was written since, a power cut may keep all, nothing,
 * or any sectors. A file is in its directory for good only when the directory was synced after it was made or removed.
 * What a sync that fails should have covered is lost, and so is all that is written to the same blocks afterwards, whatever
 * syncs succeed, as on ext4 where the blocks were new: until the file ends before them, or they are written directly.
 * The index of the WAL (-shm) is left out: it is memory, and gone after a power cut.
 */
import { Buffer } from 'node:buffer';
import type { Chance } from '../support/ledger-chance.js';
import { TracedFile, type TraceRecord } from './trace.js';

/** What becomes of writes that were not synced. `sectors` are kept or dropped one by one, of so many octets. */
export type Loss =
  | { readonly kind: 'drop' }
  | { readonly kind: 'keep' }
  | { readonly kind: 'sectors'; readonly octets: 512 | 4096; readonly chance: Chance };

type Entry = 'durable' | 'made' | 'removed';

interface Pending {
  readonly at: number;
  readonly record: TraceRecord;
}

interface DiskFile {
  content: Content;
  pending: Pending[];
  /** Blocks that the disk does not get. */
  dead: Set<number>;
  entry: Entry;
  changedAt: number;
}

const SUFFIXES: ReadonlyMap<TracedFile, string> = new Map([
  [TracedFile.Db, ''],
  [TracedFile.Wal, '-wal'],
  [TracedFile.Journal, '-journal'],
]);

/** Of a file system, as a rule. */
const BLOCK_BYTES = 4096;

export class Disk {
  readonly #files = new Map<TracedFile, DiskFile>();
  readonly #begun = new Map<string, number>();
  #at = 0;

  /** The next record of the trace. */
  apply(record: TraceRecord): void {
    const at = this.#at++;
    const { kind, file, sync } = record;
    if (kind === 'B') this.#begun.set(sync, at);
    else if (kind === 'S') this.#synced(file, this.#begun.get(sync) ?? 0);
    else if (kind === 'F') this.#failed(file);
    else if (kind === 'U') this.#remove(file, at);
    else if (kind === 'W' || kind === 'D' || kind === 'T') this.#change(this.#file(file, at), { at, record });
  }

  /** The files as they are found after the power is back, by what stands behind the database's name. */
  image(loss: Loss): ReadonlyMap<string, Buffer> {
    const image = new Map<string, Buffer>();
    for (const [kind, file] of this.#files) {
      if (!isFound(file.entry, loss)) continue;
      const content = file.content.copy();
      for (const { record } of file.pending) keepSome(content, record, loss);
      image.set(SUFFIXES.get(kind) as string, content.bytes());
    }
    return image;
  }

  #file(kind: TracedFile, at: number): DiskFile {
    const found = this.#files.get(kind);
    if (found !== undefined && found.entry !== 'removed') return found;
    const file: DiskFile = { content: new Content(), pending: [], dead: new Set(), entry: 'made', changedAt: at };
    this.#files.set(kind, file);
    return file;
  }

  #change({ pending, dead }: DiskFile, { at, record }: Pending): void {
    const { kind, offset } = record;
    if (kind === 'T') for (const block of dead) if (block * BLOCK_BYTES >= offset) dead.delete(block);
    if (kind === 'D') for (const block of blocksOf(record)) dead.delete(block);
    for (const living of kind === 'W' ? outside(dead, record) : [record]) pending.push({ at, record: living });
  }

  #failed(kind: TracedFile): void {
    const file = this.#files.get(kind);
    if (file === undefined) return;
    for (const { record } of file.pending)
      if (record.kind !== 'T') for (const block of blocksOf(record)) file.dead.add(block);
    file.pending = file.pending.filter(({ record }) => record.kind === 'T');
  }

  #remove(kind: TracedFile, at: number): void {
    const file = this.#files.get(kind);
    if (file?.entry === 'made') this.#files.delete(kind);
    else if (file !== undefined) Object.assign(file, { entry: 'removed', changedAt: at });
  }

  /** A sync covers what was written before it began. */
  #synced(kind: TracedFile, begun: number): void {
    if (kind === TracedFile.Directory) return this.#directorySynced(begun);
    const file = this.#files.get(kind);
    if (file === undefined) return;
    const covered = file.pending.findIndex(({ at }) => at > begun);
    for (const { record } of file.pending.splice(0, covered === -1 ? file.pending.length : covered))
      keepSome(file.content, record, { kind: 'keep' });
  }

  #directorySynced(begun: number): void {
    for (const [kind, file] of this.#files) {
      if (file.changedAt > begun) continue;
      if (file.entry === 'removed') this.#files.delete(kind);
      else file.entry = 'durable';
    }
  }
}

function blocksOf({ offset, data }: TraceRecord): readonly number[] {
  const first = Math.floor(offset / BLOCK_BYTES);
  const end = Math.ceil((offset + data.length) / BLOCK_BYTES);
  return Array.from({ length: end - first }, (_, at) => first + at);
}

/** What a write leaves where the blocks are not dead. */
function outside(dead: ReadonlySet<number>, record: TraceRecord): readonly TraceRecord[] {
  if (dead.size === 0) return [record];
  const { offset, data } = record;
  return blocksOf(record)
    .filter((block) => !dead.has(block))
    .map((block) => {
      const from = Math.max(offset, block * BLOCK_BYTES);
      const to = Math.min(offset + data.length, (block + 1) * BLOCK_BYTES);
      return { ...record, offset: from, data: data.subarray(from - offset, to - offset) };
    });
}

function isFound(entry: Entry, loss: Loss): boolean {
  if (entry === 'durable') return true;
  const change = loss.kind === 'keep' || (loss.kind === 'sectors' && loss.chance.happens(0.5));
  return change === (entry === 'made');
}

function keepSome(content: Content, { kind, offset, data }: TraceRecord, loss: Loss): void {
  if (loss.kind === 'drop') return;
  if (kind === 'T') {
    if (loss.kind === 'keep' || loss.chance.happens(0.5)) content.truncate(offset);
  } else if (loss.kind === 'keep') content.write(offset, data);
  else {
    for (let from = 0; from < data.length;) {
      const to = Math.min(data.length, from + loss.octets - ((offset + from) % loss.octets));
      if (loss.chance.happens(0.5)) content.write(offset + from, data.subarray(from, to));
      from = to;
    }
  }
}

/** Bytes that grow; a gap is zeros. */
class Content {
  #buffer = Buffer.alloc(64 * 1024);
  #size = 0;

  write(offset: number, data: Buffer): void {
    const end = offset + data.length;
    if (end > this.#buffer.length) {
      const larger = Buffer.alloc(2 * end);
      this.#buffer.copy(larger, 0, 0, this.#size);
      this.#buffer = larger;
    }
    data.copy(this.#buffer, offset);
    this.#size = Math.max(this.#size, end);
  }

  truncate(size: number): void {
    if (size < this.#size) this.#buffer.fill(0, size, this.#size);
    this.#size = size;
  }

  copy(): Content {
    const copy = new Content();
    copy.#buffer = Buffer.from(this.#buffer);
    copy.#size = this.#size;
    return copy;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }
}
