/** What every driver decides alike about devices: what counts when, and how much is kept. Pure. */
import { sharedNetwork } from '../../ip/network-relation.js';
import type { DeviceActivity, DeviceChange, DeviceSettings, MessageRate } from '../devices.js';
import { refusals, refuse } from './refusals.js';

/** All of them are read by each worker after each change of the directory, so that has a bound; more are refused. */
export const DEVICES_LIMIT = 200;
/** Of one device, for the same reason: a subnet holds more of them. */
export const NETWORKS_LIMIT = 16;
/** Of a refusal; what a client had a part in is not kept whole. */
export const REFUSAL_LIMIT_CHARACTERS = 300;

/** @throws StoreError 'refused': too many, or one of them is another device's */
export function requireOwnNetworks(name: string, networks: readonly string[], all: readonly DeviceSettings[]): void {
  if (networks.length > NETWORKS_LIMIT) refuse(refusals.tooManyNetworks(networks.length, NETWORKS_LIMIT));
  for (const other of all) {
    const shared = isSameName(other.name, name) ? undefined : sharedNetwork(networks, other.networks);
    if (shared !== undefined) refuse(refusals.networkIsTaken(shared, other.name));
  }
}

export function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** All but the account, which each driver finds by itself. */
export function changedSettings(before: DeviceSettings, change: DeviceChange): DeviceSettings {
  const gone = new Set(change.without);
  return {
    name: before.name,
    networks: change.networks ?? before.networks,
    from: gone.has('from') ? undefined : (change.from ?? before.from),
    rate: gone.has('rate') ? undefined : (change.rate ?? before.rate),
    maxOctets: gone.has('maxOctets') ? undefined : (change.maxOctets ?? before.maxOctets),
    toDomains: gone.has('toDomains') ? undefined : (change.toDomains ?? before.toDomains),
  };
}

/** What is kept of what a device did. */
export interface DeviceCounts {
  readonly periodAtMs: number;
  readonly periodMessages: number;
  readonly day: string;
  readonly acceptedOnDay: number;
  readonly refusedOnDay: number;
}

export const NO_COUNTS: DeviceCounts = {
  ...{ periodAtMs: 0, periodMessages: 0 },
  ...{ day: '', acceptedOnDay: 0, refusedOnDay: 0 },
};

type TodaysCounts = Pick<DeviceActivity, 'acceptedInPeriod' | 'acceptedToday' | 'refusedToday'>;

export function countsAt(counts: DeviceCounts, rate: MessageRate | undefined, nowMs: number): TodaysCounts {
  const isToday = counts.day === dayOf(nowMs);
  return {
    acceptedInPeriod: isInPeriod(counts, rate, nowMs) ? counts.periodMessages : 0,
    acceptedToday: isToday ? counts.acceptedOnDay : 0,
    refusedToday: isToday ? counts.refusedOnDay : 0,
  };
}

/** With one more message. */
export function withAccepted(counts: DeviceCounts, rate: MessageRate | undefined, nowMs: number): DeviceCounts {
  const { acceptedInPeriod, acceptedToday, refusedToday } = countsAt(counts, rate, nowMs);
  return {
    periodAtMs: acceptedInPeriod === 0 ? nowMs : counts.periodAtMs,
    periodMessages: acceptedInPeriod + 1,
    ...{ day: dayOf(nowMs), acceptedOnDay: acceptedToday + 1, refusedOnDay: refusedToday },
  };
}

/** With so many refusals more. */
export function withRefused(counts: DeviceCounts, more: number, nowMs: number): DeviceCounts {
  const { acceptedToday, refusedToday } = countsAt(counts, undefined, nowMs);
  return { ...counts, day: dayOf(nowMs), acceptedOnDay: acceptedToday, refusedOnDay: refusedToday + more };
}

export function isOverRate(acceptedInPeriod: number, rate: MessageRate | undefined): boolean {
  return rate !== undefined && acceptedInPeriod >= rate.messages;
}

/** A clock that was set back begins anew. */
function isInPeriod({ periodAtMs }: DeviceCounts, rate: MessageRate | undefined, nowMs: number): boolean {
  return rate !== undefined && nowMs >= periodAtMs && nowMs - periodAtMs < rate.periodMs;
}

/** At the server, as `2026-01-31`. */
function dayOf(atMs: number): string {
  const at = new Date(atMs);
  const digits = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${digits(at.getMonth() + 1)}-${digits(at.getDate())}`;
}
