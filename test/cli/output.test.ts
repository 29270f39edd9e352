/** Output that nobody wants any more, and output that finds no room: what a command ends with, and that it says so. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { MAIN } from '../support/program.js';
import { itAsRoot } from '../support/programs.js';
import { inEmptyDirectory, pennypost } from './pennypost.js';

const OWNER = 'alice@localhost';
/** More than a pipe holds, and in pieces; and one that is written at once, larger than what is left of the disk. */
const LARGE = `Subject: large\r\n\r\n${'x'.repeat(70)}\r\n`.padEnd(600_000, `${'y'.repeat(70)}\r\n`);
const SMALL = `Subject: small\r\n\r\n${`${'z'.repeat(70)}\r\n`.repeat(300)}`;
const COMMANDS = [['mail', 'show', OWNER, '1'], ['mail', 'list', OWNER, '--json'], ['config', 'show'], ['help']];
const FULL = { status: 74, stderr: 'pennypost: no space left on device.\n' };

interface Left {
  readonly status: number | null;
  readonly stderr: string;
}

describe('output of commands', () => {
  it('to a reader that has seen enough ends quietly', () =>
    withMail(async (directory) => {
      for (const command of COMMANDS)
        expect(await into('pipe', directory, command), command.join(' ')).to.deep.equal({ status: 0, stderr: '' });
    }));

  it('to a full disk ends with status 74 and a sentence', () =>
    withMail(async (directory) => {
      const full = openSync('/dev/full', 'w');
      for (const command of COMMANDS)
        expect(await into(full, directory, command), command.join(' ')).to.deep.equal(FULL);
      closeSync(full);
    }));

  itAsRoot('to a disk that is full soon is whole, or ends with status 74', () =>
    withMail(async (directory) => {
      const disk = join(directory, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
      try {
        writeFileSync(join(disk, 'ballast'), Buffer.alloc(48_000));
        const path = join(disk, 'out');
        const out = openSync(path, 'a');
        expect(await into(out, directory, ['mail', 'show', OWNER, '2'])).to.deep.equal(FULL);
        expect(statSync(path).size).to.be.within(1, SMALL.length - 1);
        truncateSync(path);
        truncateSync(join(disk, 'ballast'));
        expect(await into(out, directory, ['mail', 'show', OWNER, '2'])).to.deep.equal({ status: 0, stderr: '' });
        expect(readFileSync(path, 'latin1').endsWith(SMALL)).to.equal(true);
        closeSync(out);
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    }),
  );
});

function withMail(work: (directory: string) => Promise<void>): Promise<void> {
  return inEmptyDirectory(async (directory) => {
    await pennypost(['account', 'add', OWNER, '--password', 'secret-of-alice'], { directory });
    for (const input of [LARGE, SMALL])
      expect((await pennypost(['mail', 'send', OWNER], { directory, input })).status).to.equal(0);
    await work(directory);
  });
}

/** A pipe is closed before anything comes. */
function into(stdout: 'pipe' | number, directory: string, command: readonly string[]): Promise<Left> {
  const child = spawn(process.execPath, [MAIN, ...command], {
    cwd: directory,
    stdio: ['ignore', stdout, 'pipe'],
    env: {},
  });
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (status) => resolve({ status, stderr }));
  });
}
