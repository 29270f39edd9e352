/**
 * What comes into the queue: a row for each recipient elsewhere. What a sender takes as it comes (new-mail.ts) is leased by the same
 * insert; the rest waits to be asked for, and whoever sends is woken.
 */
import { CRLF_OCTETS } from '../../../bytes/line-ends.js';
import type { EnvelopeRecipient, Outgoing, RemoteRecipient } from '../../deliveries.js';
import type { LeasedMessage } from '../../queue.js';
import { leased, queued, suppressionKey, type Due, type Waiting } from '../../rules/queue.js';
import type { QueueWrites } from '../database/queue-writes.js';
import type { MessageMetadata } from '../protocol/message-frame.js';
import { octetsOf } from './body-row.js';
import type { NewMail, Taker, Taking } from './new-mail.js';
import type { QueueLedger } from './queue-ledger.js';
import { stateOf } from './queue-rows.js';
import type { Suspects } from './suspects.js';

export interface QueueIntakeOptions {
  readonly writes: QueueWrites;
  readonly ledger: QueueLedger;
  readonly newMail: NewMail;
  readonly suspects: Suspects;
}

/** A message, as all its rows have it. */
interface Incoming {
  readonly message: number;
  readonly metadata: MessageMetadata;
  readonly outgoing: Outgoing;
  readonly waiting: Due;
  readonly nowMs: number;
}

/** A row that is leased. */
interface TakenRow {
  readonly id: number;
  readonly recipient: RemoteRecipient;
  readonly attempts: number;
}

/** What QueueWrites.untakable says. */
const SUSPECT_ALONE = 1;

type Lease = readonly [leasedBy: string | null, dueBefore: number | null, isAttempt: number | null];

type Late = readonly [expireAt: number | null, noticeAt: number | null];

/** Larger ones are read when they are sent, a piece at a time. */
const CONTENT_LIMIT_OCTETS = 16 * 1024;

export class QueueIntake {
  readonly #writes: QueueWrites;
  readonly #ledger: QueueLedger;
  readonly #newMail: NewMail;
  readonly #suspects: Suspects;

  constructor({ writes, ledger, newMail, suspects }: QueueIntakeOptions) {
    this.#writes = writes;
    this.#ledger = ledger;
    this.#newMail = newMail;
    this.#suspects = suspects;
  }

