/**
 * What may stand in the JSON of a frame to the store. Each kind of request has one shape, and whatever differs from it,
 * by a field too many as by a wrong type, is a FrameError: nothing is guessed and nothing is repaired.
 */
import type { Buffer } from 'node:buffer';
import type { Renewal, Use } from '../../logins.js';
import type { AccountId } from '../../shapes.js';
import type { Change } from './change.js';
import { FrameError, readJson } from './frames.js';
import type { PeerReport } from '../../status.js';

export interface LockRequest {
  readonly account: AccountId;
  readonly from: string;
}

/** `lock` is the number of the request that took it. */
export interface UnlockRequest {
  readonly account: AccountId;
  readonly lock: number;
}

export interface RemoveRequest extends UnlockRequest {
  /** First and last uid of each range, one behind the other. */
  readonly ranges: readonly number[];
  /** More of the same removal follow: nothing is removed before the last. */
  readonly more: boolean;
}

/** What becomes of a maildrop that another wants; `question` is the store's. */
export interface HolderAnswer {
  readonly question: number;
  readonly leaving: boolean;
}

type Check = (value: unknown) => boolean;
/** A check for each field, but for what tells one kind from another. */
type Shape<T> = { readonly [Field in keyof T]-?: Check };

/** No address and no hash is nearly so long. */
const TEXT_LIMIT_CHARACTERS = 4096;

const text: Check = (value) =>
  typeof value === 'string' && value.length <= TEXT_LIMIT_CHARACTERS && !value.includes('\0') && isWellFormed(value);
const natural: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const list =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(each);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const record: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const shaped =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    record(value) &&
    Object.keys(value as object).every((key) => Object.hasOwn(shape, key)) &&
    Object.entries(shape).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const address = shaped({ local: text, domain: text });
const secrets = shaped({ hash: text, scram: optional(text) });
const scope: Check = (value) => value === 'smtp' || value === 'pop3';
const credential = shaped({ name: text, scopes: list(scope), hash: text, scram: optional(text) });

const CHANGES: { readonly [Kind in Change['kind']]: Shape<Omit<Extract<Change, { kind: Kind }>, 'kind'>> } = {
  'add-account': { address, secrets },
  'remove-account': { address },
  'set-quota': { address, octets: (value) => value === null || natural(value) },
  'set-password': { address, secrets },
  'set-enabled': { address, enabled: (value) => typeof value === 'boolean' },
  'add-credential': { address, credential },
  'remove-credential': { address, name: text },
  'add-domain': { name: text },
  'remove-domain': { name: text },
  'add-alias': { address, targets: list(address) },
  'remove-alias': { address, targets: list(address) },
};

const LOCK: Shape<LockRequest> = { account: natural, from: text };
const UNLOCK: Shape<UnlockRequest> = { account: natural, lock: natural };
const HOLDER: Shape<HolderAnswer> = { question: natural, leaving: (value) => typeof value === 'boolean' };
const ranges: Check = (value) => list(natural)(value) && (value as readonly number[]).length % 2 === 0;
const REMOVE: Shape<RemoveRequest> = { ...UNLOCK, ranges, more: (value) => typeof value === 'boolean' };
const USE: Shape<Use> = { account: natural, credential: optional(natural), from: text };
const RENEWAL: Shape<Renewal> = { account: natural, credential: optional(natural), was: text, secrets };
const REPORT: Shape<PeerReport> = {
  role: (value) => value === 'supervisor' || value === 'worker',
  pid: natural,
  sessions: optional(natural),
  listeners: optional(list(record)),
  restarts: optional(shaped({ store: natural, workers: natural })),
  failedReload: optional(shaped({ atMs: natural, why: text })),
};

/** @throws FrameError, as all of these do. */
export function readLock(payload: Buffer): LockRequest {
  return read(payload, LOCK);
}

export function readUnlock(payload: Buffer): UnlockRequest {
  return read(payload, UNLOCK);
}

export function readRemove(payload: Buffer): RemoveRequest {
  return read(payload, REMOVE);
}

export function readHolder(payload: Buffer): HolderAnswer {
  return read(payload, HOLDER);
}

export function readUse(payload: Buffer): Use {
  return read(payload, USE);
}

export function readRenewal(payload: Buffer): Renewal {
  return read(payload, RENEWAL);
}

export function readChange(payload: Buffer): Change {
  const value = readJson(payload);
  const kind = record(value) ? (value as { readonly kind?: unknown }).kind : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(CHANGES, kind)) throw new FrameError('a change of no kind');
  require(value, { ...CHANGES[kind as Change['kind']], kind: text });
  return value as Change;
}

/** Undefined for a process that has nothing to say of itself. */
export function readReport(payload: Buffer): PeerReport | undefined {
  return payload.length === 0 ? undefined : read(payload, REPORT);
}

function read<T>(payload: Buffer, shape: Shape<T>): T {
  const value = readJson(payload);
  require(value, shape);
  return value as T;
}

function require(value: unknown, shape: Readonly<Record<string, Check>>): void {
  if (!shaped(shape)(value)) throw new FrameError('a request of the wrong shape');
}

/** Half of a surrogate pair would become another character on its way into the database. */
function isWellFormed(value: string): boolean {
  return !/\p{Surrogate}/u.test(value);
}
