/**
 * Mail whose domain has become local while it waited: no server but this one is right for it. It is delivered here like mail that comes
 * in, or its sender is told that there is no such mailbox. As with every other server, a crash between the delivery and its outcome
 * makes one more copy.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { envelopeFor } from '../message/envelope.js';
import { readPath } from '../message/path.js';
import type { Deliveries, Envelope, Outgoing, Resolution, Target } from '../store/deliveries.js';
import { StoreError } from '../store/errors.js';
import type { DueDestination, LeasedMessage, LeasedRecipient, Queue, Reply } from '../store/queue.js';
import { BUG } from './attempt.js';
import type { Time } from './job.js';
import type { Result } from './outcomes.js';

export interface LocalDeliveryOptions {
  readonly store: Pick<Deliveries, 'resolve' | 'deliver'>;
  readonly queue: Pick<Queue, 'open' | 'sending'>;
  readonly hostname: string;
  readonly attempted: (message: LeasedMessage, results: readonly Result[], time: Time) => void;
  readonly returned: (recipients: readonly LeasedRecipient[]) => void;
  readonly trouble: (what: string, error: unknown) => void;
}

/** Where a recipient leads whose domain is local. */
type Local = Exclude<Resolution, { kind: 'remote' }>;

const ID_BYTES = 9;
/** Recipients of one message whose outcomes are stored, and told, together. */
const AT_ONCE = 10;
const NOTHING = Buffer.alloc(0);
const HERE = { helo: 'localhost', address: '127.0.0.1' };

export class LocalDelivery {
  readonly #options: LocalDeliveryOptions;
  /** One after the other: it is rare, and no message is in memory but for a piece. */
  #last: Promise<void> = Promise.resolve();
  #isDraining = false;

  constructor(options: LocalDeliveryOptions) {
    this.#options = options;
  }

  /** Those of them that are local by now. @throws StoreError */
  async localAmong(destinations: readonly Pick<DueDestination, 'destination'>[]): Promise<ReadonlySet<string>> {
    const local = new Set<string>();
    for (const { destination } of destinations)
      if ((await this.#resolve(`postmaster@${destination}`)) !== undefined) local.add(destination);
    return local;
  }

  /** Goes on by itself. */
  begin(message: LeasedMessage, recipients: readonly LeasedRecipient[]): void {
    for (let at = 0; at < recipients.length; at += AT_ONCE)
      this.#last = this.#last.then(() => this.#attempt(message, recipients.slice(at, at + AT_ONCE)));
  }

  /** Gives back what has not begun. Resolves when nothing is under way, or the time is over. */
  async drain(patienceMs: number): Promise<void> {
    this.#isDraining = true;
    await Promise.race([this.#last, setTimeout(patienceMs, undefined, { ref: false })]);
  }

  async #attempt(message: LeasedMessage, recipients: readonly LeasedRecipient[]): Promise<void> {
    const { queue, attempted, returned } = this.#options;
    const startedAtMs = Date.now();
    const begunAtMs = performance.now();
    const results: Result[] = [];
    for (const recipient of recipients) {
      if (this.#isDraining) break;
      queue.sending([recipient.id]);
      results.push(await this.#result(message, recipient));
    }
    const left = recipients.slice(results.length);
    if (left.length > 0) returned(left);
    if (results.length > 0)
      attempted(message, results, { startedAtMs, durationMs: Math.round(performance.now() - begunAtMs) });
  }

  async #result(message: LeasedMessage, recipient: LeasedRecipient): Promise<Result> {
    try {
      const resolution = await this.#resolve(recipient.recipient);
      if (resolution === undefined) return { recipient, kind: 'deferred', reply: NOT_LOCAL };
      if (resolution.kind !== 'local') return { recipient, ...NOT_DELIVERED[resolution.kind] };
      const { targets } = resolution;
      await this.#deliver(message, this.#envelope(message, recipient, targets));
      return { recipient, kind: 'delivered', reply: DELIVERED, reports: reportsOf(targets) };
    } catch (error) {
      if (error instanceof StoreError)
        return { recipient, kind: error.isDamage ? 'corrupt' : 'deferred', reply: deferral(error) };
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

/** For what an alias sends on: as it waited before, and counted for whoever submitted it then. */
function outgoingOf(message: LeasedMessage, { expiresAtMs }: LeasedRecipient): Outgoing {
  const { bodyKind, smtputf8, requireTls, returned, envelopeId } = message;
  return {
    ...{ trace: NOTHING, firstAttemptAtMs: Date.now(), expiresAtMs },
    ...{ bodyKind, smtputf8, requireTls, returned, envelopeId },
  };
}

/** RFC 3461 §5.2.7.2: of an alias of one elsewhere, whoever it goes to reports. */
function reportsOf(targets: readonly Target[]): Result['reports'] {
  if (targets.length > 1) return 'expanded';
  return targets[0]?.kind === 'local' ? 'delivered' : undefined;
}

const DELIVERED: Reply = { enhanced: '2.0.0', text: 'Delivered here: the domain is local by now' };

/** Not any more. */
const NOT_LOCAL: Reply = { enhanced: '4.3.0', text: 'The domain is local no more' };

/** Aliases that lead to too many are mended here: nobody is told of them. */
const NOT_DELIVERED: Readonly<Record<'unknown' | 'disabled' | 'too-many', Omit<Result, 'recipient'>>> = {
  unknown: {
    ...{
      kind: 'failed',
      reply: { enhanced: '5.1.1', text: 'There is no such mailbox here: the domain is local by now' },
    },
  },
  disabled: {
    ...{ kind: 'failed', reply: { enhanced: '5.2.1', text: 'The mailbox here is disabled and takes no mail' } },
  },
  'too-many': {
    ...{ kind: 'deferred', reply: { enhanced: '4.2.4', text: 'The address leads to too many mailboxes here' } },
  },
};

function deferral({ kind, message }: StoreError): Reply {
  if (kind.startsWith('over-quota')) return { enhanced: '4.2.2', text: 'The mailbox here is full' };
  return { enhanced: '4.3.0', text: `The message cannot be delivered here now: ${message}` };
}
