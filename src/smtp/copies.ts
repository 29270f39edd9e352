/**
 * How many copies of a message the maildrops with a quota get in one transaction: one for each of their addresses that was named.
 * It grows with each recipient that is accepted, and costs a step for each of its targets, however many came before.
 */
import type { LocalTarget, Target } from '../store/deliveries.js';
import type { AccountId } from '../store/shapes.js';

export class Copies {
  readonly #addresses = new Map<AccountId, Set<string>>();

  add(targets: readonly Target[]): void {
    for (const target of targets) {
      if (target.kind === 'remote' || target.freeOctets === undefined) continue;
      const { account, address } = target;
      const known = this.#addresses.get(account);
      if (known === undefined) this.#addresses.set(account, new Set([address]));
      else known.add(address);
    }
  }

  /** With this one. */
  countOf({ account, address }: LocalTarget): number {
    const known = this.#addresses.get(account);
    if (known === undefined) return 1;
    return known.size + (known.has(address) ? 0 : 1);
  }
}
