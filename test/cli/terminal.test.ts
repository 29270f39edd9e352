/** `pennypost mail` on a terminal: what a sender wrote moves no cursor; a pipe gets the octets as they came. */
import { expect } from 'chai';
import { itNeeds, run } from '../support/programs.js';
import { MAIN } from '../support/server.js';
import { inEmptyDirectory, pennypost } from './pennypost.js';

const SUBJECT = 'a\x1b]0;owned\x07b\u009b31mc\u202ed';
const MESSAGE = `Subject: ${SUBJECT}\r\n\r\n\ttext\x1b[2J\x7f\r\nüber\r\n`;

describe('a terminal', () => {
  itNeeds(['script'], "gets no control characters of a sender's, and a pipe the octets", () =>
    inEmptyDirectory(async (directory) => {
      const done = async (...argv: readonly string[]) => {
        const { status, stdout, stderr } = await pennypost(argv, { directory, input: MESSAGE });
        expect(status, stderr).to.equal(0);
        return Buffer.from(stdout, 'latin1').toString();
      };
      const onTerminal = async (command: string) => {
        const typed = `'${process.execPath}' '${MAIN}' ${command}`;
        return (await run('script', ['-qec', typed, '/dev/null'], { cwd: directory })).stdout.toString();
      };
      await done('account', 'add', 'alice@localhost', '--password', 'a long enough password');
      await done('mail', 'send', 'alice@localhost');
      expect(await done('mail', 'show', 'alice@localhost', '1')).to.include(MESSAGE);
      const shown = await onTerminal('mail show alice@localhost 1');
      expect(shown).to.include('Subject: a]0;ownedb31mcd').and.to.include('\ttext[2J').and.to.include('über');
      const listed =
        (await onTerminal('mail list alice@localhost')) + (await onTerminal('mail list alice@localhost --json'));
      expect(listed.split('a]0;ownedb31mcd')).to.have.length(3);
      // eslint-disable-next-line no-control-regex -- they are what must not be there
      expect(shown + listed).to.not.match(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]/);
    }),
  );
});
