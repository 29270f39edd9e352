/** What a tag must agree with, and what is in the package. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'chai';
import { releaseNotes } from '../../scripts/docs/release-notes.js';
import { ROOT } from '../support/program.js';

const CHANGELOG = `# Changelog

## [Unreleased]

- Later.

## [1.2.0] - 2026-01-02

### Added

- Mail.

## [1.1.0]

- Old.

## [1.0.0] - 2025-01-02
`;

describe('a release', () => {
  it('says what its section of the changelog says', () => {
    expect(releaseNotes('v1.2.0', '1.2.0', CHANGELOG)).to.deep.equal({ notes: '### Added\n\n- Mail.\n' });
  });

  for (const [tag, version, wrong] of [
    ['1.2.0', '1.2.0', /has the form v1\.2\.3/],
    ['v1.2', '1.2.0', /has the form v1\.2\.3/],
    ['v1.2.0', '1.1.0', /npm version 1\.2\.0/],
    ['v1.3.0', '1.3.0', /no section '## \[1\.3\.0\]/],
    ['v1.1.0', '1.1.0', /has no date/],
    ['v1.0.0', '1.0.0', /is empty/],
  ] as const)
    it(`is none for the tag ${tag} at version ${version}`, () => {
      expect(releaseNotes(tag, version, CHANGELOG))
        .to.have.property('wrong')
        .that.matches(wrong);
    });
});

describe('the package', () => {
  let paths: readonly string[];

  before(() => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'ignore'],
      }).toString(),
    ) as [{ readonly files: readonly { readonly path: string }[] }];
    paths = files.map(({ path }) => path);
  });

  it('has the program, what it reads, and nothing that leads nowhere', () => {
    expect(paths).to.include.members(['dist/src/main.js', 'db/README.md', 'ecosystem.config.js', 'LICENSE']);
    expect(paths.filter((path) => /\.map$|\.d\.ts$|^test\/|^bench\/|^src\/|node_modules/.test(path))).to.deep.equal([]);
  });

  it('has every page that README.md links to', () => {
    const readme = readFileSync(`${ROOT}README.md`, 'utf8');
    const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) =>
      posix.normalize(target),
    );
    const missing = targets.filter((target) => !paths.some((path) => path === target || path.startsWith(`${target}/`)));
    expect(missing).to.deep.equal([]);
  });

  it('brings nothing of a licence that asks more of others than its own', () => {
    const { dependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const licences = Object.keys(dependencies).map((name) => {
      const { license } = JSON.parse(readFileSync(`${ROOT}node_modules/${name}/package.json`, 'utf8')) as {
        readonly license: string;
      };
      return `${name}: ${license}`;
    });
    expect(licences.filter((licence) => licence.includes('GPL'))).to.deep.equal([]);
  });
});
