/** `pennypost mail delete`, `removed` and `restore`: what was removed from a maildrop, by whomever, and the ways back. */
import { formatAddress } from '../message/mailbox.js';
import { printableLine } from '../message/printable.js';
import { StoreError } from '../store/errors.js';
import type { Keeping, RemovedMail, RemovedSummary } from '../store/removed-mail.js';
import { inPart } from '../store/rules/refusals.js';
import type { Address } from '../store/shapes.js';
import {
  jsonFlag,
  optionFlags,
  UsageError,
  type Command,
  type Flag,
  type Invocation,
  type Operand,
} from './command.js';
import { exit, Refusal } from './exit.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { accountAddress, addressOperand, messageNumber, pastMoment } from './operand.js';
import { withExistingStore } from './storage.js';
import { counted, moment, print } from './terminal.js';

const NUMBERS_AT_ONCE = 500;

const listedOperand: Operand = { name: 'NUMBER', doc: "a message's number, as 'mail list' shows it", repeats: true };
const removedOperand: Operand = {
  ...{ name: 'NUMBER', doc: "a message's restore number, as 'mail removed' shows it; not that of 'mail list'" },
  ...{ optional: true, repeats: true },
};

const sinceFlag: Flag = {
  name: 'since',
  placeholder: 'TIME',
  doc: "All that was removed since then: '2h' is two hours ago, '2026-12-31 23:59:59Z' a moment.",
};
const toFlag: Flag = {
  name: 'to',
  placeholder: 'TIME',
  doc: 'The same, but under the UIDLs and in the order of before: clients that have seen it do not fetch it again.',
};

/** Of what was removed. */
const BECOMES: Readonly<Record<Keeping, string>> = {
  kept: "; 'pennypost mail removed' shows what can be restored",
  'not-kept': ' for good: --keep-removed is 0s',
  'disk-full': ' for good: the disk is nearly full, and nothing that is removed is kept',
};

async function remove(invocation: Invocation): Promise<number> {
  const [name, ...texts] = invocation.operands;
  const owner = accountAddress(name);
  const numbers = [...new Set(texts.map(messageNumber))].sort((one, other) => one - other);
  const ranges = numbers.map((number) => [number, number] as const);
  const keeping = await withRemovedMail(invocation, owner, (removedMail) => removedMail.removeMail(owner, ranges));
  await print(`Removed ${counted(numbers.length, 'message')} of ${formatAddress(owner)}${BECOMES[keeping]}.\n`);
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  const owner = accountAddress(invocation.operands[0]);
  await withExistingStore(invocation.load().configuration.db, ({ removedMail }) => {
    const pages = (after?: RemovedSummary) => removedMail.listRemoved(owner, after);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages, shown) : printList(pages, removedTable);
  });
  return exit.fine;
}

const removedTable: Table<RemovedSummary> = {
  head: ['restore number', 'removed', 'by', 'received', 'octets', 'from', 'subject'],
  row: (one) => [
    ...[one.number, moment(one.removedAtMs), one.client, moment(one.receivedAtMs), one.octets],
    ...[one.from ?? '', one.subject ?? ''],
  ],
};

/** Without what only orders the list. Fields that an older version stored are as they came. */
function shown({ number, removedAtMs, client, receivedAtMs, octets, from, to, subject }: RemovedSummary) {
  const [shownFrom, shownTo, shownSubject] = [from, to, subject].map((text) => text && printableLine(text));
  return { number, removedAtMs, client, receivedAtMs, octets, from: shownFrom, to: shownTo, subject: shownSubject };
}

async function restore(invocation: Invocation): Promise<number> {
  const [name, ...texts] = invocation.operands;
  const owner = accountAddress(name);
  const numbers = texts.map(messageNumber);
  const [since, to] = [sinceFlag, toFlag].map((flag) => {
    const text = invocation.text(flag.name);
    return text === undefined ? undefined : pastMoment(text);
  });
  if ([numbers[0], since, to].filter((given) => given !== undefined).length !== 1)
    throw new UsageError('say what is restored: numbers, or --since, or --to');
  const restored = await withRemovedMail(invocation, owner, (removedMail) => {
    if (to !== undefined) return removedMail.restoreTo(owner, to);
    if (since !== undefined) return restoreSince(removedMail, owner, since);
    return restoreNumbers(removedMail, owner, numbers);
  });
  if (restored === 0)
    throw new Refusal(`Nothing was restored; 'pennypost mail removed ${formatAddress(owner)}' shows what can be.`);
  const how = to === undefined ? ', as the newest' : '';
  await print(`Restored ${counted(restored, 'message')} of ${formatAddress(owner)}${how}.\n`);
  return exit.fine;
}

async function restoreNumbers(removedMail: RemovedMail, owner: Address, numbers: readonly number[]): Promise<number> {
  let restored = 0;
  for (let at = 0; at < numbers.length; at += NUMBERS_AT_ONCE)
    restored += await restoreSome(removedMail, owner, { numbers: numbers.slice(at, at + NUMBERS_AT_ONCE), restored });
  return restored;
}

async function restoreSince(removedMail: RemovedMail, owner: Address, sinceMs: number): Promise<number> {
  let restored = 0;
  for (let after: RemovedSummary | undefined; ;) {
    const page = await removedMail.listRemoved(owner, after);
    after = page.at(-1);
    if (after === undefined) return restored;
    const numbers = page.filter(({ removedAtMs }) => removedAtMs >= sinceMs).map(({ number }) => number);
    restored += await restoreSome(removedMail, owner, { numbers, restored });
  }
}

/** All of them or none; says what was restored before. @throws StoreError */
async function restoreSome(
  removedMail: RemovedMail,
  owner: Address,
  { numbers, restored }: { readonly numbers: readonly number[]; readonly restored: number },
): Promise<number> {
  try {
    return numbers.length === 0 ? 0 : await removedMail.restoreMail(owner, numbers);
  } catch (error) {
    throw inPart(restored, error);
  }
}

/** A maildrop that a session holds is named with who holds it. @throws Refusal */
function withRemovedMail<T>(
  invocation: Invocation,
  owner: Address,
  work: (removedMail: RemovedMail) => Promise<T>,
): Promise<T> {
  return withExistingStore(invocation.load().configuration.db, async ({ removedMail }) => {
    try {
      return await work(removedMail);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.kind === 'over-quota') throw new Refusal(error.message);
      if (error.holder === undefined) throw error;
      throw new Refusal(
        `${formatAddress(owner)} is open in a session of ${error.holder.from}; try again when that has ended.`,
      );
    }
  });
}

export const removedMailCommands: readonly Command[] = [
  {
    words: 'mail delete',
    summary: 'Remove messages, as a POP3 session would.',
    operands: [addressOperand, listedOperand],
    flags: optionFlags('db'),
    examples: ['mail delete alice@localhost 1 2'],
    run: remove,
  },
  {
    words: 'mail removed',
    summary: 'List the removed messages of an account that can be restored.',
    operands: [addressOperand],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['mail removed alice@localhost'],
    run: list,
  },
  {
    words: 'mail restore',
    summary: 'Restore removed messages: by their numbers, as new ones, or all since a moment.',
    operands: [addressOperand, removedOperand],
    flags: [sinceFlag, toFlag, ...optionFlags('db')],
    examples: [
      'mail restore alice@localhost 17 18',
      'mail restore alice@localhost --since 2h',
      "mail restore alice@localhost --to '2026-12-31 23:59:59Z'",
    ],
    run: restore,
  },
];
