/**
 * Notices what a shell has written to the directory (db/README.md): its triggers count, and the count is looked at. Whoever is told
 * forgets what was so before, as after a change of our own.
 */
import type { Connection, Statement } from '../database/database.js';

/** What a shell has written counts everywhere within twice this. */
const LOOK_MS = 400;

export class ShellWrites {
  readonly #count: Statement<[], number>;
  readonly #written: () => void;
  readonly #timer: NodeJS.Timeout;
  #seen: number | undefined;

  constructor(connection: Connection, written: () => void) {
    this.#count = connection.prepare<[], number>('select count from shell_write').pluck();
    this.#written = written;
    this.#seen = this.#read();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const count = this.#read();
    if (count === this.#seen || count === undefined) return;
    this.#seen = count;
    this.#written();
  }

  /** A database that cannot be read now is looked at again. */
  #read(): number | undefined {
    try {
      return this.#count.get();
    } catch {
      return undefined;
    }
  }
}
