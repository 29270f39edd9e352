/** How much waits to be sent, and since when: a few rows, whatever waits, on the connection of whoever asks. */
import type { QueueState } from '../../queue.js';
import type { QueueCounts } from '../../queued-mail.js';
import { QUEUE_STATES } from './queue-writes.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

export class QueueSummary {
  readonly #counts: ReadStatement<[], [state: number, recipients: number]>;
  readonly #oldest: ReadStatement<[], number>;
  readonly #nextReady: ReadStatement<[], number>;
  readonly #nextExpiry: ReadStatement<[], number>;
  readonly #nextNotice: ReadStatement<[], number>;

  constructor(connection: Prepares) {
    this.#counts = connection.prepare<[], [number, number]>('select state, recipients from queue_count').raw();
    this.#oldest = connection.prepare<[], number>('select queued_at from outgoing order by id limit 1').pluck();
    this.#nextReady = connection
      .prepare<[], number>('select ready_at from destination where ready_at is not null order by ready_at limit 1')
      .pluck();
    this.#nextExpiry = connection
      .prepare<[], number>(
        `select expire_at from queued where expire_at is not null and leased_by is null and crashes = 0
         order by expire_at limit 1`,
      )
      .pluck();
    this.#nextNotice = connection
      .prepare<[], number>(
        `select notice_at from queued where notice_at is not null and leased_by is null and crashes = 0
         order by notice_at limit 1`,
      )
      .pluck();
  }

  counts(): QueueCounts {
    const recipients = new Map(this.#counts.all());
    const of = (state: QueueState): number => recipients.get(QUEUE_STATES.indexOf(state)) ?? 0;
    return {
      ...{ active: of('active'), deferred: of('deferred'), hold: of('hold'), corrupt: of('corrupt') },
      ...{ oldestQueuedAtMs: this.#oldest.get() ?? null, nextDueAtMs: this.nextDueAtMs() ?? null },
    };
  }

  /** When the next row is due, expires or is to be told late. */
  nextDueAtMs(): number | undefined {
    const next = [this.#nextReady.get(), this.#nextExpiry.get(), this.#nextNotice.get()];
    const times = next.filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
