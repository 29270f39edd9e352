/** `pennypost account expire`: after how many days the mail of an account, or of a domain, is removed. */
import { longDurationMs } from '../config/units.js';
import { formatAddress } from '../message/mailbox.js';
import type { ExpireDays } from '../store/directory.js';
import { optionFlags, UsageError, type Command, type Invocation, type Operand } from './command.js';
import { exit } from './exit.js';
import { accountAddress, domain } from './operand.js';
import { withExistingStore } from './storage.js';
import { counted, print } from './terminal.js';
import { typed } from './typed.js';

const DAY_MS = 86_400_000;

const whoseOperand: Operand = {
  name: 'ADDRESS',
  doc: 'an account such as alice@localhost, or a domain such as @localhost: all its accounts that are not told otherwise',
};

const afterOperand: Operand = {
  name: 'TIME',
  doc: 'whole days such as 30d; never, as at first; default, of an account: as its domain',
};

async function expire(invocation: Invocation): Promise<number> {
  const [whose = '', text = ''] = invocation.operands;
  const days = daysOf(text);
  const { db } = invocation.load().configuration;
  if (whose.startsWith('@')) {
    const name = domain(whose.slice(1));
    if (days === 'default') throw new UsageError(`'${text}' is for an account; of a domain, never is the default`);
    const stored = days === 'never' ? undefined : days;
    await withExistingStore(db, ({ directory }) => directory.setDomainExpiry(name, stored));
    await print(`${sentence(`of @${name}`, days)}\n`);
    return exit.fine;
  }
  const account = accountAddress(whose);
  await withExistingStore(db, ({ directory }) => directory.setExpiry(account, days));
  await print(`${sentence(`of ${formatAddress(account)}`, days)}\n`);
  return exit.fine;
}

function sentence(whose: string, days: ExpireDays): string {
  if (days === 'never') return `The mail ${whose} is kept until somebody removes it.`;
  if (days === 'default') return `The mail ${whose} expires as that of its domain.`;
  return (
    `The mail ${whose} is removed ${counted(days, 'day')} after it came. ` +
    'What is there by now counts as come today, if nothing expired there before.'
  );
}

/** EXPIRE counts in days (RFC 2449 §6.7). */
function daysOf(text: string): ExpireDays {
  const word = text.toLowerCase();
  if (word === 'never' || word === 'default') return word;
  const days = typed(text, longDurationMs, (why) => `TIME ${why}; or never, or default`) / DAY_MS;
  if (Number.isInteger(days) && days > 0) return days;
  throw new UsageError(`mail expires after whole days, such as 30d, not '${text}'; or never`);
}

export const accountExpireCommand: Command = {
  words: 'account expire',
  summary: 'Remove the mail of an account, or of a domain, some days after it came.',
  operands: [whoseOperand, afterOperand],
  flags: optionFlags('db'),
  examples: [
    'account expire alice@localhost 30d',
    'account expire @localhost 90d',
    'account expire alice@localhost never',
    'account expire alice@localhost default',
  ],
  run: expire,
};
