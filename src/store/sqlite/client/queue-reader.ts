/** What is read of the queue, on the connection of the process that asks. Each method throws a StoreError when it cannot be read. */
import type { DueDestination, Reply } from '../../queue.js';
import type {
  Attempt,
  AttemptKind,
  QueueCounts,
  QueuedRecipient,
  QueueEntry,
  QueueFilter,
  QueuePage,
} from '../../queued-mail.js';
import { damageReply, suppressionKey } from '../../rules/queue.js';
import type { Suppression } from '../../suppressions.js';
import { StoreError } from '../../errors.js';
import type { AttemptRow, DueRow, EntryFilter, EntryRow, QueueReads, SuppressionRow } from '../database/queue-reads.js';
import { QUEUE_STATES } from '../database/queue-writes.js';
import type { OpenReads } from './open-reads.js';

/** Entries of a page. */
const PAGE_LENGTH = 256;
/** Rows that are looked at for a page, whether or not they are meant: a few milliseconds. */
const ROWS_AT_ONCE = 4_000;
const ATTEMPTS_LIMIT = 200;
const DAMAGED = JSON.stringify(damageReply);
/** `destination.rest_until` of one that an administrator wants tried now. */
const RETRIED = 0;

export class QueueReader {
  readonly #open: OpenReads;

  constructor(open: OpenReads) {
    this.#open = open;
  }

  /** A row with a crash has its destination in front, so that there is room for it. */
  due(limit: number, after: DueDestination | undefined): readonly DueDestination[] {
    const nowMs = Date.now();
    const { due, crashed } = this.#reads;
    const first = after === undefined ? crashed.get(nowMs, nowMs) : undefined;
    const page = due.all(nowMs, after?.dueAtMs ?? -1, after?.destination ?? '', limit);
    const rows = first === undefined ? page : [first, ...page.filter(({ name }) => name !== first.name)];
    return rows.slice(0, limit).map(dueDestination);
  }

  nextDueAtMs(): number | undefined {
    return this.#reads.summary.nextDueAtMs();
  }

  /** Without `filter`, all in the order of their ids. */
  page(filter: QueueFilter, after: number): QueuePage {
    const last = this.#lastOf(after);
    if (last === undefined) return { entries: [], next: undefined };
    const { state, queuedBeforeMs, destination, from, to, acceptedAs } = filter;
    const found = this.#entries({
      ...{ after, last, limit: PAGE_LENGTH, before: queuedBeforeMs ?? null },
      ...{ state: state === undefined ? null : QUEUE_STATES.indexOf(state) },
      ...{ destination: destination ?? null, from: from ?? null, to: to ?? null, accepted: acceptedAs ?? null },
    });
    return { entries: found.map(entryOf), next: found.length < PAGE_LENGTH ? last : found.at(-1)?.id };
  }

  find(id: number): QueuedRecipient | undefined {
    const row = unlessDamaged(
      () => this.#reads.entry.get(id),
      () => this.#known(id, () => this.#unread(id - 1, id, 1)[0]),
    );
    const attempts = this.#reads.attempts.all(id, ATTEMPTS_LIMIT).reverse().map(attemptOf);
    return row === undefined && attempts.length === 0 ? undefined : { entry: row && entryOf(row), attempts };
  }

  count(): QueueCounts {
    return this.#reads.summary.counts();
  }

  suppression(address: string): Suppression | undefined {
    const row = this.#reads.suppression.get(suppressionKey(address));
    return row && suppressionOf(row);
  }

  suppressions(after: string): readonly Suppression[] {
    return this.#reads.suppressions.all(after, PAGE_LENGTH).map(suppressionOf);
  }

  /** The last of those that a page is looked for among. */
  #lastOf(after: number): number | undefined {
    return unlessDamaged(
      () => this.#reads.lastOf.get(after, ROWS_AT_ONCE) ?? undefined,
      () => this.#unread(after, Number.MAX_SAFE_INTEGER, PAGE_LENGTH).at(-1)?.id,
    );
  }

  /** Where the database is damaged, those that can be read, and of the others what is known of them. */
  #entries(filter: EntryFilter): readonly EntryRow[] {
    const { entries } = this.#reads;
    const { after, last, limit } = filter;
    const one = (id: number): readonly EntryRow[] => entries.all({ ...filter, after: id - 1, last: id, limit: 1 });
    const known = (row: EntryRow): readonly EntryRow[] =>
      [this.#known(row.id, () => row) ?? []].flat().filter((each) => isMeant(each, filter));
    return unlessDamaged(
      () => entries.all(filter),
      () =>
        this.#unread(after, last, ROWS_AT_ONCE)
          .flatMap((row) =>
            unlessDamaged(
              () => one(row.id),
              () => known(row),
            ),
          )
          .slice(0, limit),
    );
  }

  /** Of one whose message cannot be read, and perhaps not even its own row. */
  #known(id: number, unread: () => EntryRow | undefined): EntryRow | undefined {
    return unlessDamaged(() => this.#reads.bareEntry.get(id), unread);
  }

  #unread(after: number, last: number, limit: number): readonly EntryRow[] {
    return this.#reads.unreadEntries.all(after, last, limit).map((row) => ({ ...row, reply: DAMAGED }));
  }

  get #reads(): QueueReads {
    return this.#open.queue;
  }
}

function unlessDamaged<T>(read: () => T, otherwise: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StoreError && error.isDamage)) throw error;
    return otherwise();
  }
}

/** By what is known of it. */
function isMeant(row: EntryRow, { state, destination, to, from, before, accepted }: EntryFilter): boolean {
  const isSame = (wanted: string | null, is: string) => wanted === null || wanted.toLowerCase() === is.toLowerCase();
  const isKnown = from === null && before === null && accepted === null;
  return (
    isKnown &&
    (state === null || state === row.state) &&
    isSame(destination, row.destination) &&
    isSame(to, row.recipient)
  );
}

function dueDestination({ name, ready_at, rest_until: restUntil }: DueRow): DueDestination {
  return { destination: name, dueAtMs: ready_at, ...(restUntil === RETRIED && { isRetried: true }) };
}

function entryOf(row: EntryRow): QueueEntry {
  return {
    id: row.id,
    message: row.message,
    state: QUEUE_STATES[row.state] ?? 'corrupt',
    reversePath: row.reverse_path,
    recipient: row.recipient,
    destination: row.destination,
    octets: row.octets,
    queuedAtMs: row.queued_at,
    dueAtMs: row.due_at ?? undefined,
    expiresAtMs: row.expires_at,
    attempts: row.attempts,
    crashes: row.crashes,
    isLeased: row.leased_by !== null,
    restsUntilMs: row.rest_until === RETRIED ? undefined : (row.rest_until ?? undefined),
    restReason: row.rest_reason === null ? undefined : (JSON.parse(row.rest_reason) as Reply),
    lastReply: row.reply === null ? undefined : (JSON.parse(row.reply) as Reply),
  };
}

function attemptOf(row: AttemptRow): Attempt {
  return {
    atMs: row.at,
    durationMs: row.duration_ms ?? undefined,
    kind: row.kind as AttemptKind,
    reversePath: row.reverse_path,
    recipient: row.recipient,
    reply: JSON.parse(row.reply) as Reply,
  };
}

function suppressionOf({ address, reason, since }: SuppressionRow): Suppression {
  return { address, reason, sinceMs: since };
}
