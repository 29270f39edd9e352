/** `pennypost account keep`: whether what one login removes is still there for the others. */
import { formatAddress } from '../message/mailbox.js';
import { optionFlags, UsageError, type Command, type Invocation, type Operand } from './command.js';
import { exit } from './exit.js';
import { accountAddress, addressOperand } from './operand.js';
import { withExistingStore } from './storage.js';
import { print } from './terminal.js';

const switchOperand: Operand = { name: 'on|off', doc: 'on keeps mail on the server; off, as at first, removes it' };

async function keep(invocation: Invocation): Promise<number> {
  const account = accountAddress(invocation.operands[0]);
  const keeps = isOn(invocation.operands[1]);
  await withExistingStore(invocation.load().configuration.db, ({ directory }) =>
    directory.setKeepsMail(account, keeps),
  );
  const now = keeps
    ? 'keeps its mail: from its next login on, what one password removes is hidden from that password alone'
    : 'lets its logins remove mail, from the next on; a login as a device still hides it from that device alone';
  await print(`${formatAddress(account)} ${now}.\n`);
  return exit.fine;
}

function isOn(text = ''): boolean {
  const word = text.toLowerCase();
  if (word !== 'on' && word !== 'off') throw new UsageError(`'${text}' is neither on nor off`);
  return word === 'on';
}

export const accountKeepCommand: Command = {
  words: 'account keep',
  summary: 'Keep mail on the server: what one login removes is hidden from that login alone.',
  operands: [addressOperand, switchOperand],
  flags: optionFlags('db'),
  examples: ['account keep alice@localhost on', 'account keep alice@localhost off'],
  run: keep,
};
