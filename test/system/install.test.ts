/** What `npm ci` installs: a SQLite driver for this Node, and nothing that would need a compiler where none is needed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { ROOT } from '../support/program.js';

interface Package {
  readonly gypfile?: boolean;
  readonly engines?: { readonly node: string };
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
}

describe('the SQLite driver', () => {
  const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Package>> };

  it('is the one that this Node can load', () => {
    const connection = openConnection(':memory:');
    const version = String(connection.prepare('select sqlite_version()').pluck().get());
    connection.close();
    const isOldNode = process.versions.node.startsWith('20.');
    expect(version).to.match(isOldNode ? /^3\.53\./ : /^3\.(5[4-9]|[6-9]\d)\./);
  });

  it('is not built where it comes built: npm would leave it out without a word when it could not', () => {
    expect(packages['node_modules/better-sqlite3']?.gypfile, 'add "gypfile": false to its entry again').to.equal(false);
  });

  it('is one of two, each left out where the other is meant', () => {
    expect(packages['node_modules/better-sqlite3']?.engines?.node).to.equal('>=22');
    expect(packages['packaging/node20']?.engines?.node).to.match(/^\^20\./);
  });

  it('may be compiled under an npm that runs only the scripts it was allowed', () => {
    expect(read('package.json')).to.have.property('allowScripts').which.deep.equals({ 'better-sqlite3': true });
  });
});
