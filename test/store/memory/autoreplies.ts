/** Autoreplies of the store in memory. */
import type { Autoreplies } from '../../../src/store/autoreplies.js';
import { ANSWERED_LIMIT, isAnswered, isInForce } from '../../../src/store/rules/autoreplies.js';
import { addressText } from '../../../src/store/rules/names.js';
import { missing, refusals } from '../../../src/store/rules/refusals.js';
import type { Address } from '../../../src/store/shapes.js';
import type { MemoryStore } from './store.js';

export function autorepliesOf(store: MemoryStore): Autoreplies {
  const { data } = store;
  const accountId = (address: Address): number =>
    data.byAddress.get(addressText(data.placed(address)))?.id ?? missing(refusals.noAccount(addressText(address)));
  const wanted = (account: number, sender: string) => {
    const found = data.autoreplies.get(account);
    const nowMs = Date.now();
    if (found === undefined || !isInForce(found.autoreply, nowMs)) return undefined;
    return isAnswered(found.answered.get(sender), nowMs) ? undefined : found;
  };
  return {
    findAutoreply: (address) => store.answers(() => data.autoreplies.get(accountId(address))?.autoreply),
    setAutoreply: async (address, autoreply) => {
      await store.answers(() => {
        store.requireLife();
        const account = accountId(address);
        if (autoreply === undefined) data.autoreplies.delete(account);
        else data.autoreplies.set(account, { autoreply, answered: new Map() });
      });
    },
    findAnswer: (account, sender) =>
      store.answers(() => {
        const { subject, text } = wanted(account, sender)?.autoreply ?? {};
        const address = data.byId.get(account)?.address;
        return address === undefined || subject === undefined || text === undefined
          ? undefined
          : { address, subject, text };
      }),
    claimAnswer: async (account, sender) =>
      store.answers(() => {
        store.requireLife();
        const answered = wanted(account, sender)?.answered;
        if (answered === undefined || answered.size >= ANSWERED_LIMIT) return 0;
        answered.set(sender, Date.now());
        return 1;
      }),
  };
}
