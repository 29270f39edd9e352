/**
 * Notices that another program has written to the database: a shell, to the views that are for it or to the tables (db/README.md).
 * SQLite counts the commits of others for each connection (`data_version`), and those of this process are made by this connection.
 * Whoever is told forgets what was so before, as after a change of our own.
 */
import type { Connection, Statement } from '../database/database.js';

/** What a shell has written counts everywhere within twice this. */
const LOOK_MS = 400;

export class ShellWrites {
  readonly #version: Statement<[], number>;
  readonly #written: () => void;
  readonly #timer: NodeJS.Timeout;
  #seen: number | undefined;

  /** `connection` is the one that all of ours is written by. */
  constructor(connection: Connection, written: () => void) {
    this.#version = connection.prepare<[], number>('pragma data_version').pluck();
    this.#written = written;
    this.#seen = this.#read();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const version = this.#read();
    if (version === this.#seen || version === undefined) return;
    this.#seen = version;
    this.#written();
  }

  /** A database that cannot be read now is looked at again. */
  #read(): number | undefined {
    try {
      return this.#version.get();
    } catch {
      return undefined;
    }
  }
}
