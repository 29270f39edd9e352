/** The queue where it is used: what changes it goes to the store under the name of this sender, everything else is read here. */
import { whenReady } from '../../../runtime/when-ready.js';
import type { LeasedMessage, LeaseRequest, Queue } from '../../queue.js';
import type { QueuedMail } from '../../queued-mail.js';
import type { MaybePromise } from '../../shapes.js';
import type { Source } from '../../source.js';
import { emptyFrame, FrameType, jsonFrame } from '../protocol/frames.js';
import { IDS_LIMIT, LEASE_LIMIT, type BeginRequest, type TakeNewRequest } from '../protocol/queue-requests.js';
import type { PacedReads } from './paced-reads.js';
import type { QueueReader } from './queue-reader.js';
import { replyForFrame, settlementForFrame } from './settlements.js';
import type { StoreClient } from './store-client.js';

export interface QueueOptions {
  readonly client: StoreClient;
  readonly reader: QueueReader;
  readonly reads: PacedReads;
}

export function queueOf({ client, reader, reads }: QueueOptions): Queue {
  const { sender } = client;
  return {
    async begin(name) {
      sender.begins(name);
      await client.askJson(FrameType.Begin, { sender: name, again: false } satisfies BeginRequest);
      sender.begun();
    },
    dueDestinations: (limit, after) => reader.due(limit, after),
    nextDueAtMs: () => reader.nextDueAtMs(),
    async lease(requests, leaseMs) {
      const frame = { sender: sender.name, leaseMs: Math.round(leaseMs), requests: fewOf(requests) };
      return (await client.askJson(FrameType.Lease, frame)) as readonly LeasedMessage[];
    },
    async leaseLate(late, limit, leaseMs) {
      const few = Math.min(limit, LEASE_LIMIT);
      const frame = { sender: sender.name, leaseMs: Math.round(leaseMs), late, limit: few };
      return (await client.askJson(FrameType.LeaseLate, frame)) as readonly LeasedMessage[];
    },
    ...newMailOf(client),
    sending: (ids) => client.tellNow(jsonFrame(FrameType.Sending, 0, { sender: sender.name, ids })),
    async returnAllBut(ids) {
      await client.askJson(FrameType.ReturnAllBut, { sender: sender.name, ids });
    },
    open: (message) => new LazySource(() => reads.outgoing(message)),
    async settle(settlements) {
      const frame = { sender: sender.name, settlements: settlements.map(settlementForFrame) };
      if (settlements.length > 0) await client.askJson(FrameType.Settle, frame);
    },
    async rest(destination, untilMs, reason) {
      const until = untilMs === undefined ? undefined : Math.round(untilMs);
      await client.askJson(FrameType.Rest, { destination, untilMs: until, reason: reason && replyForFrame(reason) });
    },
    watch(listener) {
      if (sender.add(listener)) client.tell(emptyFrame(FrameType.Watch, 0));
      return () => sender.remove(listener);
    },
    findSuppression: (address) => reader.suppression(address),
  };
}

function newMailOf(client: StoreClient): Pick<Queue, 'takeNew' | 'leaveNew'> {
  const { sender } = client;
  return {
    async takeNew(taker, leaseMs) {
      const frame: TakeNewRequest = { sender: sender.name, leaseMs: Math.round(leaseMs) };
      sender.takesNew(taker); // Before the first can come.
      await client.askJson(FrameType.TakeNew, frame);
    },
    async leaveNew() {
      await client.askJson(FrameType.LeaveNew);
      sender.takesNew(undefined);
    },
  };
}

export function queuedMailOf({ client, reader }: Pick<QueueOptions, 'client' | 'reader'>): QueuedMail {
  const changing =
    (change: 'hold' | 'release' | 'retry' | 'remove') =>
    async (ids: readonly number[]): Promise<number> => {
      let count = 0;
      for (let at = 0; at < ids.length; at += IDS_LIMIT)
        count += (await client.change(change, ids.slice(at, at + IDS_LIMIT))) as number;
      return count;
    };
  return {
    list: (filter, after = 0) => reader.page(filter, after),
    find: (id) => reader.find(id),
    count: () => reader.count(),
    hold: changing('hold'),
    release: changing('release'),
    retry: changing('retry'),
    remove: changing('remove'),
    listSuppressions: (after = '') => reader.suppressions(after),
    findSuppression: (address) => reader.suppression(address),
    async addSuppression(address, reason) {
      await client.change('addSuppression', address, reason);
    },
    async removeSuppression(address) {
      await client.change('removeSuppression', address);
    },
  };
}

/** As many as one lease may have. */
function fewOf(requests: readonly LeaseRequest[]): readonly LeaseRequest[] {
  let left = LEASE_LIMIT;
  return requests
    .map(({ destination, recipients }) => {
      const few = Math.min(recipients, left);
      left -= few;
      return { destination, recipients: few };
    })
    .filter(({ recipients }) => recipients > 0);
}

/** Opened when its first piece is asked for, so that whoever opens it is told then what is wrong. */
class LazySource implements Source {
  readonly #open: () => MaybePromise<Source>;
  #opened: Source | undefined;
  #isClosed = false;

  constructor(open: () => MaybePromise<Source>) {
    this.#open = open;
  }

  next(): MaybePromise<Uint8Array | undefined> {
    if (this.#isClosed) return undefined;
    if (this.#opened !== undefined) return this.#opened.next();
    return whenReady(this.#open(), (source) => {
      this.#opened = source;
      return source.next();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#opened?.close();
  }
}
