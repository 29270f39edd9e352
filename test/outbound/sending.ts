/** A dispatcher over the store in memory, and servers that do what a test says, over real sockets. */
import type { Client } from '../../src/outbound/client/connection.js';
import { SmtpClient } from '../../src/outbound/client/client.js';
import { parseRelayUrl } from '../../src/outbound/client/relay-url.js';
import { Dispatcher } from '../../src/outbound/dispatcher.js';
import type { DispatcherLimits } from '../../src/outbound/dispatcher-options.js';
import type { Attempt, OutcomeObserver } from '../../src/outbound/outcomes.js';
import { nextHops } from '../../src/outbound/relays.js';
import { RouteTable, type RouteEntry, type Router } from '../../src/outbound/routes.js';
import { Schedule, type ScheduleOptions } from '../../src/outbound/schedule.js';
import type { Envelope, Outgoing, RemoteRecipient } from '../../src/store/deliveries.js';
import type { LeasedMessage, LeaseRequest, Queue } from '../../src/store/queue.js';
import type { QueueEntry } from '../../src/store/queued-mail.js';
import type { MemoryServer, MemoryStore } from '../store/memory/store.js';

export const SENDER = 'alice@example.org';
const DAY_MS = 24 * 3_600_000;

const LIMITS: DispatcherLimits = {
  ...{ first: 5, most: 20, failures: 3, firstProbe: 200, longestProbe: 400 },
  ...{ connections: 40, messages: 100, idle: 2_000, unsent: 60_000, waiting: 500, recipients: 50, leased: 1_000 },
};

export interface SendingOptions {
  readonly relays?: readonly string[];
  readonly routes?: readonly RouteEntry[];
  /** In the place of these and the relays. */
  readonly router?: Router;
  readonly limits?: Partial<DispatcherLimits>;
  readonly schedule?: Partial<ScheduleOptions>;
  /** In the place of what the queue, or the client, does by itself. */
  readonly queue?: (queue: Queue) => Partial<Queue>;
  readonly client?: (client: Client) => Client;
  /** In the place of what the store says of a report. */
  readonly deliver?: MemoryStore['deliver'];
}

export interface Queued {
  readonly to: readonly string[];
  readonly from?: string;
  readonly text?: string;
  readonly outgoing?: Partial<Outgoing>;
  readonly recipient?: Partial<RemoteRecipient>;
}

/** What a test wants to know of a dispatcher's doings. */
export class Sending implements OutcomeObserver {
  readonly attempts: Attempt[] = [];
  readonly untoldOf: string[] = [];
  readonly troubles: unknown[] = [];
  readonly leases: (readonly LeaseRequest[])[] = [];
  readonly store: MemoryStore;
  readonly dispatcher: Dispatcher;
  #drained = false;

  constructor(server: MemoryServer, options: SendingOptions = {}) {
    const { relays = [], routes = [], limits = {}, schedule = {} } = options;
    this.store = server.connect();
    const queue = { ...this.store.queue, ...options.queue?.(this.store.queue) };
    const client = new SmtpClient({ name: 'mail.example.org' });
    this.dispatcher = new Dispatcher({
      ...{ name: `sender ${Math.random()}`, queue: this.#watched(queue), observer: this },
      store: {
        resolve: (address) => this.store.resolve(address),
        deliver: options.deliver ?? ((envelope) => this.store.deliver(envelope)),
      },
      retry: (ids) => this.store.queuedMail.retry(ids),
      ...{ hostname: 'mail.example.org', domain: 'example.org', limits: { ...LIMITS, ...limits } },
      router: options.router ?? new RouteTable(nextHops(relays.map(parseRelayUrl), 'secret'), routes),
      client: options.client?.(client) ?? client,
      schedule: new Schedule({
        ...{ minimalBackoff: 300_000, maximalBackoff: 14_400_000, queueLifetime: 5 * DAY_MS, delayWarning: 0 },
        ...schedule,
      }),
    });
  }

  async start(): Promise<this> {
    await this.dispatcher.start();
    return this;
  }

  async stop(patienceMs = 0): Promise<void> {
    if (this.#drained) return;
    this.#drained = true;
    await this.dispatcher.drain(patienceMs);
    await this.store.close();
  }

  attempted(attempt: Attempt): void {
    this.attempts.push(attempt);
  }

  untold({ reversePath }: LeasedMessage): void {
    this.untoldOf.push(reversePath);
  }

  trouble(what: string, error: unknown): void {
    this.troubles.push(what, error);
  }

  #watched(queue: Queue): Queue {
    return {
      ...queue,
      lease: (requests, leaseMs) => {
        this.leases.push(requests);
        return queue.lease(requests, leaseMs);
      },
    };
  }
}

/** An account that no limit is for. */
const SUBMITTER = 1;

/** Puts a message into the queue, as submission does. */
export async function enqueue(store: MemoryStore, { to, from = SENDER, text, ...more }: Queued): Promise<void> {
  const nowMs = Date.now();
  const envelope: Envelope = {
    reversePath: from,
    receivedAtMs: nowMs,
    recipients: to.map((recipient) => ({
      ...{ kind: 'remote', recipient, destination: recipient.slice(recipient.lastIndexOf('@') + 1) },
      ...more.recipient,
    })),
    outgoing: {
      trace: Buffer.from('Received: by mail.example.org; Mon, 30 Nov 2026 10:12:05 +0000\r\n'),
      ...{ firstAttemptAtMs: nowMs, expiresAtMs: nowMs + 5 * DAY_MS },
      ...{ bodyKind: '7bit', smtputf8: false, requireTls: false, submitter: SUBMITTER, ...more.outgoing },
    },
  };
  const delivery = store.deliver(envelope);
  await delivery.write(Buffer.from(text ?? 'Subject: Scan 7\r\nFrom: alice@example.org\r\n\r\nHello\r\n'));
  await delivery.commit();
}

export async function entries(store: MemoryStore): Promise<readonly QueueEntry[]> {
  return (await store.queuedMail.list({})).entries;
}

/** All messages of a maildrop here. */
export async function mailOf(store: MemoryStore, address: string): Promise<readonly string[]> {
  const found = store.data.byAddress.get(address)?.messages ?? [];
  return Promise.resolve(found.map(({ trace, body }) => Buffer.concat([trace, body.octets]).toString()));
}
