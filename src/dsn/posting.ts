/**
 * A report on its way to the sender of the message: into a maildrop here, or into the queue. From the null reverse-path, so that no
 * report is answered by another (RFC 5321 §4.5.5, §6.1); nothing is posted where nobody can be told.
 */
import { Buffer, isAscii as areAscii } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { isAscii } from '../message/domain.js';
import { envelopeFor } from '../message/envelope.js';
import { readPath } from '../message/path.js';
import type { Recipient } from '../message/recipient.js';
import type { Deliveries, Envelope, Outgoing } from '../store/deliveries.js';
import type { Settlement } from '../store/queue.js';
import { composeReport } from './compose.js';
import type { Report } from './report.js';

export interface PostingOptions {
  readonly store: Pick<Deliveries, 'resolve' | 'deliver'>;
  readonly hostname: string;
  /** The first local one, where postmaster lives. */
  readonly domain: string;
  /** Until when a report to another domain is tried; undefined where nothing is sent on. */
  readonly expiresAtMs: ((nowMs: number) => number) | undefined;
}

export interface Posting {
  readonly report: Report;
  /** Outcomes that are durable with it, or are not (Envelope.settles). */
  readonly settles?: readonly Settlement[];
  /** The message was to go by TLS alone: so does what is told of it (RFC 8689 §5). */
  readonly requireTls: boolean;
}

const ID_BYTES = 9;

/** A message of ours, from the null reverse-path. */
export interface Notice {
  /** Unlike that of every other. */
  readonly id: string;
  readonly nowMs: number;
  readonly octets: Buffer;
  readonly requireTls: boolean;
  /** Whether its header is not ASCII, whomever it goes to. */
  readonly isInternational?: boolean;
}

export function newId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

/**
 * Resolves with 'told' when the report is durable, with 'nobody' when there is no such sender.
 * @throws StoreError; 'missing' when the outcomes are somebody else's by now, or whom it is for was removed
 */
export async function postReport(posting: Posting, options: PostingOptions): Promise<'told' | 'nobody'> {
  const { hostname, domain } = options;
  const made = { id: newId(), nowMs: Date.now() };
  const addressee = await addresseeOf(posting.report.message.reversePath, options);
  if (addressee === undefined) return 'nobody';
  const octets = await composeReport(posting.report, { hostname, domain, ...made });
  await postNotice(addressee, { ...made, octets, requireTls: posting.requireTls }, options, posting.settles);
  return 'told';
}

/** Resolves when it is durable, and what it settles with it. @throws StoreError as above */
export async function postNotice(
  addressee: Recipient,
  notice: Notice,
  options: PostingOptions,
  settles?: readonly Settlement[],
): Promise<void> {
  const envelope = envelopeOf(addressee, notice, options);
  const delivery = options.store.deliver(settles === undefined ? envelope : { ...envelope, settles });
  await delivery.write(notice.octets);
  await delivery.commit();
}

/** Who is told, and where; undefined when nobody can be. */
export async function addresseeOf(
  reversePath: string,
  { store, domain: ownDomain, expiresAtMs }: PostingOptions,
): Promise<Recipient | undefined> {
  const mailbox = readPath(`<${reversePath}>`)?.path.mailbox;
  if (mailbox === undefined) return undefined;
  const { local, domain = ownDomain } = mailbox;
  const found = await store.resolve({ local, domain });
  const targets =
    found.kind === 'local'
      ? found.targets
      : found.kind === 'remote'
        ? [{ kind: 'remote' as const, address: reversePath, destination: domain }]
        : [];
  const reached = expiresAtMs === undefined ? targets.filter(({ kind }) => kind === 'local') : targets;
  return reached.length === 0 ? undefined : { text: reversePath, targets: reached };
}

function envelopeOf(addressee: Recipient, made: Notice, { hostname, expiresAtMs }: PostingOptions): Envelope {
  const { id, nowMs } = made;
  const envelope = envelopeFor([addressee], {
    ...{ reversePath: '', client: { helo: 'localhost', address: '127.0.0.1' }, protocol: 'local' },
    ...{ international: made.isInternational === true || !isAscii(addressee.text), hostname, id, atMs: nowMs },
  });
  const isSentOn = addressee.targets.some(({ kind }) => kind === 'remote');
  if (!isSentOn || expiresAtMs === undefined) return envelope;
  return { ...envelope, outgoing: outgoingOf(addressee, made, expiresAtMs(nowMs)) };
}

function outgoingOf(
  { text }: Recipient,
  { nowMs, octets, requireTls, isInternational }: Notice,
  expiresAtMs: number,
): Outgoing {
  return {
    trace: Buffer.alloc(0), // It begins here.
    firstAttemptAtMs: nowMs,
    expiresAtMs,
    bodyKind: areAscii(octets) ? '7bit' : '8bitmime',
    smtputf8: isInternational === true || !isAscii(text),
    requireTls,
  };
}
