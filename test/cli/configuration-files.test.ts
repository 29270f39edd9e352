/** What `config check` finds of the relay's password and of the place of the database: a sentence each that names the fix. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { NOBODY } from '../support/nobody.js';
import { itAsRoot } from '../support/programs.js';
import { inEmptyDirectory, pennypost } from './pennypost.js';

const OUTBOUND = ['--outbound', 'relay', '--relay', 'smtp://me@relay.example.org'];
const WITH_FILE = [...OUTBOUND, '--relay-password-file', 'password'];

describe('config check of what a server reads and writes', () => {
  async function check(directory: string, ...flags: readonly string[]): Promise<string> {
    const { status, stderr } = await pennypost(['config', 'check', ...flags], { directory });
    expect(status, stderr).to.equal(stderr === '' ? 0 : 78);
    return stderr;
  }

  it('finds nothing wrong with a password that only the server can read', () =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'password'), 'secret\n', { mode: 0o600 });
      expect(await check(directory, ...WITH_FILE)).to.equal('');
    }));

  const passwords: readonly (readonly [what: string, text: string | undefined, mode: number, said: RegExp])[] = [
    ['that is not there', undefined, 0o600, /relay-password-file password is not there/],
    ['that is empty', '\nsecret\n', 0o600, /password has no password in its first line/],
    ['that everybody can read', 'secret\n', 0o604, /can be read by everybody; 'chmod 600 password'/],
  ];
  for (const [what, text, mode, said] of passwords)
    it(`names a password file ${what}`, () =>
      inEmptyDirectory(async (directory) => {
        if (text !== undefined) await writeFile(join(directory, 'password'), text);
        if (text !== undefined) await chmod(join(directory, 'password'), mode);
        expect(await check(directory, ...WITH_FILE)).to.match(said);
      }));

  it('names a relay whose user has no password, and one that is never used', () =>
    inEmptyDirectory(async (directory) => {
      expect(await check(directory, ...OUTBOUND)).to.match(
        /relay has the user me, and there is no password; give relay/,
      );
      const unused = await check(directory, '--relay', 'smtp://relay.example.org');
      expect(unused).to.match(/relay is given, and outbound is off: nothing is sent; give outbound=relay/);
    }));

  it('names a database in what is no directory, and takes one in a directory that can be made', () =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'file'), '');
      expect(await check(directory, '--db', 'file/mail.db')).to.match(/db file\/mail\.db is in no directory/);
      expect(await check(directory, '--db', 'new/mail.db')).to.equal('');
    }));

  itAsRoot('looks at both as the user that the server becomes', () =>
    inEmptyDirectory(async (directory) => {
      await chmod(directory, 0o755);
      await mkdir(join(directory, 'mail'), { mode: 0o755 });
      await writeFile(join(directory, 'password'), 'secret\n', { mode: 0o600 });
      const said = await check(directory, ...WITH_FILE, '--user', NOBODY, '--db', 'mail/mail.db');
      expect(said)
        .to.match(/^pennypost: db mail\/mail\.db: user \d+ may make no files in \S+\/mail; give it to that user/m)
        .and.match(/^pennypost: relay-password-file password cannot be read by user \d+; 'chown' gives it/m);
      expect(await check(directory, '--user', 'no-such-user')).to.match(/no-such-user cannot be had here/);
    }),
  );
});
