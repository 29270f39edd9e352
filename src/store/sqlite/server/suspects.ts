/** Rows with a crash that are due: which is leased next, and what waits for it (suspect-turns.ts says for how long). */
import type { LeaseRequest } from '../../queue.js';
import { SuspectTurns } from '../../rules/suspect-turns.js';
import type { QueuedRow, QueueWrites } from '../database/queue-writes.js';

/** A sender, and for how long it leases. */
export interface Holder {
  readonly sender: string;
  readonly leaseMs: number;
}

type SuspectWrites = Pick<QueueWrites, 'crashed' | 'destination' | 'holdsCrashed' | 'suspects'>;

export class Suspects {
  readonly #writes: SuspectWrites;
  readonly #turns = new SuspectTurns();

  constructor(writes: SuspectWrites) {
    this.#writes = writes;
  }

  /** Whether this sender has one that nothing else is to be leased beside. */
  isAlone(holder: Holder, nowMs: number): boolean {
    const sinceMs = this.#turns.sinceMs(nowMs);
    return sinceMs !== undefined && this.#holds(holder, sinceMs, nowMs);
  }

  /** Those of one message and destination: they go in one transaction. None where they are not asked for, or it is the turn of others. */
  lease(holder: Holder, requests: readonly LeaseRequest[], nowMs: number): readonly QueuedRow[] {
    const next = this.#next(holder, nowMs);
    const wanted = requests.find(({ destination }) => destination === next?.destination_name);
    if (next === undefined || wanted === undefined) return [];
    this.#turns.lease(nowMs);
    return this.#writes.suspects.all(nowMs, next.message, next.destination, wanted.recipients);
  }

  /** Whether new mail may be sent beside those that there are. */
  makeWay(holder: Holder, nowMs: number): boolean {
    return this.#turns.sinceMs(nowMs) === undefined && this.#next(holder, nowMs) === undefined;
  }

  #next(holder: Holder, nowMs: number): QueuedRow | undefined {
    if (this.#turns.isOfOthers(nowMs) || this.#holds(holder, this.#turns.waitSinceMs(nowMs), nowMs)) return undefined;
    return this.#writes.crashed.get(nowMs, nowMs);
  }

  /** Whether it has one whose lease began since then. */
  #holds({ sender, leaseMs }: Holder, sinceMs: number, nowMs: number): boolean {
    return this.#writes.holdsCrashed.get(sender, sinceMs + leaseMs, nowMs + leaseMs) !== undefined;
  }
}
