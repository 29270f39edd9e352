/**
 * Mail whose domain has become local while it waited: no server but this one is right for it. It is delivered here like mail that comes
 * in, or its sender is told that there is no such mailbox. As with every other server, a crash between the delivery and its outcome
 * makes one more copy.
 */
import { randomBytes } from 'node:crypto';
import { envelopeFor } from '../message/envelope.js';
import { readPath } from '../message/path.js';
import type { Deliveries, Envelope, Outgoing, Resolution, Target } from '../store/deliveries.js';
import { StoreError } from '../store/errors.js';
import type { DueDestination, LeasedMessage, LeasedRecipient, Queue, Reply } from '../store/queue.js';
import type { Time } from './job.js';
import type { Result } from './outcomes.js';

export interface LocalDeliveryOptions {
  readonly store: Pick<Deliveries, 'resolve' | 'deliver'>;
  readonly queue: Pick<Queue, 'open' | 'sending'>;
  readonly hostname: string;
  readonly attempted: (message: LeasedMessage, results: readonly Result[], time: Time) => void;
  readonly trouble: (what: string, error: unknown) => void;
}

/** Where a recipient leads whose domain is local. */
type Local = Exclude<Resolution, { kind: 'remote' }>;

const ID_BYTES = 9;
const NOTHING = Buffer.alloc(0);
const HERE = { helo: 'localhost', address: '127.0.0.1' };
const BUG: Reply = { enhanced: '4.3.0', text: 'Something went wrong here' };

export class LocalDelivery {
  readonly #options: LocalDeliveryOptions;
  /** One after the other: it is rare, and no message is in memory but for a piece. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: LocalDeliveryOptions) {
    this.#options = options;
  }

  /** Those of them that are local by now. @throws StoreError */
  async localAmong(destinations: readonly DueDestination[]): Promise<ReadonlySet<string>> {
    const local = new Set<string>();
    for (const { destination } of destinations)
      if ((await this.#resolve(`postmaster@${destination}`)) !== undefined) local.add(destination);
    return local;
  }

  /** Goes on by itself. */
  begin(message: LeasedMessage, recipients: readonly LeasedRecipient[]): void {
    if (recipients.length === 0) return;
    this.#last = this.#last.then(() => this.#attempt(message, recipients));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #attempt(message: LeasedMessage, recipients: readonly LeasedRecipient[]): Promise<void> {
    const { queue, attempted } = this.#options;
    const startedAtMs = Date.now();
    const begunAtMs = performance.now();
    queue.sending(recipients.map(({ id }) => id));
    const results: Result[] = [];
    for (const recipient of recipients) results.push(await this.#result(message, recipient));
    attempted(message, results, { startedAtMs, durationMs: Math.round(performance.now() - begunAtMs) });
  }

  async #result(message: LeasedMessage, recipient: LeasedRecipient): Promise<Result> {
    try {
      const resolution = await this.#resolve(recipient.recipient);
      if (resolution === undefined) return { recipient, kind: 'deferred', reply: NOT_LOCAL };
      if (resolution.kind !== 'local') return { recipient, kind: 'failed', reply: REFUSALS[resolution.kind] };
      const { targets } = resolution;
      await this.#deliver(message, this.#envelope(message, recipient, targets));
      return { recipient, kind: 'delivered', reply: DELIVERED, reports: reportsOf(targets) };
    } catch (error) {
      if (error instanceof StoreError) return { recipient, kind: 'deferred', reply: deferral(error) };
      this.#options.trouble('a bug kept a message from being delivered here', error);
      return { recipient, kind: 'deferred', reply: BUG };
    }
  }

  /** Undefined for what is not local. @throws StoreError */
  async #resolve(address: string): Promise<Local | undefined> {
    const { local, domain } = readPath(`<${address}>`)?.path.mailbox ?? {};
    if (local === undefined || domain === undefined) return undefined;
    const resolution = await this.#options.store.resolve({ local, domain });
    return resolution.kind === 'remote' ? undefined : resolution;
  }

  /** @throws StoreError */
  async #deliver({ message }: LeasedMessage, envelope: Envelope): Promise<void> {
    const source = this.#options.queue.open(message);
    const delivery = this.#options.store.deliver(envelope);
    try {
      for (let piece = await source.next(); piece !== undefined; piece = await source.next())
        await delivery.write(piece);
    } catch (error) {
      delivery.abort();
      throw error;
    } finally {
      source.close();
    }
    await delivery.commit();
  }

  #envelope(
    message: LeasedMessage,
    leased: LeasedRecipient,
    targets: Extract<Resolution, { kind: 'local' }>['targets'],
  ): Envelope {
    const { recipient: text, notify, originalRecipient } = leased;
    const envelope = envelopeFor([{ text, targets, notify, originalRecipient }], {
      ...{ reversePath: message.reversePath, client: HERE, protocol: 'local' },
      ...{ international: message.smtputf8, hostname: this.#options.hostname },
      ...{ id: randomBytes(ID_BYTES).toString('hex'), atMs: Date.now() },
    });
    const outgoing = targets.some(({ kind }) => kind === 'remote') ? outgoingOf(message, leased) : undefined;
    return { ...envelope, ...(outgoing && { outgoing }) };
  }
}

/** For what an alias sends on: as it waited before. */
function outgoingOf(message: LeasedMessage, { expiresAtMs }: LeasedRecipient): Outgoing {
  const { bodyKind, smtputf8, requireTls, returned, envelopeId, submitter } = message;
  return {
    ...{ trace: NOTHING, firstAttemptAtMs: Date.now(), expiresAtMs },
    ...{ bodyKind, smtputf8, requireTls, returned, envelopeId, submitter },
  };
}

/** RFC 3461 §5.2.7: of an alias of one elsewhere, whoever it goes to reports. */
function reportsOf(targets: readonly Target[]): Result['reports'] {
  if (targets.length > 1) return 'expanded';
  return targets[0]?.kind === 'local' ? 'delivered' : undefined;
}

const DELIVERED: Reply = { enhanced: '2.0.0', text: 'Delivered here: the domain is local by now' };

/** Not any more. */
const NOT_LOCAL: Reply = { enhanced: '4.3.0', text: 'The domain is local no more' };

const REFUSALS: Readonly<Record<'unknown' | 'too-many', Reply>> = {
  unknown: { enhanced: '5.1.1', text: 'There is no such mailbox here: the domain is local by now' },
  'too-many': { enhanced: '5.2.4', text: 'The address leads to too many mailboxes here' },
};

function deferral({ kind, message }: StoreError): Reply {
  if (kind.startsWith('over-quota')) return { enhanced: '4.2.2', text: 'The mailbox here is full' };
  return { enhanced: '4.3.0', text: `The message cannot be delivered here now: ${message}` };
}
