/**
 * What this sender has leased and not settled. Rows that the queue leases to it again, their lease having ended, are under way, and
 * are not given out twice. After an answer that was lost, what that would have told of is returned before anything else is leased.
 */
import type { Lateness, LeasedMessage, LeaseRequest, NewMailTaker, Queue } from '../store/queue.js';

/** A sender that ended is known by its end; a lease ends for nothing but a sender that is neither dead nor answers. */
const LEASE_MS = 30 * 60_000;

type LeasingQueue = Pick<Queue, 'lease' | 'leaseLate' | 'returnAllBut' | 'takeNew' | 'leaveNew'>;

export class Leases {
  readonly #queue: LeasingQueue;
  readonly #ids = new Set<number>();
  readonly #taker: NewMailTaker;
  /** Rows may be this sender's that it does not know of. */
  #isUnsure = false;
  #takesNew = false;

  /** `given` gets what is new, and was not asked for. */
  constructor(queue: LeasingQueue, given: (leased: readonly LeasedMessage[]) => void) {
    this.#queue = queue;
    this.#taker = {
      leased: (messages) => given(this.#added(messages)),
      lost: () => {
        this.#isUnsure = true;
        this.#takesNew = false;
      },
    };
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

  /** What is not known is due again at once, and not at the end of its lease; from then on new mail comes by itself. @throws StoreError */
  async catchUp(): Promise<void> {
    if (this.#isUnsure) await this.#queue.returnAllBut([...this.#ids]);
    this.#isUnsure = false;
    if (this.#takesNew) return;
    await this.#queue.takeNew(this.#taker, LEASE_MS);
    this.#takesNew = true;
  }

  /** Nothing more comes. @throws StoreError */
  async leave(): Promise<void> {
    if (this.#takesNew) await this.#queue.leaveNew();
    this.#takesNew = false;
  }

  /** They are the queue's again, or gone. */
  end(ids: readonly number[]): void {
    for (const id of ids) this.#ids.delete(id);
  }

  async #take(lease: () => Promise<readonly LeasedMessage[]>): Promise<readonly LeasedMessage[]> {
    this.#isUnsure = true;
    const leased = await lease();
    this.#isUnsure = false;
    return this.#added(leased);
  }

  /** What is new of that. */
  #added(leased: readonly LeasedMessage[]): readonly LeasedMessage[] {
    const added = leased
      .map((message) => ({ ...message, recipients: message.recipients.filter(({ id }) => !this.#ids.has(id)) }))
      .filter(({ recipients }) => recipients.length > 0);
    for (const { id } of added.flatMap(({ recipients }) => recipients)) this.#ids.add(id);
    return added;
  }
}
