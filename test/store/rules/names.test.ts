/** The names that a forward-path may mean, in order. */
import { expect } from 'chai';
import { candidates } from '../../../src/store/rules/names.js';

const named = (local: string, separators?: string) =>
  [...candidates(local, separators)].map(({ name, detail }) => `${name} ${detail}`.trim());

describe('the names that a local part may mean', () => {
  it('are the whole, then those before a detail, then the catch-all', () => {
    expect(named('Alice+Lists')).to.deep.equal(['alice+lists', 'alice +Lists', '*']);
    expect(named('alice-lists')).to.deep.equal(['alice-lists', '*']);
    expect(named('+lists')).to.deep.equal(['+lists', '*']);
    expect(named('alice+lists', '')).to.deep.equal(['alice+lists', '*']);
  });

  it('are the longest first, with several separators', () => {
    expect(named('a-B+C-d', '+-')).to.deep.equal(['a-b+c-d', 'a-b+c -d', 'a-b +C-d', 'a -B+C-d', '*']);
  });

  it('are few, whatever a stranger makes up', () => {
    expect(named(`alice${'-x'.repeat(30)}`, '-')).to.have.length(10);
    expect(named(`alice${'-x'.repeat(30)}`, '-').at(-2)).to.equal(`alice ${'-x'.repeat(30)}`);
  });

  it('are cut where they were written, however their accents are composed', () => {
    expect(named('jose\u0301+Lists')[1]).to.equal('jos\u00e9 +Lists');
  });
});
