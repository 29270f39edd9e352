/**
 * `pennypost account …`: who has a maildrop here. Passwords are hashed before they leave this process.
 * A server that is running sees every change at once, because its store makes it.
 */
import { hashPassword } from '../auth/password.js';
import { formatAddress } from '../smtp/path.js';
import type { Address, Directory } from '../store/store.js';
import { jsonFlag, optionFlags, UsageError, type Command, type Flag, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { newPassword, passwordFlags } from './new-password.js';
import { address, addressOperand } from './operand.js';
import { withExistingStore, withStore } from './storage.js';
import { ask, isTerminal, moment, print, printJson, printTable } from './terminal.js';

const yesFlag: Flag = { name: 'yes', placeholder: '', doc: 'Remove the account even if it holds messages.' };

async function add(invocation: Invocation): Promise<number> {
  return writePassword(invocation, 'Added', (directory, to, hash) => directory.addAccount(to, hash));
}

async function passwd(invocation: Invocation): Promise<number> {
  return writePassword(invocation, 'New password for', (directory, to, hash) => directory.setPassword(to, hash));
}

async function writePassword(
  invocation: Invocation,
  done: string,
  write: (directory: Directory, to: Address, hash: string) => Promise<void>,
): Promise<number> {
  const to = wholeAddress(invocation);
  const { configuration } = invocation.load();
  const hash = await hashPassword(await newPassword(invocation));
  await withStore(configuration.db, ({ directory }) => write(directory, to, hash));
  await print(`${done} ${formatAddress(to)}.\n`);
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  const accounts = await withExistingStore(invocation.load().configuration.db, ({ directory }) =>
    directory.listAccounts(),
  );
  if (invocation.has(jsonFlag.name)) await printJson(accounts);
  else
    await printTable(
      ['account', 'messages', 'octets', 'created', 'last delivery', 'last login'],
      accounts.map((one) => [
        one.address,
        one.messages,
        one.octets,
        moment(one.createdAtMs),
        moment(one.lastDeliveryAtMs),
        moment(one.lastLoginAtMs),
      ]),
    );
  return exit.fine;
}

async function remove(invocation: Invocation): Promise<number> {
  const gone = wholeAddress(invocation);
  const [text = ''] = invocation.operands;
  const { db } = invocation.load().configuration;
  if (!invocation.has(yesFlag.name)) await confirm(text, await messagesOf(db, gone));
  await withExistingStore(db, ({ directory }) => directory.removeAccount(gone));
  await print(`Removed ${text}.\n`);
  return exit.fine;
}

async function messagesOf(db: string, { local, domain }: Address): Promise<number> {
  const accounts = await withExistingStore(db, ({ directory }) => directory.listAccounts());
  const name = `${local}@${domain}`.toLowerCase();
  return accounts.find((account) => account.address === name)?.messages ?? 0;
}

async function confirm(text: string, messages: number): Promise<void> {
  if (messages === 0) return;
  const held = `${text} holds ${messages} ${messages === 1 ? 'message' : 'messages'}`;
  if (!isTerminal()) throw new UsageError(`${held}; --yes removes the account together with them`);
  const [answer = ''] = await ask([`${held}, which would go with it. Remove? [y/N] `]);
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal('Nothing was removed.');
}

function wholeAddress({ operands: [text] }: Invocation): Address {
  const parsed = address(text);
  if (parsed.local === '*')
    throw new UsageError(`'${formatAddress(parsed)}' is no account; 'pennypost alias add' makes a catch-all of it`);
  return parsed;
}

export const accountCommands: readonly Command[] = [
  {
    words: 'account add',
    summary: 'Add an account, and make its domain local.',
    operands: [addressOperand],
    flags: [...passwordFlags, ...optionFlags('db')],
    examples: ['account add alice@localhost', 'account add alice@localhost --password-stdin < password.txt'],
    run: add,
  },
  {
    words: 'account list',
    summary: 'List the accounts.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['account list', 'account list --json'],
    run: list,
  },
  {
    words: 'account remove',
    summary: 'Remove an account and its messages.',
    operands: [addressOperand],
    flags: [yesFlag, ...optionFlags('db')],
    examples: ['account remove alice@localhost'],
    run: remove,
  },
  {
    words: 'account passwd',
    summary: 'Give an account a new password.',
    operands: [addressOperand],
    flags: [...passwordFlags, ...optionFlags('db')],
    examples: ['account passwd alice@localhost'],
    run: passwd,
  },
];
