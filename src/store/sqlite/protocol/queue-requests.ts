/** What may stand in the JSON of the frames that are about the queue; as strict as requests.ts. */
import { Buffer } from 'node:buffer';
import type { Outgoing, RemoteRecipient } from '../../deliveries.js';
import type { RecipientLimits } from '../../recipient-limits.js';
import type { LeaseRequest, Lateness, Outcome, Reply, Settlement } from '../../queue.js';
import { flag, list, natural, oneOf, optional, requireShape, shaped, text, type Check, type Shape } from './checks.js';
import { readJson } from './frames.js';

export interface BeginRequest {
  readonly sender: string;
  /** It lived before this store did: nobody's leases return. */
  readonly again: boolean;
}

export interface LeaseFrame {
  readonly sender: string;
  readonly leaseMs: number;
  readonly requests: readonly LeaseRequest[];
}

export interface LeaseLateFrame {
  readonly sender: string;
  readonly leaseMs: number;
  readonly late: Lateness;
  readonly limit: number;
}

export interface TakeNewRequest {
  readonly sender: string;
  readonly leaseMs: number;
}

/** Rows that a sender has leased. */
export interface LeasedRequest {
  readonly sender: string;
  readonly ids: readonly number[];
}

export interface SettleRequest {
  readonly sender: string;
  readonly settlements: readonly Settlement[];
}

export interface RestRequest {
  readonly destination: string;
  readonly untilMs?: number | undefined;
  readonly reason?: Reply | undefined;
}

/** What stands in JSON beside the trace. */
export type OutgoingFields = Omit<Outgoing, 'trace'>;

/** Rows of one lease: what is answered stays small, and so does the time that it takes the store. */
export const LEASE_LIMIT = 1_000;
/** Rows that administration changes at once. */
export const IDS_LIMIT = 500;
const few: Check = (value) => natural(value) && (value as number) <= LEASE_LIMIT;

const REPLY: Shape<Reply> = {
  ...{ code: optional(natural), enhanced: optional(text), text },
  ...{ host: optional(text), address: optional(text), tls: optional(text), command: optional(text) },
};
const reply = shaped(REPLY);
const OUTCOMES: Readonly<Record<Outcome['kind'], Check>> = {
  delivered: shaped({ kind: text, reply }),
  deferred: shaped({ kind: text, reply, nextAttemptAtMs: natural }),
  failed: shaped({ kind: text, reply }),
  held: shaped({ kind: text, reply }),
  corrupt: shaped({ kind: text, reply }),
  returned: shaped({ kind: text }),
  noticed: shaped({ kind: text }),
};
const outcome: Check = (value) => {
  const kind = (value as Partial<Outcome> | null | undefined)?.kind;
  return kind !== undefined && Object.hasOwn(OUTCOMES, kind) && OUTCOMES[kind](value);
};
const SETTLEMENT: Shape<Settlement> = {
  ...{ id: natural, outcome },
  ...{ startedAtMs: optional(natural), durationMs: optional(natural) },
};
const SETTLE: Shape<SettleRequest> = { sender: text, settlements: list(shaped(SETTLEMENT)) };
const BEGIN: Shape<BeginRequest> = { sender: text, again: flag };
const LEASE: Shape<LeaseFrame> = {
  ...{ sender: text, leaseMs: natural },
  requests: list(shaped({ destination: text, recipients: few })),
};
const LEASE_LATE: Shape<LeaseLateFrame> = {
  ...{ sender: text, leaseMs: natural },
  ...{ late: oneOf('expired', 'delayed'), limit: few },
};
const TAKE_NEW: Shape<TakeNewRequest> = { sender: text, leaseMs: natural };
const LEASED: Shape<LeasedRequest> = { sender: text, ids: list(natural) };
const REST: Shape<RestRequest> = { destination: text, untilMs: optional(natural), reason: optional(reply) };
const LIMITS: Shape<RecipientLimits> = { perHour: optional(natural), perDay: optional(natural) };
const OUTGOING: Shape<OutgoingFields> = {
  ...{
    submitter: optional(natural),
    limits: optional(shaped(LIMITS)),
    firstAttemptAtMs: natural,
    delayNoticeAtMs: optional(natural),
    expiresAtMs: natural,
  },
  ...{ bodyKind: oneOf('7bit', '8bitmime'), smtputf8: flag, requireTls: flag },
  ...{ returned: optional(oneOf('full', 'headers')), envelopeId: optional(text) },
};
const REMOTE: Shape<RemoteRecipient> = {
  kind: oneOf('remote'),
  ...{ recipient: text, destination: text },
  notify: optional(list(oneOf('never', 'success', 'failure', 'delay'))),
  originalRecipient: optional(text),
};

/** @throws FrameError, as all of these do */
export const readBegin = reading(BEGIN);
export const readLease = reading(LEASE);
export const readLeaseLate = reading(LEASE_LATE);
export const readTakeNew = reading(TAKE_NEW);
export const readLeased = reading(LEASED);
export const readSettle = reading(SETTLE);
export const readRest = reading(REST);
/** What stands in a frame as text. */
export const readOutgoing = readingText(OUTGOING);
export const readRemote = readingText(REMOTE);
export const readSettled = readingText(SETTLE);

function reading<T>(shape: Shape<T>): (payload: Buffer) => T {
  const check = shaped(shape);
  return (payload) => {
    const value = readJson(payload);
    requireShape(check(value));
    return value as T;
  };
}

function readingText<T>(shape: Shape<T>): (given: string) => T {
  const read = reading(shape);
  return (given) => read(Buffer.from(given));
}
