/**
 * How many copies of a message the quotas of its recipients have to hold in one transaction: one for each address of theirs that was
 * named. It grows with each recipient that is accepted, and costs a step for each of its targets, however many came before.
 */
import type { LocalTarget, Target } from '../store/deliveries.js';
import type { Room } from '../store/quotas.js';

export class Copies {
  /** Addresses, by the quota that their copies count for. */
  readonly #addresses = new Map<string, Set<string>>();

  add(targets: readonly Target[]): void {
    for (const target of targets)
      if (target.kind === 'local') for (const { quota } of target.rooms ?? []) this.#addTo(quota, target);
  }

  /** With this one. */
  countOf({ quota }: Room, { address }: LocalTarget): number {
    const known = this.#addresses.get(quota);
    if (known === undefined) return 1;
    return known.size + (known.has(address) ? 0 : 1);
  }

  #addTo(quota: string, { address }: LocalTarget): void {
    const known = this.#addresses.get(quota);
    if (known === undefined) this.#addresses.set(quota, new Set([address]));
    else known.add(address);
  }
}
