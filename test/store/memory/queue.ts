/** The queue of the store in memory, as a sender and as administration see it. */
import { Buffer } from 'node:buffer';
import { StoreError } from '../../../src/store/errors.js';
import type { DueDestination, LeaseRequest, Queue } from '../../../src/store/queue.js';
import type { QueuedMail, QueueFilter } from '../../../src/store/queued-mail.js';
import { held, released, retried, suppressionKey, type Waiting } from '../../../src/store/rules/queue.js';
import { refusals } from '../../../src/store/rules/refusals.js';
import type { MaybePromise } from '../../../src/store/shapes.js';
import type { Source } from '../../../src/store/source.js';
import { sourceOf, piecesOf } from './maildrop.js';
import { entryOf, messagesOf, type QueueData, type QueueRow } from './queue-data.js';
import type { MemoryStore } from './store.js';

const PAGE_LENGTH = 256;
/** In the place of when a rest ends. */
const RETRIED = 0;

export function queueOf(store: MemoryStore): Queue {
  const data = (): QueueData => store.data.queue;
  const change = async <T>(act: () => T): Promise<T> =>
    store.answers(() => {
      store.requireLife();
      return act();
    });
  const sender = (): string => {
    if (store.sender === undefined) throw new Error('a sender that has not begun');
    return store.sender;
  };
  return {
    begin: (name) =>
      change(() => {
        store.sender = name;
        store.server.senders.set(name, store);
        data().returnLeases(store.server.livingSenders);
        store.server.wake();
      }),
    dueDestinations: (limit, after) =>
      store.answers(() => {
        const page = destinationsOf(data(), data().due, after);
        const first = after === undefined ? data().suspect?.recipient.destination : undefined;
        const isFirst = ({ destination }: DueDestination) => destination === first;
        return [...page.filter(isFirst), ...page.filter((one) => !isFirst(one))].slice(0, limit);
      }),
    nextDueAtMs: () => store.answers(() => nextDueAtMs(data())),
    lease: (requests, leaseMs) =>
      change(() => {
        if (data().isAlone(sender())) return [];
        const suspected = suspects(requests);
        if (suspected.length > 0) data().turns.lease(Date.now());
        const rows = suspected.length > 0 ? suspected : requests.flatMap(unsuspected);
        data().lease(rows, sender(), Date.now() + leaseMs);
        return messagesOf(rows, true);
      }),
    leaseLate: (kind, limit, leaseMs) =>
      change(() => {
        if (data().isAlone(sender())) return [];
        const late = lateRows(data()).filter(
          ({ row, atMs }) => atMs[kind] <= Date.now() && data().readyAtMs(row) > Date.now(),
        );
        const rows = late.sort((one, other) => one.atMs[kind] - other.atMs[kind]).slice(0, limit);
        data().lease(rows.map(({ row }) => row), sender(), Date.now() + leaseMs, false); // prettier-ignore
        return messagesOf(rows.map(({ row }) => row), false); // prettier-ignore
      }),
    takeNew: (taker, leaseMs) => change(() => store.server.newMail.take(store, taker, leaseMs)),
    leaveNew: () => change(() => store.server.newMail.leave(store)),
    sending: (ids) => data().sending(sender(), ids),
    returnAllBut: (ids) =>
      change(() => {
        data().returnAllBut(sender(), [...ids, ...store.server.newMail.givenTo(store)]);
        store.server.wake();
      }),
    open: (message) => lazily(() => store.answers(() => openMessage(store, message))),
    settle: (settlements) =>
      change(() => {
        data().settle(sender(), settlements);
        if (settlements.some(({ outcome }) => outcome.kind !== 'delivered')) store.server.wake();
      }),
    rest: (destination, untilMs, reason) =>
      change(() => {
        if (untilMs === undefined) data().rests.delete(destination);
        else data().rests.set(destination, untilMs);
        data().restReasons.set(destination, untilMs === undefined ? undefined : reason);
        store.server.wake();
      }),
    watch: (listener) => {
      store.server.watchers.add(listener);
      return () => void store.server.watchers.delete(listener);
    },
    findSuppression: (address) => store.answers(() => data().suppressions.get(suppressionKey(address))),
  };

  /** Of the same message and destination. */
  function suspects(requests: readonly LeaseRequest[]): QueueRow[] {
    const first = data().nextSuspect(sender());
    const wanted = requests.find(({ destination }) => destination === first?.recipient.destination);
    if (wanted === undefined) return [];
    return dueOf(wanted.destination)
      .filter(({ message, waiting }) => message === first?.message && waiting.crashes > 0)
      .slice(0, wanted.recipients);
  }

  function unsuspected({ destination, recipients }: LeaseRequest): QueueRow[] {
    return dueOf(destination)
      .filter(({ waiting }) => waiting.crashes === 0)
      .slice(0, recipients);
  }

  function dueOf(destination: string): QueueRow[] {
    return data().due.filter(({ recipient }) => recipient.destination === destination);
  }
}

