/** Passwords of routes are read from regular files alone, and no file is waited for. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PasswordFiles } from '../../src/outbound/password-files.js';

describe('the files of passwords', () => {
  let folder: string;
  let files: PasswordFiles;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'passwords-'));
    files = new PasswordFiles();
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('give their first line, as it was last read', async () => {
    const file = join(folder, 'p');
    writeFileSync(file, 'first\r\nmore\n');
    expect(() => files.passwordIn(file)).to.throw(/cannot be read/);
    await files.read([file]);
    writeFileSync(file, 'second');
    expect(files.passwordIn(file)).to.equal('first');
    await files.read([file]);
    expect(files.passwordIn(file)).to.equal('second');
  });

  it('hold up none beside them, be they missing, a folder or a FIFO that nobody writes to', async () => {
    const [file, fifo, missing] = [join(folder, 'p'), join(folder, 'fifo'), join(folder, 'missing')];
    writeFileSync(file, 'first');
    execFileSync('mkfifo', [fifo]);
    await files.read([fifo, folder, missing, file]);
    expect(files.passwordIn(file)).to.equal('first');
    for (const [bad, why] of [
      [fifo, /no regular file/],
      [folder, /no regular file/],
      [missing, /ENOENT/],
    ] as const)
      expect(() => files.passwordIn(bad)).to.throw(why);
  });
});
