/**
 * `pennypost alias …`: names that lead to other names. `*@domain` is the catch-all of a domain.
 */
import { jsonFlag, optionFlags, type Command, type Invocation, type Operand } from './command.js';
import type { AliasEntry } from '../store/directory.js';
import { exit } from './exit.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { address } from './operand.js';
import { withExistingStore, withStore } from './storage.js';
import { print } from './terminal.js';

const aliasOperand: Operand = { name: 'ADDRESS', doc: 'the alias, such as sales@localhost or *@localhost' };
const targetOperand: Operand = { name: 'TARGET', doc: 'where it leads, such as alice@localhost', repeats: true };

async function add(invocation: Invocation): Promise<number> {
  const { alias, targets } = read(invocation);
  await withStore(invocation.load().configuration.db, ({ directory }) => directory.addAlias(alias, targets));
  const [name = '', ...names] = invocation.operands;
  await print(`${name} now leads to ${names.join(', ')}.\n`);
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => {
    const pages = (after?: AliasEntry) => directory.listAliases(after?.address);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages) : printList(pages, aliasTable);
  });
  return exit.fine;
}

const aliasTable: Table<AliasEntry> = {
  head: ['alias', 'targets'],
  row: ({ address: name, targets }) => [name, targets.join(', ')],
};

async function remove(invocation: Invocation): Promise<number> {
  const { alias, targets } = read(invocation);
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => directory.removeAlias(alias, targets));
  const [name = '', ...names] = invocation.operands;
  await print(names.length === 0 ? `Removed ${name}.\n` : `${name} no longer leads to ${names.join(', ')}.\n`);
  return exit.fine;
}

function read({ operands: [name, ...names] }: Invocation) {
  return { alias: address(name), targets: names.map((text) => address(text)) };
}

export const aliasCommands: readonly Command[] = [
  {
    words: 'alias add',
    summary: 'Let a name lead to one or more others.',
    operands: [aliasOperand, targetOperand],
    flags: optionFlags('db'),
    examples: ['alias add sales@localhost alice@localhost bob@localhost', "alias add '*@localhost' alice@localhost"],
    run: add,
  },
  {
    words: 'alias list',
    summary: 'List the aliases.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['alias list'],
    run: list,
  },
  {
    words: 'alias remove',
    summary: 'Remove an alias, or only some of its targets.',
    operands: [aliasOperand, { ...targetOperand, optional: true }],
    flags: optionFlags('db'),
    examples: ['alias remove sales@localhost', 'alias remove sales@localhost bob@localhost'],
    run: remove,
  },
];
