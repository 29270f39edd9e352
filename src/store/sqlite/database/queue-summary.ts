/** How much waits to be sent, and since when: a few rows, whatever waits, on the connection of whoever asks. */
import type { QueueState } from '../../queue.js';
import type { QueueCounts } from '../../queued-mail.js';
import { QUEUE_STATES } from './queue-writes.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

/** Destinations that are looked at together; seldom more than the first of them. */
const PAGE = 50;

interface NextRow {
  readonly name: string;
  readonly ready_at: number;
  readonly next_at: number | null;
}

export class QueueSummary {
  readonly #counts: ReadStatement<[], [state: number, recipients: number]>;
  readonly #oldest: ReadStatement<[], number>;
  readonly #nextReady: ReadStatement<[], number>;
  /** By destination, when its first row that nobody has leased is due: not before the destination is ready. */
  readonly #nextWaiting: ReadStatement<[readyAt: number, name: string, limit: number], NextRow>;
  readonly #nextExpiry: ReadStatement<[], number>;
  readonly #nextNotice: ReadStatement<[], number>;

  constructor(connection: Prepares) {
    this.#counts = connection.prepare<[], [number, number]>('select state, recipients from queue_count').raw();
    this.#oldest = connection.prepare<[], number>('select queued_at from outgoing order by id limit 1').pluck();
    this.#nextReady = connection
      .prepare<[], number>('select ready_at from destination where ready_at is not null order by ready_at limit 1')
      .pluck();
    this.#nextWaiting = connection.prepare(`
      select name, ready_at, max(ready_at, (
        select due_at from queued where queued.destination = destination.id and due_at > 0 and leased_by is null
        order by due_at limit 1)) as next_at
      from destination where ready_at is not null and (ready_at, name) > (?, ?) order by ready_at, name limit ? + 0`);
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
      ...{ oldestQueuedAtMs: this.#oldest.get() ?? null },
      nextDueAtMs: earliest([this.#nextWaitingAtMs(), this.#nextExpiry.get(), this.#nextNotice.get()]) ?? null,
    };
  }

  /** When the next row is due, expires or is to be told late, or a lease ends. */
  nextDueAtMs(): number | undefined {
    return earliest([this.#nextReady.get(), this.#nextExpiry.get(), this.#nextNotice.get()]);
  }

  /** Of what nobody has leased. A destination that is ready later than the earliest that was found has nothing earlier. */
  #nextWaitingAtMs(): number | undefined {
    let found: number | undefined;
    let page = this.#nextWaiting.all(-1, '', PAGE);
    for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
      found = earliest([found, ...page.map(({ next_at: nextAt }) => nextAt ?? undefined)]);
      if (page.length < PAGE || (found !== undefined && found <= last.ready_at)) break;
      page = this.#nextWaiting.all(last.ready_at, last.name, PAGE);
    }
    return found;
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
