/** Statements that administration runs now and then: prepared when they are run, so that nobody pays for them before. */
import type { Connection } from '../database/database.js';

export class OneOff {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The first column of the first row. */
  one(sql: string, ...values: unknown[]): number | undefined {
    return this.#connection
      .prepare<unknown[], number>(sql)
      .pluck()
      .get(...values);
  }

  run(sql: string, ...values: unknown[]): number {
    return this.#connection.prepare(sql).run(...values).changes;
  }
}
