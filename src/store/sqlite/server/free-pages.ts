/**
 * Gives pages that hold nothing any more back to the file system when they are many, as a step of the sweep (sweep.ts): SQLite puts
 * the last pages of the file into them, a few at a time, and the next checkpoint that is through cuts the file. Some are left, since
 * what comes in takes them again: a file that grows waits for its disk more often than one that does not.
 *
 * A database that was not made for it (`auto_vacuum`, db/README.md) is left as it is.
 */
import type { Connection } from '../database/database.js';
import { prepareFileSpace, type FileSpace } from '../database/disk-space.js';
import type { ReadStatement } from '../database/reading-connection.js';

/** It begins where this part of the file is free, and so much at least, and ends at half of it. */
const MANY = { part: 1 / 4, bytes: 16 * 1024 * 1024 } as const;

/** What a step may take: a commit waits for no more. */
const STEP_MS = 1;
const PAGES_AT_ONCE = { least: 1, most: 256 } as const;
/** The more pages are free, the longer SQLite looks for one of them: where a single one takes so long, it is left. */
const HOPELESS_MS = 20;

/** As `pragma auto_vacuum` has it. */
const INCREMENTAL = 2;

export class FreePages {
  readonly #connection: Connection;
  readonly #space: ReadStatement<[], FileSpace>;
  #pages: number = PAGES_AT_ONCE.least;
  #isUnderWay = false;
  #isHopeless: boolean;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#space = prepareFileSpace(connection);
    const mode = connection.prepare<[], number>('select auto_vacuum from pragma_auto_vacuum').pluck().get();
    this.#isHopeless = mode !== INCREMENTAL;
  }

  /** Takes one step; false when there are few. */
  step(): boolean {
    if (this.#isHopeless) return false;
    const before = this.#space.get() as FileSpace; // It is always one row.
    const enough = Math.max(MANY.bytes, before.sizeBytes * MANY.part) * (this.#isUnderWay ? 1 / 2 : 1);
    this.#isUnderWay = before.freeBytes > enough;
    if (this.#isUnderWay) this.#giveBack();
    return this.#isUnderWay;
  }

  #giveBack(): void {
    const beganMs = performance.now();
    this.#connection.pragma(`incremental_vacuum(${this.#pages})`);
    const tookMs = performance.now() - beganMs;
    this.#isHopeless = this.#pages === PAGES_AT_ONCE.least && tookMs > HOPELESS_MS;
    const fitting = Math.floor((this.#pages * STEP_MS) / tookMs);
    this.#pages = Math.max(PAGES_AT_ONCE.least, Math.min(PAGES_AT_ONCE.most, 2 * this.#pages, fitting));
  }
}
