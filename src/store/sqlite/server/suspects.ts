/** Rows with a crash that are due: which is leased next, and what waits for it (suspect-turns.ts says for how long). */
import type { LeaseRequest } from '../../queue.js';
import { SuspectTurns } from '../../rules/suspect-turns.js';
import type { QueuedRow, QueueWrites } from '../database/queue-writes.js';

type SuspectWrites = Pick<QueueWrites, 'crashed' | 'destination' | 'holdsCrashed' | 'suspects'>;

export class Suspects {
  readonly #writes: SuspectWrites;
  readonly #turns = new SuspectTurns();

  constructor(writes: SuspectWrites) {
    this.#writes = writes;
  }

  /** Whether this sender has one that nothing else is to be leased beside. */
  isAlone({ sender, leaseMs }: { readonly sender: string; readonly leaseMs: number }, nowMs: number): boolean {
    const sinceMs = this.#turns.sinceMs(nowMs);
    return sinceMs !== undefined && this.#writes.holdsCrashed.get(sender, sinceMs + leaseMs) !== undefined;
  }

  /** Those of one message and destination: they go in one transaction. None where they are not asked for, or it is the turn of others. */
  lease(requests: readonly LeaseRequest[], nowMs: number): readonly QueuedRow[] {
    const next = this.#next(nowMs);
    const wanted = requests.find(({ destination }) => destination === next?.destination_name);
    if (next === undefined || wanted === undefined) return [];
    this.#turns.lease(nowMs);
    return this.#writes.suspects.all(nowMs, next.message, next.destination, wanted.recipients);
  }

  /** Whether new mail may be sent beside those that there are. */
  makeWay(nowMs: number): boolean {
    return this.#turns.sinceMs(nowMs) === undefined && this.#next(nowMs) === undefined;
  }

  #next(nowMs: number): QueuedRow | undefined {
    return this.#turns.isOfOthers(nowMs) ? undefined : this.#writes.crashed.get(nowMs, nowMs);
  }
}
