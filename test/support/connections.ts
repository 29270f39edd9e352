/** A database as SQLite has it, beside what serves it. */
import { openForWriting, type Connection } from '../../src/store/sqlite/database/database.js';

/** On a connection of its own, which may write. */
export function withConnection<T>(db: string, act: (connection: Connection) => T): T {
  const connection = openForWriting(db);
  try {
    return act(connection);
  } finally {
    connection.close();
  }
}
