/** Help: the same text for every way to ask for it, for every command that the table has. */
import { expect } from 'chai';
import { commands } from '../../src/cli/commands.js';
import { inEmptyDirectory, pennypost } from './pennypost.js';

function ask(...argv: readonly string[]) {
  return inEmptyDirectory((directory) => pennypost(argv, { directory }));
}

describe('pennypost --help', () => {
  it('names every command', async () => {
    const { status, stdout } = await ask('--help');
    expect(status).to.equal(0);
    const text = stdout.replace(/\s+/g, ' '); // A summary may go on below.
    for (const { words, summary } of commands) expect(text).to.include(words).and.include(summary);
  });

  it('is what `help` prints', async () => {
    expect(await ask('help')).to.deep.equal(await ask('--help'));
  });

  it('goes to standard error, with 64, when nothing was typed', async () => {
    const { status, stdout, stderr } = await ask();
    expect({ status, stdout }).to.deep.equal({ status: 64, stdout: '' });
    expect(stderr).to.include('Usage: pennypost COMMAND');
  });

  it('keeps to a noun when one is given', async () => {
    const { stdout } = await ask('account', '--help');
    expect(stdout).to.include('account passwd').and.not.include('domain add');
    expect((await ask('account', 'help')).stdout).to.equal(stdout);
    const credentials = (await ask('account', 'credential', '--help')).stdout;
    expect(credentials).to.include('account credential remove').and.not.include('account passwd');
    expect((await ask('account', 'credential', 'help')).stdout).to.equal(credentials);
  });

  for (const { words, flags } of commands)
    it(`explains ${words} and each of its options`, async () => {
      const { status, stdout } = await ask(...words.split(' '), '--help');
      expect(status).to.equal(0);
      expect(stdout).to.match(new RegExp(`^Usage: pennypost ${words}\\b`, 'm'));
      for (const { name } of [...flags, { name: 'config' }]) expect(stdout).to.include(`--${name}`);
      expect((await ask('help', ...words.split(' '))).stdout).to.equal(stdout);
    });

  it('shows the port in the original form', async () => {
    expect((await ask('smtp', '-h')).stdout).to.include('Usage: pennypost smtp -p PORT [MAILBOXES]');
  });
});

describe('pennypost --version', () => {
  it('prints the version alone', async () => {
    const { status, stdout } = await ask('--version');
    expect(status).to.equal(0);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});
