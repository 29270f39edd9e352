/** The migrations in db/sqlite: `0001-mail.sql` brings a database to version 1, and so on. Each is applied once. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const FOLDER = fileURLToPath(new URL('../../../../../db/sqlite/', import.meta.url));

/** Names of files, in order. */
export function migrations(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
}

export function migrationText(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}
