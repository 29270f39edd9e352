/**
 * `pennypost account …`: who has a maildrop here. Passwords are hashed before they leave this process.
 * A server that is running sees every change at once, because its store makes it.
 */
import { passwordLoginOf, secretsOf } from '../auth/secrets.js';
import { formatAddress } from '../message/mailbox.js';
import type { AccountSummary, Directory } from '../store/directory.js';
import type { QueuedMail, QueueEntry } from '../store/queued-mail.js';
import type { Address, Secrets } from '../store/shapes.js';
import { accountAutoreplyCommand } from './account-autoreply.js';
import { accountExpireCommand } from './account-expire.js';
import { accountKeepCommand } from './account-keep.js';
import { accountForwardCommand } from './account-forward.js';
import { accountRenameCommand } from './account-rename.js';
import { accountLimitCommand } from './account-limit.js';
import { jsonFlag, optionFlags, UsageError, type Command, type Flag, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { newPassword, passwordFlags } from './new-password.js';
import { accountAddress, addressOperand } from './operand.js';
import { quotaColumn, quotaOf, quotaOperands, quotaText } from './quota.js';
import { pagesOf } from './selection.js';
import { withExistingStore, withStore } from './storage.js';
import { ask, counted, isTerminal, moment, print } from './terminal.js';

const refuseMailFlag: Flag = { name: 'refuse-mail', placeholder: '', doc: 'Refuse its mail too, with 550 5.2.1.' };

const yesFlag: Flag = { name: 'yes', placeholder: '', doc: 'Remove the account even if it holds messages.' };

const quotaFlag: Flag = {
  name: 'quota',
  placeholder: 'SIZE',
  doc: 'What the account may hold, such as 1GiB; none unless told.',
};

const quotaMessagesFlag: Flag = {
  name: 'quota-messages',
  placeholder: 'N',
  doc: 'How many messages it may hold; any number unless told.',
};

async function add(invocation: Invocation): Promise<number> {
  const quota = quotaOf(invocation.text(quotaFlag.name), invocation.text(quotaMessagesFlag.name));
  return writePassword(invocation, 'Added', async (directory, to, { hash, scram }) => {
    await directory.addAccount(to, hash, scram);
    if (Object.keys(quota).length > 0) await directory.setQuota(to, quota);
  });
}

async function setQuota(invocation: Invocation): Promise<number> {
  const [name, size, messages] = invocation.operands;
  const to = accountAddress(name);
  const quota = quotaOf(size, messages);
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => directory.setQuota(to, quota));
  await print(`${formatAddress(to)} may hold ${quotaText(quota)}.\n`);
  return exit.fine;
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
    write(store.directory, to, await secretsOf(password, await passwordLoginOf(store, formatAddress(to)))),
  );
  await print(`${done} ${formatAddress(to)}.\n`);
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => {
    const pages = (after?: AccountSummary) => directory.listAccounts(after?.address);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages) : printList(pages, accountTable);
  });
  return exit.fine;
}

const accountTable: Table<AccountSummary> = {
  head: [
    'account',
    'messages',
    'octets',
    'quota',
    'created',
    'last delivery',
    'last login',
    'enabled',
    'forwards to',
    'keeps mail',
    'expires',
  ],
  row: (one) => [
    one.address,
    one.messages,
    one.octets,
    quotaColumn(one.quotaOctets, one.quotaMessages),
    moment(one.createdAtMs),
    moment(one.lastDeliveryAtMs),
    moment(one.lastLoginAtMs),
    one.enabled ? 'yes' : `no${one.refusesMail ? ', refuses mail' : ''}`,
    one.forward === undefined ? '' : [...one.forward.targets, ...(one.forward.keeps ? ['itself'] : [])].join(' '),
    one.keepsMail ? 'yes' : 'no',
    one.expireDays === undefined ? 'never' : `${one.expireDays}d`,
  ],
};

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
    const name = formatAddress(account);
    const refusesMail = !enabled && invocation.has(refuseMailFlag.name);
    const waiting = await withExistingStore(invocation.load().configuration.db, async (store) => {
      await store.directory.setEnabled(account, enabled, refusesMail);
      return enabled ? 0 : countWaiting(store.queuedMail, name);
    });
    await print(`${name} ${enabled ? 'can log in again' : disabledText(refusesMail)}.\n`);
    if (waiting > 0) await print(leaving(name, waiting));
    return exit.fine;
  };
}

function disabledText(refusesMail: boolean): string {
  return `cannot log in any more; its mail ${refusesMail ? 'is refused' : 'still arrives'}`;
}

/** What an account has sent leaves all the same: whoever had its password may have queued more than is wanted. */
async function countWaiting(queue: QueuedMail, from: string): Promise<number> {
  let waiting = 0;
  for await (const entries of pagesOf(queue, { from })) waiting += entries.filter(isToLeave).length;
  return waiting;
}

function isToLeave({ state }: QueueEntry): boolean {
  return state !== 'hold' && state !== 'corrupt';
}

function leaving(from: string, waiting: number): string {
  const recipients = waiting === 1 ? '1 recipient of its mail waits' : `${waiting} recipients of its mail wait`;
  return (
    `${recipients} in the queue, and will be sent to: 'pennypost queue hold --from ${from}' keeps them back, ` +
    `'pennypost queue remove --from ${from} --yes' removes them.\n`
  );
}

async function messagesOf(db: string, address: Address): Promise<number> {
  return (await withExistingStore(db, ({ mailboxes }) => mailboxes.countMail(address))) ?? 0;
}

async function confirm(text: string, messages: number): Promise<void> {
  if (messages === 0) return;
  const held = `${text} holds ${counted(messages, 'message')}`;
  if (!isTerminal()) throw new UsageError(`${held}; --yes removes the account together with them`);
  const [answer = ''] = await ask([`${held}, which would go with it. Remove? [y/N] `]);
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal('Nothing was removed.');
}

export const accountCommands: readonly Command[] = [
  {
    words: 'account add',
    summary: 'Add an account, and make its domain local.',
    operands: [addressOperand],
    flags: [...passwordFlags, quotaFlag, quotaMessagesFlag, ...optionFlags('db')],
    examples: [
      'account add alice@localhost',
      'account add alice@localhost --password-stdin < password.txt',
      'account add alice@localhost --quota 1GiB',
    ],
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
    words: 'account quota',
    summary: 'Limit what an account may hold.',
    operands: [addressOperand, ...quotaOperands],
    flags: optionFlags('db'),
    examples: [
      'account quota alice@localhost 1GiB',
      'account quota alice@localhost 1GiB 50000',
      'account quota alice@localhost none',
    ],
    run: setQuota,
  },
  accountLimitCommand,
  accountKeepCommand,
  accountExpireCommand,
  accountForwardCommand,
  accountRenameCommand,
  accountAutoreplyCommand,
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
    summary: 'Refuse logins to an account; its mail still arrives unless told.',
    operands: [addressOperand],
    flags: [refuseMailFlag, ...optionFlags('db')],
    examples: ['account disable alice@localhost', 'account disable alice@localhost --refuse-mail'],
    run: setEnabled(false),
  },
  {
    words: 'account enable',
    summary: 'Let a disabled account log in, and get mail, as before.',
    operands: [addressOperand],
    flags: optionFlags('db'),
    examples: ['account enable alice@localhost'],
    run: setEnabled(true),
  },
];
