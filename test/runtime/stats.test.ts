/** What is looked at may not be there, in whatever way; all else is a failure, on every Node. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { lstatIfThere, statIfThere } from '../../src/runtime/stats.js';

describe('a path that is looked at', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-stats-'));
    writeFileSync(join(directory, 'file'), 'four');
    symlinkSync('nowhere', join(directory, 'link'));
    symlinkSync('loop', join(directory, 'loop'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('may be that of nothing, also behind a file or behind a link that leads nowhere', () => {
    for (const nothing of ['none', 'none/none', 'file/none', 'link/none']) {
      expect(statIfThere(join(directory, nothing)), nothing).to.equal(undefined);
      expect(lstatIfThere(join(directory, nothing)), nothing).to.equal(undefined);
    }
  });

  it('is that of what is there, and a link itself is, too', () => {
    expect(statIfThere(join(directory, 'file'))?.size).to.equal(4);
    expect(statIfThere(join(directory, 'link'))).to.equal(undefined);
    expect(lstatIfThere(join(directory, 'link'))?.isSymbolicLink()).to.equal(true);
  });

  it('cannot go in a circle, and not be longer than the system allows', () => {
    expect(() => statIfThere(join(directory, 'loop'))).to.throw(/ELOOP/);
    expect(() => lstatIfThere(join(directory, 'x'.repeat(1000)))).to.throw(/ENAMETOOLONG/);
  });
});
