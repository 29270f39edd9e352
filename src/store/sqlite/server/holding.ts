/** What an account or a domain holds while the store counts, and what it may hold. */
import type { Held, Quota } from '../../quotas.js';
import { isWithin, sumOf, type QuotaHolder } from '../../rules/quotas.js';

export type Limits = readonly [octets: number | null, messages: number | null];

export class Holding implements QuotaHolder {
  #held: Held;
  #quota: Quota;

  constructor(held: Held, limits: Limits) {
    this.#held = held;
    this.#quota = quotaOf(limits);
  }

  get messages(): number {
    return this.#held.messages;
  }

  get octets(): number {
    return this.#held.octets;
  }

  get hasQuota(): boolean {
    return this.#quota.octets !== undefined || this.#quota.messages !== undefined;
  }

  limit(limits: Limits): void {
    this.#quota = quotaOf(limits);
  }

  add(more: Held): void {
    this.#held = sumOf(this.#held, more);
  }

  fits(more: Held): boolean {
    return isWithin(this.#quota, sumOf(this.#held, more));
  }
}

function quotaOf([octets, messages]: Limits): Quota {
  return { ...(octets !== null && { octets }), ...(messages !== null && { messages }) };
}
