/** `pennypost suppression …`: addresses to which nothing is sent, because they do not exist, or do not want it. */
import type { Suppression } from '../store/suppressions.js';
import { jsonFlag, optionFlags, type Command, type Flag, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { addressOperand, envelopeAddress } from './operand.js';
import { withExistingStore } from './storage.js';
import { moment, print } from './terminal.js';

const reasonFlag: Flag = {
  name: 'reason',
  placeholder: 'TEXT',
  doc: 'Why; shown by `suppression list`, and in the report of mail that waited already.',
};

const table: Table<Suppression> = {
  head: ['address', 'since', 'reason'],
  row: ({ address, sinceMs, reason }) => [address, moment(sinceMs), reason],
};

async function list(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, ({ queuedMail }) => {
    const pages = (after?: Suppression) => queuedMail.listSuppressions(after?.address);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages) : printList(pages, table);
  });
  return exit.fine;
}

async function add(invocation: Invocation): Promise<number> {
  const { text, address } = envelopeAddress(invocation.operands[0]);
  const reason = invocation.text(reasonFlag.name) ?? 'added by an administrator';
  const { db } = invocation.load().configuration;
  await withExistingStore(db, async (store) => {
    if ((await store.resolve(address)).kind !== 'remote')
      throw new Refusal(
        `${address.domain} is a local domain: nothing that comes for ${text} is sent on, and a suppression would keep nothing away. 'pennypost alias remove' or 'pennypost account remove' ends a name here.`,
      );
    await store.queuedMail.addSuppression(text, reason);
  });
  await print(`Nothing is sent to ${text} any more.\n`);
  return exit.fine;
}

async function remove(invocation: Invocation): Promise<number> {
  const { text } = envelopeAddress(invocation.operands[0]);
  const { db } = invocation.load().configuration;
  await withExistingStore(db, ({ queuedMail }) => queuedMail.removeSuppression(text));
  await print(`Mail is sent to ${text} again.\n`);
  return exit.fine;
}

export const suppressionCommands: readonly Command[] = [
  {
    words: 'suppression list',
    summary: 'List the addresses to which nothing is sent, and why.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['suppression list'],
    run: list,
  },
  {
    words: 'suppression add',
    summary: 'Send nothing to an address any more.',
    operands: [addressOperand],
    flags: [reasonFlag, ...optionFlags('db')],
    examples: ['suppression add bob@example.net --reason "asked for it"'],
    run: add,
  },
  {
    words: 'suppression remove',
    summary: 'Send to an address again.',
    operands: [addressOperand],
    flags: optionFlags('db'),
    examples: ['suppression remove bob@example.net'],
    run: remove,
  },
];
