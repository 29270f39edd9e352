/** `pennypost account rename`: another name for an account, with all that it has. */
import { formatAddress } from '../message/mailbox.js';
import { optionFlags, type Command, type Flag, type Invocation, type Operand } from './command.js';
import { exit } from './exit.js';
import { accountAddress, addressOperand } from './operand.js';
import { withExistingStore } from './storage.js';
import { print } from './terminal.js';

const aliasFlag: Flag = {
  name: 'alias',
  placeholder: '',
  doc: 'Leave an alias of the old name that leads to the new one.',
};
const nameOperand: Operand = { name: 'NEW', doc: 'its address from now on; its domain becomes local' };

async function rename(invocation: Invocation): Promise<number> {
  const [before, after] = [accountAddress(invocation.operands[0]), accountAddress(invocation.operands[1])];
  const leavesAlias = invocation.has(aliasFlag.name);
  await withExistingStore(invocation.load().configuration.db, ({ directory }) =>
    directory.renameAccount(before, after, leavesAlias),
  );
  const mail = leavesAlias
    ? `mail to ${formatAddress(before)} still arrives`
    : `${formatAddress(before)} is nobody now`;
  await print(
    `${formatAddress(before)} is ${formatAddress(after)} from now on, and logs in under that name; ${mail}.\n`,
  );
  return exit.fine;
}

export const accountRenameCommand: Command = {
  words: 'account rename',
  summary: 'Give an account another name; its mail, UIDLs and passwords stay.',
  operands: [addressOperand, nameOperand],
  flags: [aliasFlag, ...optionFlags('db')],
  examples: ['account rename alice@localhost alice.smith@localhost --alias'],
  run: rename,
};
