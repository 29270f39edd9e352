/** Collectors of the store in memory. */
import type { CollectorLogin, Collectors } from '../../../src/store/collectors.js';
import { StoreError } from '../../../src/store/errors.js';
import {
  changedCollector,
  claimedCollector,
  COLLECTORS_LIMIT,
  madeCollector,
  settledCollector,
} from '../../../src/store/rules/collectors.js';
import { addressText } from '../../../src/store/rules/names.js';
import { missing, refusals } from '../../../src/store/rules/refusals.js';
import type { MemoryStore } from './store.js';

export function collectorsOf(store: MemoryStore): Collectors {
  const { collectors, byAddress } = store.data;
  const change = async <T>(act: () => T): Promise<T> =>
    store.answers(() => {
      store.requireLife();
      return act();
    });
  const put = (collector: CollectorLogin): void => void collectors.set(collector.id, collector);
  const become = (id: number, version: number, rule: (collector: CollectorLogin) => CollectorLogin | undefined) =>
    change(() => {
      const collector = collectors.get(id);
      const next = collector?.version === version ? rule(collector) : undefined;
      if (next !== undefined) put(next);
      return next === undefined ? 0 : 1;
    });
  return {
    listCollectors: () => store.answers(() => [...collectors.values()].map((one) => ({ ...one, password: undefined }))),
    findCollector: (id) => store.answers(() => collectors.get(id)),
    addCollector: (added) =>
      change(() => {
        const account = byAddress.get(addressText(added.into))?.id;
        if (account === undefined) return missing(refusals.noAccount(addressText(added.into)));
        const same = [...collectors.values()].find((one) => one.account === account && one.url === added.url);
        if (same !== undefined) throw new StoreError('refused', refusals.collectorExists(same.id));
        if (collectors.size === COLLECTORS_LIMIT)
          throw new StoreError('refused', refusals.tooManyCollectors(COLLECTORS_LIMIT));
        const id = Math.max(0, ...collectors.keys()) + 1;
        put(madeCollector(id, added, { account, nowMs: Date.now() }));
        return id;
      }),
    setCollector: (id, given) =>
      change(() => {
        const collector = collectors.get(id) ?? missing(refusals.noCollector(id));
        put(changedCollector(collector, given, Date.now()));
      }),
    removeCollector: (id) =>
      change(() => {
        if (!collectors.delete(id)) missing(refusals.noCollector(id));
      }),
    claimCollector: (id, version, claim) =>
      become(id, version, (collector) => claimedCollector(collector, claim, Date.now())),
    settleCollector: (id, version, run) =>
      become(id, version, (collector) => settledCollector(collector, run, Date.now())),
  };
}
