/** What the documents name is there: files they link to, and files of ours that they mention. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['', 'db/', 'docs/', 'docs/decisions/'];
const LINK = /\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g;
/** A path of ours in a code span, without a placeholder in it. */
const MENTION = /`((?:src|test|db|docs|scripts)\/[\w./-]+\.\w+)`/g;

function documents(): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(`${ROOT}${folder}`)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}${name}`),
  );
}

describe('the documents', () => {
  const found = documents().map((path) => ({ path, text: readFileSync(`${ROOT}${path}`, 'utf8') }));
  const missing = (targets: readonly string[]) => targets.filter((target) => !existsSync(`${ROOT}${target}`));

  it('link to files that are there', () => {
    expect(found).to.have.length.above(10);
    for (const { path, text } of found) {
      const targets = [...text.matchAll(LINK)].map(([, target = '']) => posix.join(posix.dirname(path), target));
      expect(missing(targets), path).to.deep.equal([]);
    }
  });

  it('mention files that are there', () => {
    for (const { path, text } of found) {
      const targets = [...text.matchAll(MENTION)].map(([, target = '']) => target);
      expect(missing(targets), path).to.deep.equal([]);
    }
  });

  it('begin, in README.md, with the two commands that set a newcomer up', () => {
    const readme = found.find(({ path }) => path === 'README.md')?.text ?? '';
    const [commands] = /```[^]*?```/.exec(readme) ?? [''];
    expect(commands.match(/npm ci && npm (start|test)/g)).to.deep.equal(['npm ci && npm start', 'npm ci && npm test']);
  });
});
