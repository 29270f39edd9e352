/** Collectors where they are used: changes go to the store, everything else is read here. */
import type { CollectorId, Collectors } from '../../collectors.js';
import { COLLECTORS_LIMIT } from '../../rules/collectors.js';
import { collectorLoginOf, collectorOf } from '../database/collectors.js';
import type { ChangeName } from '../protocol/change.js';
import type { OpenReads } from './open-reads.js';
import type { StoreClient } from './store-client.js';

export class CollectorReader implements Pick<Collectors, 'listCollectors' | 'findCollector'> {
  readonly #open: OpenReads;

  constructor(open: OpenReads) {
    this.#open = open;
  }

  /** @throws StoreError */
  listCollectors() {
    return this.#open.collectors.collectors.all(COLLECTORS_LIMIT).map(collectorOf);
  }

  /** @throws StoreError */
  findCollector(id: CollectorId) {
    const row = this.#open.collectors.collector.get(id);
    return row && collectorLoginOf(row);
  }
}

export function collectorsOf(client: StoreClient, reader: CollectorReader): Collectors {
  const counted =
    <Name extends ChangeName & keyof Collectors>(change: Name) =>
    async (...given: Parameters<Collectors[Name]>): Promise<number> =>
      (await client.change(change, ...given)) as number;
  return {
    listCollectors: () => reader.listCollectors(),
    findCollector: (id) => reader.findCollector(id),
    addCollector: counted('addCollector'),
    async setCollector(id, change) {
      await client.change('setCollector', id, change);
    },
    async removeCollector(id) {
      await client.change('removeCollector', id);
    },
    claimCollector: counted('claimCollector'),
    settleCollector: counted('settleCollector'),
  };
}
