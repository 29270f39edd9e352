/**
 * `pennypost account …`: who has a maildrop here. Passwords are hashed before they leave this process.
 * A server that is running sees every change at once, because its store makes it.
 */
import { secretsOf } from '../auth/secrets.js';
import { formatAddress } from '../smtp/path.js';
import type { Address, Directory, Secrets } from '../store/store.js';
import { jsonFlag, optionFlags, UsageError, type Command, type Flag, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { loginOf, newPassword, passwordFlags } from './new-password.js';
import { accountAddress, addressOperand } from './operand.js';
import { withExistingStore, withStore } from './storage.js';
import { ask, isTerminal, moment, print, printJson, printTable } from './terminal.js';

const yesFlag: Flag = { name: 'yes', placeholder: '', doc: 'Remove the account even if it holds messages.' };

async function add(invocation: Invocation): Promise<number> {
  return writePassword(invocation, 'Added', (directory, to, { hash, scram }) => directory.addAccount(to, hash, scram));
}

async function passwd(invocation: Invocation): Promise<number> {
  return writePassword(invocation, 'New password for', (directory, to, { hash, scram }) =>
    directory.setPassword(to, hash, scram),
  );
}

async function writePassword(
  invocation: Invocation,
  done: string,
  write: (directory: Directory, to: Address, secrets: Secrets) => Promise<void>,
): Promise<number> {
  const to = accountAddress(invocation.operands[0]);
  const { configuration } = invocation.load();
  const password = await newPassword(invocation);
  await withStore(configuration.db, async (store) =>
    write(store.directory, to, await secretsOf(password, await loginOf(store, to))),
  );
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
      ['account', 'messages', 'octets', 'created', 'last delivery', 'last login', 'enabled'],
      accounts.map((one) => [
        one.address,
        one.messages,
        one.octets,
        moment(one.createdAtMs),
        moment(one.lastDeliveryAtMs),
        moment(one.lastLoginAtMs),
        one.enabled ? 'yes' : 'no',
      ]),
    );
  return exit.fine;
}

async function remove(invocation: Invocation): Promise<number> {
  const gone = accountAddress(invocation.operands[0]);
  const [text = ''] = invocation.operands;
  const { db } = invocation.load().configuration;
  if (!invocation.has(yesFlag.name)) await confirm(text, await messagesOf(db, gone));
  await withExistingStore(db, ({ directory }) => directory.removeAccount(gone));
  await print(`Removed ${text}.\n`);
  return exit.fine;
}

function setEnabled(enabled: boolean): Command['run'] {
  return async (invocation) => {
    const account = accountAddress(invocation.operands[0]);
    await withExistingStore(invocation.load().configuration.db, ({ directory }) =>
      directory.setEnabled(account, enabled),
    );
    const now = enabled ? 'can log in again' : 'cannot log in any more; its mail still arrives';
    await print(`${formatAddress(account)} ${now}.\n`);
    return exit.fine;
  };
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
  {
    words: 'account disable',
    summary: 'Let nobody log in to an account; its mail still arrives.',
    operands: [addressOperand],
    flags: optionFlags('db'),
    examples: ['account disable alice@localhost'],
    run: setEnabled(false),
  },
  {
    words: 'account enable',
    summary: 'Let a disabled account log in again, as before.',
    operands: [addressOperand],
    flags: optionFlags('db'),
    examples: ['account enable alice@localhost'],
    run: setEnabled(true),
  },
];
