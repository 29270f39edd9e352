/** Passwords of routes are read from regular files alone, and no file is waited for. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '../support/server.js';
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

  it('are the same to whoever reads them while another does', async () => {
    const file = join(folder, 'p');
    writeFileSync(file, 'first');
    const other = files.read([file]);
    await files.read([file]);
    expect(files.passwordIn(file)).to.equal('first');
    await other;
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

  it('have a first line of a password at most, not cut', async () => {
    const [long, ends, cr] = ['long', 'ends', 'cr'].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(long, 'x'.repeat(5_000));
    writeFileSync(ends, `${'x'.repeat(4_096)}\r\n`);
    writeFileSync(cr, 'a\rb\nc');
    await files.read([long, ends, cr]);
    expect(() => files.passwordIn(long)).to.throw(/first line is too long/);
    expect(files.passwordIn(ends)).to.have.length(4_096);
    expect(files.passwordIn(cr)).to.equal('a\rb');
  });

  it('keep no server from ending with a word, where nobody writes to the FIFO that the password is to come from', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const relay = ['--outbound', 'relay', '--relay', 'smtp://us@127.0.0.1:1?tls=none', '--relay-password-file', fifo];
    const server = await Server.launch({ workers: 1, arguments: relay });
    try {
      expect((await server.end()).status).to.equal(78);
      expect(server.logs).to.contain(`cannot be read from ${fifo} (no regular file)`);
    } finally {
      await server.release();
    }
  });
});
