/** Collectors as the store changes them. Runs inside a transaction that somebody else begins and commits. */
import type {
  CollectorChange,
  CollectorClaim,
  CollectorId,
  CollectorLogin,
  CollectorRun,
  NewCollector,
} from '../../collectors.js';
import {
  changedCollector,
  claimedCollector,
  COLLECTORS_LIMIT,
  madeCollector,
  settledCollector,
} from '../../rules/collectors.js';
import { missing, refusals, refuse } from '../../rules/refusals.js';
import type { AccountId } from '../../shapes.js';
import {
  collectorLoginOf,
  collectorRow,
  prepareCollectorWrites,
  type CollectorWrites,
} from '../database/collectors.js';
import type { Connection } from '../database/driver.js';

export class CollectorWriter {
  readonly #writes: CollectorWrites;

  constructor(connection: Connection) {
    this.#writes = prepareCollectorWrites(connection);
  }

  get hasAny(): boolean {
    return this.#writes.any.get() !== undefined;
  }

  /** @throws StoreError 'refused' */
  add(account: AccountId, collector: NewCollector): CollectorId {
    const same = this.#writes.same.get(account, collector.url);
    if (same !== undefined) refuse(refusals.collectorExists(same));
    if (this.#writes.count.get(COLLECTORS_LIMIT) === COLLECTORS_LIMIT)
      refuse(refusals.tooManyCollectors(COLLECTORS_LIMIT));
    const id = (this.#writes.last.get() ?? 0) + 1;
    this.#put(madeCollector(id, collector, { account, nowMs: Date.now() }));
    return id;
  }

  /** @throws StoreError 'missing' */
  set(id: CollectorId, change: CollectorChange): void {
    this.#put(changedCollector(this.#find(id) ?? missing(refusals.noCollector(id)), change, Date.now()));
  }

  /** @throws StoreError 'missing' */
  remove(id: CollectorId): void {
    if (this.#writes.remove.run(id).changes === 0) missing(refusals.noCollector(id));
  }

  /** The account is removed. */
  detach(account: AccountId): void {
    this.#writes.removeOf.run(account);
  }

  claim(id: CollectorId, version: number, claim: CollectorClaim): number {
    return this.#become(id, version, (collector) => claimedCollector(collector, claim, Date.now()));
  }

  settle(id: CollectorId, version: number, run: CollectorRun): number {
    return this.#become(id, version, (collector) => settledCollector(collector, run, Date.now()));
  }

  #find(id: CollectorId): CollectorLogin | undefined {
    const row = this.#writes.collector.get(id);
    return row && collectorLoginOf(row);
  }

  /** Of this version alone. Returns how many were changed. */
  #become(id: CollectorId, version: number, rule: (collector: CollectorLogin) => CollectorLogin | undefined): number {
    const collector = this.#find(id);
    const next = collector?.version === version ? rule(collector) : undefined;
    if (next !== undefined) this.#put(next);
    return next === undefined ? 0 : 1;
  }

  #put(collector: CollectorLogin): void {
    this.#writes.put.run(collectorRow(collector));
  }
}
