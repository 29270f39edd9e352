/**
 * A file that nobody but its owner may read, written under another name beside its own: it gets its name when it is whole and on the
 * disk. Pieces are gathered, so that many small ones cost few writes.
 */
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { nameDurably } from '../runtime/durable-names.js';
import { TakenName } from './mailbox.js';

const OWNER_ONLY = 0o600;
const GATHERED_BYTES = 256 * 1024;
/** Of writev: more pieces are several writes. */
const PIECES_LIMIT = 512;

export class OutputFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** The file must not be there yet. */
  static async create(path: string): Promise<OutputFile> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return new OutputFile(path, await open(path, flags, OWNER_ONLY));
  }

  /** Keeps the piece until it is written. */
  write(piece: Uint8Array): Promise<void> | undefined {
    if (piece.length === 0) return undefined;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    return this.#bytes >= GATHERED_BYTES || this.#pieces.length >= PIECES_LIMIT ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return;
    let rest: Uint8Array = this.#pieces.length === 1 ? (this.#pieces[0] as Uint8Array) : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    while (rest.length > 0) rest = rest.subarray((await this.#handle.write(rest)).bytesWritten);
  }

  /** `atMs`: when it says that it was changed last. */
  async close({ isDurable, atMs }: { readonly isDurable: boolean; readonly atMs?: number }): Promise<void> {
    try {
      await this.flush();
      if (atMs !== undefined) await this.#handle.utimes(atMs / 1000, atMs / 1000);
      if (isDurable) await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  async abandon(): Promise<void> {
    this.#pieces = [];
    this.#bytes = 0;
    await this.#handle.close();
    await rm(this.path, { force: true });
  }
}

/** The name beside `path` that is written under meanwhile. */
export function partialPath(path: string): string {
  return `${path}.partial-${process.pid}`;
}

/** Gives what was written its name. `replaces`: whatever file has it now. @throws TakenName */
export async function giveName(from: string, to: string, replaces: boolean): Promise<void> {
  try {
    await nameDurably(from, to, replaces);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new TakenName(to) : error;
  }
}