  /** Its body counts one that points to it for all of these. `octets`: the body, where it came whole. */
  add(body: number, metadata: MessageMetadata, outgoing: Outgoing, octets?: Uint8Array): void {
    const nowMs = Date.now();
    const remote = metadata.envelope.recipients.filter(isRemote);
    const message = this.#addMessage(body, metadata, outgoing, remote.length);
    const waiting = queued(outgoing, nowMs);
    const incoming: Incoming = { message, metadata, outgoing, waiting, nowMs };
    const taking = waiting.dueAtMs <= nowMs ? this.#newMail.takingOf(remote.length) : undefined;
    const taken = remote.flatMap((recipient) => this.#addRow(incoming, recipient, taking) ?? []);
    if (taken.length < remote.length) this.#ledger.wake();
    if (taking === undefined || taken.length === 0) return;
    this.#newMail.queued(taking, { messages: leasedMessages(incoming, taken), pieces: contentOf(incoming, octets) });
  }

  #addMessage(body: number, metadata: MessageMetadata, outgoing: Outgoing, recipients: number): number {
    const { envelope, summary } = metadata;
    const { trace, submitter = null, expiresAtMs, delayNoticeAtMs = null } = outgoing;
    const { bodyKind, smtputf8, requireTls, returned = null, envelopeId = null } = outgoing;
    const sent = octetsOf(metadata, trace);
    const added = this.#writes.addOutgoing.run(
      ...([body, recipients, sent, trace.length + summary.headerOctets] as const),
      ...([envelope.receivedAtMs, expiresAtMs, delayNoticeAtMs, envelope.reversePath, submitter] as const),
      ...([bodyKind, Number(smtputf8), Number(requireTls), returned, envelopeId, trace] as const),
    );
    return Number(added.lastInsertRowid);
  }

  /** Returns the row where it is leased. */
  #addRow(incoming: Incoming, recipient: RemoteRecipient, taking: Taking | undefined): TakenRow | undefined {
    const { message, outgoing, waiting, nowMs } = incoming;
    const { notify, originalRecipient = null } = recipient;
    const destination = this.#ledger.destination(recipient.destination);
    const taker =
      taking !== undefined && this.#isFree(destination, recipient, taking.taker, nowMs) ? taking.taker : undefined;
    const row = taker === undefined ? waiting : leased(waiting, nowMs + taker.leaseMs, true);
    const { attempts, dueAtMs = null } = row;
    const asked = notify === undefined ? null : JSON.stringify(notify);
    const added = this.#writes.add.run(
      ...([message, destination, recipient.recipient, stateOf(row), dueAtMs, attempts] as const),
      ...latenessOf(taker, outgoing, row),
      ...([asked, originalRecipient] as const),
      ...leaseOf(taker, waiting),
    );
    this.#ledger.count(undefined, stateOf(row));
    this.#ledger.touch(destination);
    return taker && { id: Number(added.lastInsertRowid), recipient, attempts };
  }

  /** Nothing stands before it, and nothing keeps it from being sent. */
  #isFree(destination: number, { recipient }: RemoteRecipient, taker: Taker, nowMs: number): boolean {
    const address = suppressionKey(recipient);
    const why = this.#writes.untakable.get({ destination, now: nowMs, address });
    return why === 0 || (why === SUSPECT_ALONE && this.#suspects.makeWay(taker, nowMs));
  }
}

/** What is late is looked for among what waits, where this comes into the indexes (QueueRows.change): nearly all leave before. */
function latenessOf(taker: Taker | undefined, { expiresAtMs }: Outgoing, { noticeAtMs }: Waiting): Late {
  return taker === undefined ? [expiresAtMs, noticeAtMs ?? null] : [null, null];
}

/** The columns of a lease. */
function leaseOf(taker: Taker | undefined, { dueAtMs }: Due): Lease {
  return taker === undefined ? [null, null, null] : [taker.sender, dueAtMs, 1];
}

function isRemote(recipient: EnvelopeRecipient): recipient is RemoteRecipient {
  return recipient.kind === 'remote';
}

/** Those of each destination beside each other, as a lease has them. */
function leasedMessages(incoming: Incoming, taken: readonly TakenRow[]): readonly LeasedMessage[] {
  const { message, metadata, outgoing } = incoming;
  const { bodyKind, smtputf8, requireTls, returned, envelopeId, submitter, trace, expiresAtMs } = outgoing;
  const { receivedAtMs, reversePath } = metadata.envelope;
  const times = { queuedAtMs: receivedAtMs, expiresAtMs, crashes: 0 };
  const shared = {
    ...{ message, reversePath, octets: octetsOf(metadata, trace) },
    ...{ headerOctets: trace.length + metadata.summary.headerOctets },
    ...{ bodyKind, smtputf8, requireTls, returned, envelopeId, submitter },
  };
  const destinations = new Set(taken.map(({ recipient }) => recipient.destination));
  return [...destinations].map((destination) => ({
    ...shared,
    recipients: taken
      .filter(({ recipient }) => recipient.destination === destination)
      .map(({ id, attempts, recipient: { recipient, notify, originalRecipient } }) => ({
        ...{ id, recipient, destination, notify, originalRecipient, attempts },
        ...times,
      })),
  }));
}

function contentOf({ metadata, outgoing }: Incoming, octets: Uint8Array | undefined): readonly Uint8Array[] {
  const { trace } = outgoing;
  if (octets === undefined || octetsOf(metadata, trace) > CONTENT_LIMIT_OCTETS) return [];
  return metadata.unterminated ? [trace, octets, CRLF_OCTETS] : [trace, octets];
}
