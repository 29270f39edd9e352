/**
 * What a release of this tag says (`node dist/scripts/release.js vX.Y.Z`): its section of CHANGELOG.md, on standard output. Ends with
 * status 1 when the tag, the version in package.json and the changelog do not agree, and says what to change.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { releaseNotes } from './docs/release-notes.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const [, , tag = ''] = process.argv;

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { readonly version: string };
const found = releaseNotes(tag, version, readFileSync(`${ROOT}CHANGELOG.md`, 'utf8'));
if ('wrong' in found) {
  process.stderr.write(`${found.wrong}\n`);
  process.exitCode = 1;
} else process.stdout.write(found.notes);
