/**
 * Which clients have logged in to which accounts lately, in this process: what others fail does not slow them down.
 * Bounded: who was seen longest ago goes first. The database knows the last client of each password besides.
 */
import { BoundedMap } from '../runtime/bounded-map.js';

const ENTRIES_LIMIT = 20_000;

export class KnownClients {
  /** In the order of the last login. */
  readonly #pairs = new BoundedMap<string, true>(ENTRIES_LIMIT);

  add(client: string, account: number): void {
    this.#pairs.renew(`${account} ${client}`, true);
  }

  includes(client: string, account: number): boolean {
    return this.#pairs.has(`${account} ${client}`);
  }
}
