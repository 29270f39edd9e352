/**
 * What this sender has leased and not settled. Rows that the queue leases to it again, their lease having ended, are under way, and
 * are not given out twice. After an answer that was lost, what that would have told of is returned before anything else is leased.
 */
import type { Lateness, LeasedMessage, LeaseRequest, Queue } from '../store/queue.js';

/** A sender that ended is known by its end; a lease ends for nothing but a sender that is neither dead nor answers. */
const LEASE_MS = 30 * 60_000;

export class Leases {
  readonly #queue: Pick<Queue, 'lease' | 'leaseLate' | 'returnAllBut'>;
  readonly #ids = new Set<number>();
  /** Rows may be this sender's that it does not know of. */
  #isUnsure = false;

  constructor(queue: Pick<Queue, 'lease' | 'leaseLate' | 'returnAllBut'>) {
    this.#queue = queue;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** One at a time, as all of these. @throws StoreError */
  lease(requests: readonly LeaseRequest[]): Promise<readonly LeasedMessage[]> {
    return this.#take(() => this.#queue.lease(requests, LEASE_MS));
  }

  /** @throws StoreError */
  leaseLate(kind: Lateness, limit: number): Promise<readonly LeasedMessage[]> {
    return this.#take(() => this.#queue.leaseLate(kind, limit, LEASE_MS));
  }

  /** They are due again at once, and not at the end of their lease. @throws StoreError */
  async returnUnknown(): Promise<void> {
    if (this.#isUnsure) await this.#queue.returnAllBut([...this.#ids]);
    this.#isUnsure = false;
  }

  /** They are the queue's again, or gone. */
  end(ids: readonly number[]): void {
    for (const id of ids) this.#ids.delete(id);
  }

  /** What is new of that. */
  async #take(lease: () => Promise<readonly LeasedMessage[]>): Promise<readonly LeasedMessage[]> {
    this.#isUnsure = true;
    const leased = await lease();
    this.#isUnsure = false;
    const added = leased
      .map((message) => ({ ...message, recipients: message.recipients.filter(({ id }) => !this.#ids.has(id)) }))
      .filter(({ recipients }) => recipients.length > 0);
    for (const { id } of added.flatMap(({ recipients }) => recipients)) this.#ids.add(id);
    return added;
  }
}
