/**
 * `pennypost alias …`: names that lead to other names. `*@domain` is the catch-all of a domain.
 */
import { isAscii } from '../message/domain.js';
import { formatAddress } from '../message/mailbox.js';
import type { Address } from '../store/shapes.js';
import { jsonFlag, optionFlags, UsageError, type Command, type Invocation, type Operand } from './command.js';
import type { AliasEntry } from '../store/directory.js';
import { exit, Refusal } from './exit.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { address } from './operand.js';
import { outboundInForce, type OutboundInForce } from './outbound-configuration.js';
import { withExistingStore, withStore, type Administration } from './storage.js';
import { print } from './terminal.js';

const aliasOperand: Operand = { name: 'ADDRESS', doc: 'the alias, such as sales@localhost or *@localhost' };
const targetOperand: Operand = {
  name: 'TARGET',
  doc: 'where it leads, such as alice@localhost, or with outbound mail an address elsewhere',
  repeats: true,
};

async function add(invocation: Invocation): Promise<number> {
  const { alias, targets } = read(invocation);
  const { db } = invocation.load().configuration;
  const inForce = await outboundInForce(invocation);
  const isNew = await withStore(db, async (store) => {
    for (const target of targets) await requireReach(store, alias, target, inForce);
    const before = await store.resolve(alias);
    await store.directory.addAlias(alias, targets);
    return before.kind === 'remote';
  });
  const [name = '', ...names] = invocation.operands;
  await print(`${name} now leads to ${names.join(', ')}.\n`);
  if (isNew)
    await print(
      `${alias.domain} is local from now on: its mail stays here, and its other names are refused. 'pennypost domain remove ${alias.domain}' takes that back, with its aliases.\n`,
    );
  return exit.fine;
}

/** Who mistypes a local domain would send its mail away. */
export async function requireReach(
  store: Administration,
  alias: Address,
  target: Address,
  { outbound, whose }: OutboundInForce,
): Promise<void> {
  if (target.domain === alias.domain || (await store.resolve(target)).kind !== 'remote') return;
  const text = formatAddress(target);
  if (outbound === 'off')
    throw new Refusal(
      `${text} is of no local domain, and outbound mail is off (${whose}); a server with --outbound relay lets an alias lead there, and 'pennypost domain add ${target.domain}' makes its domain local.`,
    );
  if (text !== `${target.local}@${target.domain}` || !isAscii(text))
    throw new UsageError(`an alias leads to no quoted or international address elsewhere, such as ${text}`);
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
    flags: optionFlags('db', 'outbound', 'relay'),
    examples: [
      'alias add sales@localhost alice@localhost bob@localhost',
      "alias add '*@localhost' alice@localhost",
      'alias add team@localhost alice@localhost carol@elsewhere.example',
    ],
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
