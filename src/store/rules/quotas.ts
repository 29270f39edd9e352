/** How a quota is judged, whatever driver asks: of an account alone, or of a domain for all of its accounts together. */
import type { Held, Quota, Room } from '../quotas.js';
import type { AccountId } from '../shapes.js';

export const NOTHING: Held = { messages: 0, octets: 0 };

/** Somebody with a quota; in one judgement always the same value. */
export interface QuotaHolder {
  /** Whether so much more is within the quota. */
  fits(more: Held): boolean;
}

export function sumOf(one: Held, other: Held): Held {
  return { messages: one.messages + other.messages, octets: one.octets + other.octets };
}

export function isWithin({ messages = Infinity, octets = Infinity }: Quota, held: Held): boolean {
  return held.messages <= messages && held.octets <= octets;
}

/** Nothing where nothing is limited. */
export function roomsOf(quota: string, { messages, octets }: Quota, held: Held): readonly Room[] {
  if (messages === undefined && octets === undefined) return [];
  return [
    {
      quota,
      ...(octets !== undefined && { freeOctets: octets - held.octets }),
      ...(messages !== undefined && { freeMessages: messages - held.messages }),
    },
  ];
}

/** Whether what is left takes so much. */
export function takes({ freeMessages = Infinity, freeOctets = Infinity }: Room, more: Held): boolean {
  return more.messages <= freeMessages && more.octets <= freeOctets;
}

export const quotaOf = {
  account: (account: AccountId) => `account ${account}`,
  domain: (domain: number | string) => `domain ${domain}`,
} as const;
