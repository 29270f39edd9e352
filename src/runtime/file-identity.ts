/**
 * One file as it was opened, and whether its path still leads to it. Looking costs one stat(2) and opens nothing: closing any
 * descriptor of a file would lose this process's locks on it (fcntl(2)).
 */
import type { Stats } from 'node:fs';
import { statIfThere } from './stats.js';

export type Found = 'same' | 'other' | 'none';

export class FileIdentity {
  readonly path: string;
  readonly #dev: number | undefined;
  readonly #ino: number | undefined;

  constructor(path: string) {
    const found = statOf(path);
    this.path = path;
    this.#dev = found?.dev;
    this.#ino = found?.ino;
  }

  look(): Found {
    return this.#judge(statOf(this.path));
  }

  /** The same for a file that is never empty. */
  lookFilled(): Found | 'emptied' {
    const found = statOf(this.path);
    const judged = this.#judge(found);
    if (found?.size !== 0) return judged;
    return judged === 'same' ? 'emptied' : 'none';
  }

  #judge(found: Stats | undefined): Found {
    if (found === undefined) return 'none';
    return found.ino === this.#ino && found.dev === this.#dev ? 'same' : 'other';
  }
}

/** What cannot be looked at cannot be reached by that path either. */
function statOf(path: string): Stats | undefined {
  try {
    return statIfThere(path);
  } catch {
    return undefined;
  }
}
