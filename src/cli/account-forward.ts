/** `pennypost account forward`: where an account's mail goes instead of its maildrop, or as well. */
import { formatAddress } from '../message/mailbox.js';
import { requireReach } from './alias.js';
import { optionFlags, UsageError, type Command, type Flag, type Invocation, type Operand } from './command.js';
import { exit } from './exit.js';
import { accountAddress, address, addressOperand } from './operand.js';
import { outboundInForce } from './outbound-configuration.js';
import { withExistingStore } from './storage.js';
import { print } from './terminal.js';

const NONE = 'none';

const keepFlag: Flag = { name: 'keep', placeholder: '', doc: 'Deliver into its own maildrop as well.' };
const targetOperand: Operand = {
  name: 'TARGET',
  doc: 'where its mail goes, such as bob@localhost, or with outbound mail an address elsewhere; none ends it',
  repeats: true,
};

async function forward(invocation: Invocation): Promise<number> {
  const [name, ...texts] = invocation.operands;
  const account = accountAddress(name);
  const keeps = invocation.has(keepFlag.name);
  const isNone = texts.length === 1 && texts[0]?.toLowerCase() === NONE;
  if (isNone && keeps) throw new UsageError('none has nothing to keep a copy of');
  const targets = isNone ? [] : texts.map(address);
  const inForce = await outboundInForce(invocation);
  await withExistingStore(invocation.load().configuration.db, async (store) => {
    for (const target of targets) await requireReach(store, account, target, inForce);
    await store.directory.setForward(account, targets, keeps);
  });
  await print(`${formatAddress(account)} ${now(texts, { isNone, keeps })}.\n`);
  return exit.fine;
}

function now(
  texts: readonly string[],
  { isNone, keeps }: { readonly isNone: boolean; readonly keeps: boolean },
): string {
  if (isNone) return 'keeps its mail, and forwards nothing';
  return `forwards its mail to ${texts.join(', ')}${keeps ? ', and keeps it' : ''}`;
}

export const accountForwardCommand: Command = {
  words: 'account forward',
  summary: "Forward an account's mail to other addresses.",
  operands: [addressOperand, targetOperand],
  flags: [keepFlag, ...optionFlags('db', 'outbound', 'relay')],
  examples: [
    'account forward alice@localhost bob@localhost',
    'account forward alice@localhost bob@localhost carol@localhost --keep',
    'account forward alice@localhost none',
  ],
  run: forward,
};
