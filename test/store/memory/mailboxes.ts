/** Administration's look at messages in the store in memory. */
import { summarize } from '../../../src/message/summary.js';
import { StoreError } from '../../../src/store/errors.js';
import type { Mailboxes, MailSummary } from '../../../src/store/mailboxes.js';
import { addressText } from '../../../src/store/rules/names.js';
import { refusals } from '../../../src/store/rules/refusals.js';
import type { Address } from '../../../src/store/shapes.js';
import type { Account, Message } from './data.js';
import { infoOf, readMessage } from './maildrop.js';
import type { MemoryStore } from './store.js';

const PAGE_LENGTH = 256;

export function mailboxesOf(store: MemoryStore): Mailboxes {
  const accountOf = (address: Address): Account => {
    const found = store.data.byAddress.get(addressText(address));
    if (found === undefined) throw new StoreError('missing', refusals.noAccount(addressText(address)));
    return found;
  };
  return {
    countMail: (address) => store.answers(() => store.data.byAddress.get(addressText(address))?.messages.length),
    listMail: (address, after) =>
      store.answers(() => {
        const account = accountOf(address);
        const behind = account.messages.filter(({ uid }) => uid > (after?.id ?? 0)).slice(0, PAGE_LENGTH);
        return behind.map((message, at) => summaryOf(account, message, (after?.number ?? 0) + at + 1));
      }),
    findMail: (address, number) =>
      store.answers(() => {
        const account = accountOf(address);
        const message = account.messages[number - 1];
        return message && summaryOf(account, message, number);
      }),
    findImported: (address, keys) =>
      store.answers(() => {
        const account = accountOf(address);
        return keys.map((key) => store.data.isImported(account, key));
      }),
    readMail: (address, id) => readMessage(store, accountOf(address), id),
  };
}

function summaryOf(account: Account, message: Message, number: number): MailSummary {
  const { from, to, subject } = summarize(message.body.octets);
  return {
    ...infoOf(account, message),
    number,
    receivedAtMs: message.receivedAtMs,
    reversePath: message.reversePath,
    from,
    to,
    subject,
  };
}
