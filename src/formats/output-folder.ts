/**
 * A folder that nobody but its owner may enter, written under another name beside its own: it gets its name when all that is in it is on
 * the disk. An empty folder of that name gives way to it; anything else stays.
 */
import { mkdir, rename, rm, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../runtime/durable-names.js';
import { TakenName } from './mailbox.js';
import { OutputFile, partialPath } from './output-file.js';

const OWNER_ONLY = 0o700;
/** Syncs that wait for the disk together: it does many in the time of one. */
const SYNCS_AT_ONCE = 16;

export class OutputFolder {
  readonly path: string;
  readonly #folders: readonly string[];

  private constructor(path: string, folders: readonly string[]) {
    this.path = path;
    this.#folders = folders;
  }

  /** `folders`: those in it. */
  static async create(path: string, folders: readonly string[] = []): Promise<OutputFolder> {
    const output = new OutputFolder(path, folders);
    for (const name of ['', ...folders]) await mkdir(join(partialPath(path), name), { mode: OWNER_ONLY });
    return output;
  }

  /** A file in it, which is synced with all others at the end. */
  file(name: string): Promise<OutputFile> {
    return OutputFile.create(join(partialPath(this.path), name));
  }

  /** @throws TakenName */
  async finish(): Promise<void> {
    for (const name of ['', ...this.#folders]) await syncAll(join(partialPath(this.path), name));
    try {
      await rename(partialPath(this.path), this.path);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code) ? new TakenName(this.path) : error;
    }
    await syncPath(dirname(this.path));
  }

  abandon(): Promise<void> {
    return rm(partialPath(this.path), { recursive: true, force: true });
  }
}

async function syncAll(folder: string): Promise<void> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const next = names.values();
  const work = async () => {
    for (const { name } of next) await syncPath(join(folder, name));
  };
  await Promise.all(Array.from({ length: SYNCS_AT_ONCE }, work));
  await syncPath(folder);
}
