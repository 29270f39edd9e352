/**
 * A connection that only reads. What SQLite says of a read leaves each of its statements as a StoreError that names the file: who
 * reads gets statements from nowhere else, so that no read can forget it.
 */
import type { Connection } from './driver.js';
import { readError } from './sqlite-error.js';

/** What reads need of a statement, of this connection or of the one that writes. */
export interface ReadStatement<P extends unknown[] = unknown[], R = unknown> {
  get(...bound: P): R | undefined;
  all(...bound: P): R[];
  pluck(): this;
  raw(): this;
}

/** What prepares reads: this connection, or the one that writes. */
export interface Prepares {
  prepare<P extends unknown[] = unknown[], R = unknown>(sql: string): ReadStatement<P, R>;
}

export class ReadingConnection implements Prepares {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws StoreError, as all of these do */
  prepare<P extends unknown[] = unknown[], R = unknown>(sql: string): ReadStatement<P, R> {
    return this.#guard(
      () =>
        new GuardedStatement<P, R>(this.#connection.prepare<P, R>(sql) as ReadStatement<P, R>, this.#connection.name),
    );
  }

  pragma(sql: string): unknown {
    return this.#guard(() => this.#connection.pragma(sql, { simple: true }));
  }

  /** All that is read meanwhile is of one moment, and holds the WAL: it must not take long. */
  inOneMoment<T>(read: () => T): T {
    this.#guard(() => this.#connection.exec('begin'));
    try {
      return read();
    } finally {
      if (this.#connection.inTransaction) this.#connection.exec('rollback');
    }
  }

  /** A copy of this moment into a file that is empty or not there. It ends however much is written meanwhile. */
  vacuumInto(file: string): void {
    this.#guard(() => this.#connection.prepare('vacuum into ?').run(file));
  }

  close(): void {
    this.#connection.close();
  }

  #guard<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw readError(error, this.#connection.name);
    }
  }
}

class GuardedStatement<P extends unknown[], R> implements ReadStatement<P, R> {
  readonly #statement: ReadStatement<P, R>;
  readonly #db: string;

  constructor(statement: ReadStatement<P, R>, db: string) {
    this.#statement = statement;
    this.#db = db;
  }

  get(...bound: P): R | undefined {
    try {
      return this.#statement.get(...bound);
    } catch (error) {
      throw readError(error, this.#db);
    }
  }

  all(...bound: P): R[] {
    try {
      return this.#statement.all(...bound);
    } catch (error) {
      throw readError(error, this.#db);
    }
  }

  pluck(): this {
    this.#statement.pluck();
    return this;
  }

  raw(): this {
    this.#statement.raw();
    return this;
  }
}
