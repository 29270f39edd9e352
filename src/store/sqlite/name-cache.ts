/**
 * Where forward-paths lead, remembered by a worker: the same few names are asked for all day, and each look into the
 * database costs a read transaction. Only what was found is kept, never what depends on how full an account is.
 * Whoever changes the directory empties it: the store tells every process before the change is answered.
 */
import type { Address, Resolution } from '../store.js';

/** Above this it starts over; a household has tens. */
const LIMIT = 10_000;

export class NameCache {
  readonly #known = new Map<string, Resolution>();

  find({ local, domain }: Address): Resolution | undefined {
    return this.#known.get(`${local}@${domain}`);
  }

  keep({ local, domain }: Address, resolution: Resolution): void {
    if (resolution.kind !== 'local' || resolution.targets.some(({ roomOctets }) => roomOctets !== undefined)) return;
    if (this.#known.size >= LIMIT) this.#known.clear();
    this.#known.set(`${local}@${domain}`, resolution);
  }

  clear(): void {
    this.#known.clear();
  }
}
