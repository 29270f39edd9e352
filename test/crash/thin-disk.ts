/**
 * A real disk whose blocks run out: ext4 on a loop device over a file that stands on a smaller tmpfs. While that is full, the
 * file system thinks that it has room, and its syncs fail. It needs a root that may mount, and the tools of ext4.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillUp, mountSmall, whyNoSmallDisk, type SmallDisk } from './small-disk.js';

const POOL_MIB = 24;
const DISK_BYTES = 96 * 1024 * 1024;
const BLOCK_BYTES = 4096;
/** Of the file system's own tables, at its beginning. */
const TABLE_BLOCKS = 64;
const MAKE = ['-q', '-F', '-b', String(BLOCK_BYTES), '-m', '0', '-J', 'size=4', '-N', '64'];
const WHOLE = ['-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard'];

export class ThinDisk {
  /** Where the server's files are. */
  readonly directory: string;
  readonly #image: string;
  readonly #mounted: string;
  readonly #pool: SmallDisk | undefined;

  private constructor(image: string, pool: SmallDisk | undefined) {
    this.#image = image;
    this.#pool = pool;
    this.#mounted = mkdtempSync(join(tmpdir(), 'pennypost-thin-'));
    execFileSync('mount', ['-o', 'loop', image, this.#mounted]);
    this.directory = join(this.#mounted, 'mail');
    mkdirSync(this.directory, { recursive: true });
  }

  static make(): ThinDisk {
    const pool = mountSmall(POOL_MIB);
    const image = join(pool.directory, 'disk');
    writeFileSync(image, '');
    truncateSync(image, DISK_BYTES);
    execFileSync('mkfs.ext4', [...MAKE, ...WHOLE, image], { stdio: 'ignore' });
    for (const [from, to] of [[0, TABLE_BLOCKS] as const, ...journalOf(image)]) take(image, from, to);
    return new ThinDisk(image, pool);
  }

  /** From now on what needs a block that was never written fails, when it is synced. */
  fill(): void {
    execFileSync('sync', ['-f', this.directory]);
    fillUp(this.#ballast);
  }

  empty(): void {
    rmSync(this.#ballast);
  }

  /** What a power cut at this moment leaves. Nobody may write meanwhile. */
  cut(): ThinDisk {
    const image = join(mkdtempSync(join(tmpdir(), 'pennypost-cut-')), 'disk');
    copyFileSync(this.#image, image);
    return new ThinDisk(image, undefined);
  }

  release(): void {
    execFileSync('umount', ['-l', this.#mounted]);
    rmSync(this.#mounted, { recursive: true, force: true });
    if (this.#pool === undefined) rmSync(join(this.#image, '..'), { recursive: true, force: true });
    this.#pool?.release();
  }

  get #ballast(): string {
    return join(this.#image, '..', 'ballast');
  }
}

/** Why there can be none here, if so. */
export function whyNoThinDisk(): string | undefined {
  const missing = whyNoSmallDisk();
  if (missing !== undefined) return missing;
  try {
    ThinDisk.make().release();
    return undefined;
  } catch {
    return 'no loop device, or no tools of ext4';
  }
}

/** Where the file system keeps its journal, which must not be what fails. */
function journalOf(image: string): readonly (readonly [from: number, to: number])[] {
  const inode = execFileSync('debugfs', ['-R', 'stat <8>', image], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const extents = [...inode.matchAll(/\(\d+(?:-\d+)?\):(\d+)(?:-(\d+))?/g)];
  return extents.map(([, from, to = from]) => [Number(from), Number(to)] as const);
}

/** Blocks that were written have their place in the pool. */
function take(image: string, from: number, to: number): void {
  const file = openSync(image, 'r+');
  const blocks = Buffer.alloc((to - from + 1) * BLOCK_BYTES);
  readSync(file, blocks, 0, blocks.length, from * BLOCK_BYTES);
  writeSync(file, blocks, 0, blocks.length, from * BLOCK_BYTES);
  closeSync(file);
}
