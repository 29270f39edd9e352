/** `pennypost export`: every octet that RETR would send, in the files that other programs read. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { mailIn } from '../support/administration.js';
import { corpus } from '../support/corpus.js';
import { itNeeds, run as runProgram } from '../support/programs.js';
import { pennypost } from './pennypost.js';

const MESSAGES = 40;

describe('pennypost export', () => {
  let directory = '';
  const sent = [...corpus(MESSAGES)];
  const wanted = sent.map(({ octets }) => octets.toString('latin1'));

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-export-'));
    await mailIn(join(directory, 'mail.db'), 'alice@example.org', sent);
  });

  after(() => rm(directory, { recursive: true, force: true }));

  const run = (...argv: readonly string[]) => pennypost(['export', 'alice@example.org', ...argv], { directory });

  async function done(...argv: readonly string[]): Promise<void> {
    expect(await run(...argv)).to.deep.include({ status: 0, stderr: '' });
  }

  const modeOf = async (name: string) => ((await stat(join(directory, name))).mode & 0o777).toString(8);
  const linesOf = async (name: string) =>
    (await readFile(join(directory, name), 'latin1')).split('\n').filter((line) => line !== '');

  it('writes an mbox that gives each octet back', async () => {
    await done('alice.mbox');
    const mbox = await readFile(join(directory, 'alice.mbox'), 'latin1');
    expect(mbox)
      .to.match(/^From sender0@example\.net Mon Jan {2}1 00:00:00 2024\n/)
      .and.not.include('\r');
    const read = mbox
      .slice('From '.length, -2)
      .split('\n\nFrom ')
      .map((one) => one.slice(one.indexOf('\n') + 1));
    const unquoted = read.map((one) => `${one}\n`.replace(/^>(>*From )/gm, '$1').replaceAll('\n', '\r\n'));
    expect(unquoted).to.deep.equal(wanted);
    expect(await modeOf('alice.mbox')).to.equal('600');
  });

  it('writes what an mbox has no place for beside it', async () => {
    await done('beside.mbox');
    const lines = (await linesOf('beside.mbox.pennypost.jsonl')).map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    expect(lines).to.have.length(MESSAGES);
    expect(lines[3]).to.include({
      received: new Date(sent[3]?.receivedAtMs ?? 0).toISOString(),
      reversePath: '',
      octets: wanted[3]?.length,
    });
    expect(lines[3]?.['uidl']).to.match(/^\S{1,70}$/);
    expect(lines[3]?.['sha256']).to.match(/^[0-9a-f]{64}$/);
    expect(await modeOf('beside.mbox.pennypost.jsonl')).to.equal('600');
  });

  it('writes a maildir with the order and UIDLs of Dovecot', async () => {
    await done('maildir/');
    const [head = '', ...lines] = await linesOf('maildir/dovecot-uidlist');
    expect(head).to.match(/^3 V\d+ N41 G[0-9a-f]{32}$/);
    const found: string[] = [];
    for (const line of lines) {
      const [, name = ''] = /^\d+ P\S+ :(.*)$/.exec(line) ?? [];
      found.push((await readFile(join(directory, 'maildir/new', name), 'latin1')).replaceAll('\n', '\r\n'));
    }
    expect(found).to.deep.equal(wanted);
    expect((await readdir(join(directory, 'maildir'))).toSorted()).to.deep.equal([
      'cur',
      'dovecot-uidlist',
      'new',
      'pennypost.jsonl',
      'tmp',
    ]);
    const [first = ''] = (await readdir(join(directory, 'maildir/new'))).toSorted();
    const { mode, mtimeMs } = await stat(join(directory, 'maildir/new', first));
    expect([mode & 0o777, mtimeMs]).to.deep.equal([0o600, sent[0]?.receivedAtMs]);
  });

  it('writes .eml files as they are', async () => {
    await done('eml/', '--format', 'eml');
    const names = (await readdir(join(directory, 'eml'))).filter((name) => name.endsWith('.eml')).toSorted();
    expect(await Promise.all(names.map((name) => readFile(join(directory, 'eml', name), 'latin1')))).to.deep.equal(
      wanted,
    );
    expect(await linesOf('eml/pennypost.jsonl')).to.have.length(MESSAGES);
    expect(await modeOf('eml')).to.equal('700');
  });

  itNeeds(['python3'], 'writes a zip file that others take apart', async () => {
    await done('alice.zip');
    await runProgram('python3', ['-m', 'zipfile', '-e', 'alice.zip', 'unzipped'], { cwd: directory });
    const names = (await readdir(join(directory, 'unzipped'))).filter((name) => name.endsWith('.eml')).toSorted();
    expect(await Promise.all(names.map((name) => readFile(join(directory, 'unzipped', name), 'latin1')))).to.deep.equal(
      wanted,
    );
    expect(await modeOf('alice.zip')).to.equal('600');
  });

  it('replaces a file when it is told to, and a folder never', async () => {
    await writeFile(join(directory, 'taken.mbox'), 'mine');
    await mkdir(join(directory, 'taken'));
    await writeFile(join(directory, 'taken/mine'), 'mine');
    for (const argv of [['taken.mbox'], ['taken/'], ['taken/', '--force']]) {
      const { status, stderr } = await run(...argv);
      expect({ status, stderr }, argv.join(' ')).to.deep.include({ status: 1 });
      expect(stderr).to.match(/There is something at taken/);
    }
    expect(await readFile(join(directory, 'taken.mbox'), 'utf8')).to.equal('mine');
    await done('taken.mbox', '--force');
    expect(await readFile(join(directory, 'taken.mbox'), 'utf8')).to.match(/^From sender0/);
    await mkdir(join(directory, 'empty'));
    await done('empty/');
  });

  it('replaces no file of the database, by whatever way', async () => {
    await symlink(directory, join(directory, 'here'));
    for (const target of ['mail.db', 'here/mail.db', 'mail.db-wal', 'here/mail.db.lock'])
      expect((await run(target, '--format', 'mbox', '--force')).stderr, target).to.match(
        /is (a name of )?the database/,
      );
    await done('as-before.mbox');
  });

  it('leaves nothing half written', async () => {
    expect((await readdir(directory)).filter((name) => name.includes('partial'))).to.deep.equal([]);
    expect((await run('missing/alice.mbox')).status).to.equal(74);
    expect((await run('alice.txt')).stderr).to.match(/does not tell the format/);
    expect((await run('x.mbox', '--format', 'pst')).stderr).to.match(/--format takes one of mbox, maildir, eml, zip/);
    expect((await pennypost(['export', 'bob@example.org', 'b.mbox'], { directory })).stderr).to.match(
      /no account bob@example\.org/,
    );
  });
});
