/**
 * `npm run docs`: writes the pages under docs/ that are generated from tables in src/.
 * test/docs compares them with what this would write, so a table cannot change alone.
 */
import { writeFileSync } from 'node:fs';
import { generatedPages } from './docs/pages.js';

for (const { path, text } of await generatedPages()) {
  writeFileSync(path, text);
  process.stdout.write(`${path}\n`);
}
