/**
 * `pennypost domain …`: the domains for which mail is taken. Every other domain is refused: this server relays nothing.
 */
import { jsonFlag, optionFlags, type Command, type Invocation, type Operand } from './command.js';
import { exit } from './exit.js';
import { printList, printListAsJson } from './listing.js';
import { domain } from './operand.js';
import { withExistingStore, withStore } from './storage.js';
import { print } from './terminal.js';

const nameOperand: Operand = { name: 'NAME', doc: 'a domain name such as example.org' };

async function add(invocation: Invocation): Promise<number> {
  const name = domain(invocation.operands[0]);
  await withStore(invocation.load().configuration.db, ({ directory }) => directory.addDomain(name));
  await print(`Added ${name}.\n`);
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, ({ directory }) => {
    const pages = (after?: string) => directory.listDomains(after);
    return invocation.has(jsonFlag.name)
      ? printListAsJson(pages)
      : printList(pages, { head: ['domain'], row: (name) => [name] });
  });
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
    words: 'domain remove',
    summary: 'Take no more mail for a domain; refused while it has accounts.',
    operands: [nameOperand],
    flags: optionFlags('db'),
    examples: ['domain remove example.org'],
    run: remove,
  },
];
