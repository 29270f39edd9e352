/**
 * Writes what a file holds once more, past the page cache. When a sync fails, Linux takes the pages that it covered for
 * written: no later sync speaks of them, and on ext4 writing them again does not bring them to the disk where their blocks
 * were new. A direct write does. Where a file system knows none, the bytes go through the cache once more.
 * Whoever calls sees to it that nobody else writes to the file meanwhile.
 */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';

/** What direct writes begin and end at; a page of the database is as large. */
const BLOCK_BYTES = 4096;
const WASM_PAGE_BYTES = 64 * 1024;
const STEP_BYTES = 1024 * 1024;

/** TypeScript knows it as a browser's. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

export class Rewriting {
  /** Whether what was written went past the page cache. */
  readonly isDirect: boolean;
  readonly #cached: number;
  readonly #written: number;
  /** Direct writes want memory that begins at a page: this does, and a Buffer need not. */
  readonly #memory = new Uint8Array(new WebAssembly.Memory({ initial: STEP_BYTES / WASM_PAGE_BYTES }).buffer);

  constructor(path: string) {
    this.#cached = openSync(path, 'r+');
    const direct = openDirectly(path);
    this.isDirect = direct !== undefined;
    this.#written = direct ?? this.#cached;
  }

  get sizeBytes(): number {
    return fstatSync(this.#cached).size;
  }

  /** The octets from `from`, which stands at a block, up to `to`; the block that `to` stands in is filled up with zeros. */
  rewrite(from: number, to: number): void {
    for (let at = from; at < to; at += STEP_BYTES) {
      const step = this.#memory.subarray(0, wholeBlocks(Math.min(STEP_BYTES, to - at)));
      step.fill(0, readFully(this.#cached, step, at));
      writeFully(this.#written, step, at);
    }
  }

  sync(): void {
    fsyncSync(this.#written);
  }

  /** A process that closes any descriptor of a file loses SQLite's locks on it: no connection of it may be open any more. */
  close(): void {
    closeSync(this.#cached);
    if (this.isDirect) closeSync(this.#written);
  }
}

/** Undefined where the file system or the operating system has no direct writes. */
function openDirectly(path: string): number | undefined {
  const { O_DIRECT, O_RDWR } = constants as { readonly O_DIRECT?: number; readonly O_RDWR: number };
  if (O_DIRECT === undefined) return undefined;
  try {
    return openSync(path, O_RDWR | O_DIRECT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw error;
  }
}

/** Returns how much there was: less than asked for only at the end of the file. */
function readFully(file: number, into: Uint8Array, at: number): number {
  for (let done = 0; ;) {
    const count = done < into.length ? readSync(file, into, done, into.length - done, at + done) : 0;
    if (count === 0) return done;
    done += count;
  }
}

function writeFully(file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
