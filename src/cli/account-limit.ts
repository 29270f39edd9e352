/** `pennypost account limit`: how many recipients in other domains an account may send to, and has sent to. */
import { limit } from '../config/units.js';
import { formatAddress } from '../message/mailbox.js';
import type { OwnLimit, OwnLimits, RecipientUse } from '../store/recipient-limits.js';
import { jsonFlag, optionFlags, type Command, type Flag, type Invocation } from './command.js';
import { exit } from './exit.js';
import { accountAddress, addressOperand } from './operand.js';
import { outboundInForce, type OutboundInForce } from './outbound-configuration.js';
import { withExistingStore } from './storage.js';
import { printJson, printTable } from './terminal.js';
import { typed } from './typed.js';

const perHourFlag: Flag = {
  name: 'per-hour',
  placeholder: 'N',
  doc: 'Recipients in an hour: a number; none takes the limit away, default gives that of the server back.',
};
const perDayFlag: Flag = { name: 'per-day', placeholder: 'N', doc: 'The same in a day.' };

async function limitAccount(invocation: Invocation): Promise<number> {
  const account = accountAddress(invocation.operands[0]);
  const change = { ...given(invocation, perHourFlag, 'perHour'), ...given(invocation, perDayFlag, 'perDay') };
  const usual = await outboundInForce(invocation);
  const use = await withExistingStore(invocation.load().configuration.db, async ({ directory }) => {
    if (Object.keys(change).length > 0) await directory.setRecipientLimits(account, change);
    return directory.findRecipientUse(account);
  });
  if (invocation.has(jsonFlag.name)) await printJson({ account: formatAddress(account), ...use });
  else await printTable(['what', 'value'], [['account', formatAddress(account)], ...rows(use, usual)]);
  return exit.fine;
}

/** Nothing when it was not said: then it stays as it was. */
function given(invocation: Invocation, { name }: Flag, key: keyof OwnLimits): Partial<OwnLimits> {
  const text = invocation.text(name);
  return text === undefined ? {} : { [key]: ownLimit(text) };
}

function ownLimit(text: string): OwnLimit {
  if (text.toLowerCase() === 'default') return 'default';
  return typed(text, limit, (why) => `a limit ${why}; or none, or default`) ?? 'none';
}

function rows({ lastHour, lastDay, own }: RecipientUse, usual: OutboundInForce): readonly (readonly string[])[] {
  return [
    ['sent in the last hour', sentOf(lastHour, own.perHour, usual.maxRecipientsPerHour)],
    ['sent in the last day', sentOf(lastDay, own.perDay, usual.maxRecipientsPerDay)],
    ['limits of every account', usual.whose],
  ];
}

function sentOf(sent: number, own: OwnLimit, usual: number | undefined): string {
  const limited = own === 'default' ? (usual ?? 'none') : own;
  const whose = own === 'default' ? 'as every account' : 'its own';
  return limited === 'none' ? `${sent}, without a limit (${whose})` : `${sent} of ${limited} (${whose})`;
}

export const accountLimitCommand: Command = {
  words: 'account limit',
  summary: 'Show or set how many recipients in other domains an account may send to.',
  operands: [addressOperand],
  flags: [perHourFlag, perDayFlag, jsonFlag, ...optionFlags('db', 'maxRecipientsPerHour', 'maxRecipientsPerDay')],
  examples: [
    'account limit alice@localhost',
    'account limit alice@localhost --per-hour 1000 --per-day 5000',
    'account limit alice@localhost --per-day default',
  ],
  run: limitAccount,
};
