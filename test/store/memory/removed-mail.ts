/** Messages that were removed, in the store in memory. */
import { summarize } from '../../../src/message/summary.js';
import { StoreError } from '../../../src/store/errors.js';
import type { Maildrop } from '../../../src/store/maildrops.js';
import type { RemovedMail, RemovedSummary } from '../../../src/store/removed-mail.js';
import { addressText } from '../../../src/store/rules/names.js';
import { refusals, refuse } from '../../../src/store/rules/refusals.js';
import type { Address } from '../../../src/store/shapes.js';
import type { Account, RemovedMessage } from './data.js';
import type { MemoryStore } from './store.js';

const PAGE_LENGTH = 256;

export function removedMailOf(store: MemoryStore): RemovedMail {
  const accountOf = (address: Address): Account => {
    store.data.purge();
    const found = store.data.byAddress.get(addressText(address));
    if (found === undefined) throw new StoreError('missing', refusals.noAccount(addressText(address)));
    return found;
  };
  const holding = async <T>(address: Address, work: (account: Account, maildrop: Maildrop) => T | Promise<T>) => {
    const account = accountOf(address);
    const maildrop = await store.open(account.id, { from: 'an administrator', isAdministration: true });
    try {
      return await work(account, maildrop);
    } finally {
      await maildrop.release();
    }
  };
  return {
    listRemoved: (address, after) =>
      store.answers(() =>
        accountOf(address)
          .removed.filter(({ message }) => message.uid > (after?.id ?? 0))
          .slice(0, PAGE_LENGTH)
          .map(summaryOf),
      ),
    restoreMail: async (address, numbers) =>
      store.answers(() => store.data.restore(accountOf(address), numbers, 'new')),
    restoreTo: (address, atMs) =>
      holding(address, (account) => {
        const { purgedToMs } = account;
        if (purgedToMs > atMs) refuse(refusals.isPurged(addressText(address), new Date(purgedToMs).toISOString()));
        const since = account.removed.filter(({ removedAtMs }) => removedAtMs > atMs).map(({ number }) => number);
        return store.data.restore(account, since, 'before');
      }),
    removeMail: (address, numbers) =>
      holding(address, async (_, maildrop) => {
        for (const number of numbers.flat()) if (number > maildrop.count) refuse(refusals.noMessage(number));
        await maildrop.remove(numbers);
        return store.data.keepsRemoved ? 'kept' : 'not-kept';
      }),
    removeMailById: async (address, ids, by) => {
      const account = accountOf(address);
      const maildrop = await store.open(account.id, { from: by, isAdministration: true });
      const chosen = account.messages.flatMap(({ uid }, at) => (ids === 'all' || ids.includes(uid) ? [at + 1] : []));
      await maildrop.remove(chosen.map((number) => [number, number] as const));
      await maildrop.release();
      return store.data.keepsRemoved ? 'kept' : 'not-kept';
    },
    restoreMailById: async (address, ids) =>
      store.answers(() => {
        const account = accountOf(address);
        const meant = account.removed.filter(({ message }) => ids.includes(message.uid));
        return store.data.restore(
          account,
          meant.map(({ number }) => number),
          'new',
        );
      }),
  };
}

function summaryOf({ number, message, removedAtMs, client }: RemovedMessage): RemovedSummary {
  const { uid: id, octets, receivedAtMs, body } = message;
  const { from, to, subject } = summarize(body.octets);
  return { number, id, removedAtMs, client, receivedAtMs, octets, from, to, subject };
}
