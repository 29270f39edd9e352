/**
 * `pennypost domain …`: the domains for which mail is taken. Every other domain is refused: this server relays nothing.
 */
import { jsonFlag, optionFlags, type Command, type Invocation, type Operand } from './command.js';
import { exit } from './exit.js';
import type { DomainSummary } from '../store/directory.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { domain } from './operand.js';
import { quotaColumn, quotaOf, quotaOperands, quotaText } from './quota.js';
import { withExistingStore, withStore } from './storage.js';
import { print } from './terminal.js';

const nameOperand: Operand = { name: 'NAME', doc: 'a domain name such as example.org' };

const aliasOperand: Operand = { name: 'ALIAS', doc: 'the other name, without accounts or aliases of its own' };

async function add(invocation: Invocation): Promise<number> {
  const name = domain(invocation.operands[0]);
  await withStore(invocation.load().configuration.db, ({ directory }) => directory.addDomain(name));
  await print(`Added ${name}.\n`);
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => {
    const pages = (after?: DomainSummary) => directory.listDomains(after?.name);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages) : printList(pages, domainTable);
  });
  return exit.fine;
}

const domainTable: Table<DomainSummary> = {
  head: ['domain', 'alias of', 'messages', 'octets', 'quota'],
  row: ({ name, aliasOf, held, quotaOctets, quotaMessages }) => [
    name,
    aliasOf ?? '',
    held?.messages ?? '',
    held?.octets ?? '',
    aliasOf === undefined ? quotaColumn(quotaOctets, quotaMessages) : '',
  ],
};

async function addAlias(invocation: Invocation): Promise<number> {
  const [name, of] = [domain(invocation.operands[0]), domain(invocation.operands[1])];
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => directory.addDomainAlias(name, of));
  await print(`Each name of ${name} is that name of ${of} now; 'pennypost domain remove ${name}' takes that back.\n`);
  return exit.fine;
}

async function setQuota(invocation: Invocation): Promise<number> {
  const [text, size, messages] = invocation.operands;
  const name = domain(text);
  const quota = quotaOf(size, messages);
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => directory.setDomainQuota(name, quota));
  await print(`The accounts of ${name} may hold ${quotaText(quota)} together.\n`);
  return exit.fine;
}

async function remove(invocation: Invocation): Promise<number> {
  const name = domain(invocation.operands[0]);
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => directory.removeDomain(name));
  await print(`Removed ${name}.\n`);
  return exit.fine;
}

export const domainCommands: readonly Command[] = [
  {
    words: 'domain add',
    summary: 'Take mail for a domain.',
    operands: [nameOperand],
    flags: optionFlags('db'),
    examples: ['domain add example.org'],
    run: add,
  },
  {
    words: 'domain list',
    summary: 'List the local domains.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['domain list'],
    run: list,
  },
  {
    words: 'domain alias add',
    summary: 'Make a domain another name of a local one, for mail and for logins.',
    operands: [aliasOperand, nameOperand],
    flags: optionFlags('db'),
    examples: ['domain alias add example.net example.org'],
    run: addAlias,
  },
  {
    words: 'domain quota',
    summary: 'Limit what all accounts of a domain may hold together.',
    operands: [nameOperand, ...quotaOperands],
    flags: optionFlags('db'),
    examples: [
      'domain quota example.org 100GiB',
      'domain quota example.org 100GiB 1000000',
      'domain quota example.org none',
    ],
    run: setQuota,
  },
  {
    words: 'domain remove',
    summary: 'Take no more mail for a domain; refused while it has accounts.',
    operands: [nameOperand],
    flags: optionFlags('db'),
    examples: ['domain remove example.org'],
    run: remove,
  },
];
