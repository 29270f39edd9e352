/** What SQLite's codes mean to the store: a full disk is waited for, a broken one ends the process. */
import { expect } from 'chai';
import { asStoreError, isDiskError } from '../../src/store/sqlite/database/sqlite-error.js';

describe('an error of SQLite', () => {
  const meanings = [
    ['SQLITE_FULL', 'full', false],
    ['SQLITE_IOERR_SHMSIZE', 'full', false], // The index of the WAL, a file of its own, finds no room on a full disk.
    ['SQLITE_IOERR_WRITE', 'unavailable', true],
    ['SQLITE_IOERR_FSYNC', 'unavailable', true],
    ['SQLITE_CORRUPT', 'unavailable', true],
    ['SQLITE_BUSY', 'busy', false],
    ['SQLITE_CONSTRAINT', 'bug', false],
  ] as const;
  for (const [code, kind, disk] of meanings)
    it(`${code} means '${kind}', and ${disk ? 'stops the store' : 'nothing worse'}`, () => {
      const error = Object.assign(new Error('of a test'), { name: 'SqliteError', code });
      expect([asStoreError(error).kind, isDiskError(error)]).to.deep.equal([kind, disk]);
    });

  it('names the file and what to do to people', () => {
    const said = (code: string) =>
      asStoreError(Object.assign(new Error('of a test'), { name: 'SqliteError', code }), 'mail.db').message;
    expect(said('SQLITE_CORRUPT')).to.match(/^mail\.db is damaged \(of a test\): .*restore a backup/);
    expect(said('SQLITE_CORRUPT_VTAB')).to.match(/^the search index of mail\.db is damaged: .*mail index --rebuild/);
    expect(said('SQLITE_NOTADB')).to.match(/^mail\.db is damaged/);
    expect(said('SQLITE_IOERR_READ')).to.match(/^mail\.db cannot be read or written \(of a test\): look at the disk/);
    expect(said('SQLITE_ERROR')).to.match(/^mail\.db cannot be used \(of a test\): .*restore a backup/);
  });
});
