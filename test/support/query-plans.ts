/** How SQLite carries out the statements that some of our code prepares: what grows with what is stored is a SCAN. */
import type { Connection } from '../../src/store/sqlite/database/database.js';

export interface QueryPlan {
  readonly sql: string;
  readonly details: readonly string[];
}

/** One for each statement that `prepare` asks of the connection it is given; `connection` has the tables. */
export function plansOf(connection: Connection, prepare: (noting: Connection) => unknown): readonly QueryPlan[] {
  const asked: string[] = [];
  prepare({ prepare: (sql: string) => (asked.push(sql), connection.prepare(sql)) } as unknown as Connection);
  return asked.map((sql) => {
    const explained = connection.prepare<unknown[], { readonly detail: string }>(`explain query plan ${sql}`);
    return { sql, details: explained.all(...nothingFor(sql)).map(({ detail }) => detail) };
  });
}

/** Null for each parameter, whether it has a name or not. */
function nothingFor(sql: string): readonly unknown[] {
  const names = [...sql.matchAll(/:([a-z_]+)/gi)].map(([, name]) => [name, null]);
  return names.length > 0 ? [Object.fromEntries(names)] : Array<null>(sql.split('?').length - 1).fill(null);
}