export function queuedMailOf(store: MemoryStore): QueuedMail {
  const data = (): QueueData => store.data.queue;
  const each = async (ids: readonly number[], act: (row: QueueRow) => boolean): Promise<number> =>
    store.answers(() => {
      store.requireLife();
      const changed = ids.map((id) => data().rows.get(id)).filter((row) => row !== undefined && act(row));
      store.server.wake();
      return changed.length;
    });
  const becomes = (row: QueueRow, next: Waiting | undefined): boolean => {
    if (next === undefined || row.lease !== undefined) return false;
    row.waiting = next;
    return true;
  };
  const entry = (row: QueueRow) => {
    const { destination } = row.recipient;
    const untilMs = data().rests.get(destination);
    if (untilMs === RETRIED) return entryOf(row, { restsUntilMs: undefined, restReason: undefined });
    return entryOf(row, {
      restsUntilMs: untilMs,
      restReason: untilMs === undefined ? undefined : data().restReasons.get(destination),
    });
  };
  return {
    list: (filter, after = 0) =>
      store.answers(() => {
        const found = [...data().rows.values()].filter((row) => row.id > after && isMeant(row, filter));
        const page = found.slice(0, PAGE_LENGTH);
        return { entries: page.map(entry), next: found.length > page.length ? page.at(-1)?.id : undefined };
      }),
    find: (id) =>
      store.answers(() => {
        const row = data().rows.get(id);
        const attempts = data().attempts.filter((one) => one.id === id);
        if (row === undefined && attempts.length === 0) return undefined;
        return { entry: row && entry(row), attempts };
      }),
    count: () =>
      store.answers(() => {
        const counts = { active: 0, deferred: 0, hold: 0, corrupt: 0 };
        for (const { waiting } of data().rows.values()) counts[waiting.state] += 1;
        const [oldest] = data().messages.values();
        const nextDue = nextDueAtMs(data(), ({ lease }) => lease === undefined);
        return { ...counts, oldestQueuedAtMs: oldest?.envelope.receivedAtMs ?? null, nextDueAtMs: nextDue ?? null };
      }),
    hold: (ids) => each(ids, (row) => becomes(row, held(row.waiting, Date.now()))),
    release: (ids) => each(ids, (row) => becomes(row, released(row.waiting, Date.now()))),
    retry: (ids) =>
      each(ids, (row) => {
        const isRetried = becomes(row, retried(row.waiting, Date.now()));
        if (isRetried) data().rests.set(row.recipient.destination, RETRIED);
        return isRetried;
      }),
    remove: (ids) =>
      each(ids, (row) => {
        data().remove(row, 'removed');
        return true;
      }),
    findSuppression: (address) => store.answers(() => data().suppressions.get(suppressionKey(address))),
    listSuppressions: (after = '') =>
      store.answers(() =>
        [...data().suppressions.values()]
          .filter(({ address }) => address > after)
          .toSorted((one, other) => (one.address < other.address ? -1 : 1))
          .slice(0, PAGE_LENGTH),
      ),
    addSuppression: async (address, reason) => {
      await store.answers(() => data().suppress(address, reason));
    },
    removeSuppression: async (address) => {
      await store.answers(() => {
        if (!data().suppressions.delete(suppressionKey(address)))
          throw new StoreError('missing', refusals.noSuppression(address));
      });
    },
  };
}

function destinationsOf(data: QueueData, rows: readonly QueueRow[], after?: DueDestination): DueDestination[] {
  const found = new Map<string, number>();
  for (const row of rows) {
    const { destination } = row.recipient;
    found.set(destination, Math.min(found.get(destination) ?? Infinity, data.readyAtMs(row)));
  }
  return [...found]
    .map(([destination, at]) => ({
      ...{ destination, dueAtMs: at },
      ...(data.rests.get(destination) === RETRIED && { isRetried: true }),
    }))
    .sort(inOrder)
    .filter((one) => after === undefined || inOrder(one, after) > 0);
}

function inOrder(one: DueDestination, other: DueDestination): number {
  return (
    one.dueAtMs - other.dueAtMs ||
    (one.destination < other.destination ? -1 : Number(one.destination !== other.destination))
  );
}

/** Those that could be leased because they are late. */
function lateRows(data: QueueData) {
  return [...data.rows.values()]
    .filter(({ lease, waiting }) => lease === undefined && waiting.crashes === 0 && waiting.dueAtMs !== undefined)
    .map((row) => ({
      row,
      atMs: { expired: row.message.outgoing.expiresAtMs, delayed: row.waiting.noticeAtMs ?? Infinity },
    }));
}

function nextDueAtMs(data: QueueData, isMeant: (row: QueueRow) => boolean = () => true): number | undefined {
  const due = [...data.rows.values()].filter(isMeant).map((row) => data.readyAtMs(row));
  const late = lateRows(data).flatMap(({ atMs }) => [atMs.expired, atMs.delayed]);
  const next = Math.min(...due, ...late);
  return next === Infinity ? undefined : next;
}

function isMeant({ message, recipient, waiting }: QueueRow, filter: QueueFilter): boolean {
  const { state, destination, from, to, queuedBeforeMs, acceptedAs } = filter;
  const trace = Buffer.from(message.outgoing.trace).toString();
  const same = (wanted: string | undefined, is: string) =>
    wanted === undefined || wanted.toLowerCase() === is.toLowerCase();
  return (
    (state === undefined || waiting.state === state) &&
    (queuedBeforeMs === undefined || message.envelope.receivedAtMs < queuedBeforeMs) &&
    same(destination, recipient.destination) &&
    same(from, message.envelope.reversePath) &&
    same(to, recipient.recipient) &&
    (acceptedAs === undefined || [';', '\r'].some((end) => trace.includes(` id ${acceptedAs}${end}`)))
  );
}

/** @throws StoreError 'missing' */
function openMessage(store: MemoryStore, id: number): Source {
  const message = store.data.queue.messages.get(id);
  if (message === undefined) throw new StoreError('missing', 'the message was removed');
  return sourceOf(piecesOf(message.outgoing.trace, message.body.octets, message.octets), store.answers);
}

/** Opened when its first piece is asked for. */
function lazily(open: () => MaybePromise<Source>): Source {
  let opened: MaybePromise<Source> | undefined;
  return {
    next: async () => (await (opened ??= open())).next(),
    close: () => void Promise.resolve(opened).then((source) => source?.close(), () => undefined), // prettier-ignore
  };
}
