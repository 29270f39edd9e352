/**
 * What may stand in the JSON of a frame to the store. Each kind of request has one shape, and whatever differs from it,
 * by a field too many as by a wrong type, is a FrameError: nothing is guessed and nothing is repaired.
 */
import { Buffer } from 'node:buffer';
import type { DeviceId, DeviceUse } from '../../devices.js';
import type { Renewal, Use } from '../../logins.js';
import type { ViewId } from '../../maildrops.js';
import type { AccountId } from '../../shapes.js';
import {
  flag,
  list,
  natural,
  optional,
  requireShape,
  secrets,
  shaped,
  text,
  type Check,
  type Shape,
} from './checks.js';
import { readJson } from './frames.js';

export interface LockRequest {
  readonly account: AccountId;
  readonly from: string;
  readonly isLogin: boolean;
  /** Absent for all of the maildrop. */
  readonly view?: ViewId | undefined;
  readonly intervalMs?: number | undefined;
}

/** `lock` is the number of the request that took it. */
export interface UnlockRequest {
  readonly account: AccountId;
  readonly lock: number;
}

/** Removed for everybody, or hidden from the view that the lock is for. */
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

/** What a device was refused. */
export interface RefusedRequest {
  readonly device: DeviceId;
  readonly refusal: string;
}

const LOCK: Shape<LockRequest> = {
  ...{ account: natural, from: text, isLogin: flag },
  ...{ view: optional(natural), intervalMs: optional(natural) },
};
const UNLOCK: Shape<UnlockRequest> = { account: natural, lock: natural };
const HOLDER: Shape<HolderAnswer> = { question: natural, leaving: flag };
const ranges: Check = (value) => list(natural)(value) && (value as readonly number[]).length % 2 === 0;
const REMOVE: Shape<RemoveRequest> = { ...UNLOCK, ranges, more: flag };
const USE: Shape<Use> = { account: natural, credential: optional(natural), from: text };
const RENEWAL: Shape<Renewal> = { account: natural, credential: optional(natural), was: text, secrets };
const REFUSED: Shape<RefusedRequest> = { device: natural, refusal: text };
const DEVICE_USE: Shape<DeviceUse> = { id: natural, mended: list(text) };

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

export function readRefused(payload: Buffer): RefusedRequest {
  return read(payload, REFUSED);
}

/** What stands in the frame of a message as text. */
export function readDeviceUse(given: string): DeviceUse {
  return read(Buffer.from(given), DEVICE_USE);
}

function read<T>(payload: Buffer, shape: Shape<T>): T {
  const value = readJson(payload);
  requireShape(shaped(shape)(value));
  return value as T;
}
