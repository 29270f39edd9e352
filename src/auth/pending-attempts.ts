/** Attempts to log in that are under way, counted as failures are (throttle.ts): of a client, of a login, and of the pair. */
import { countsOf, keyOf, type CountName, type Pair } from './throttle.js';

export class PendingAttempts {
  readonly #counts: Readonly<Record<CountName, Map<string, number>>> = {
    pair: new Map(),
    client: new Map(),
    login: new Map(),
  };

  of(name: CountName, key: string): number {
    return this.#counts[name].get(key) ?? 0;
  }

  add(pair: Pair): void {
    this.#change(pair, 1);
  }

  /** Once for each that was added. */
  settle(pair: Pair): void {
    this.#change(pair, -1);
  }

  #change(pair: Pair, more: number): void {
    for (const name of countsOf(false)) {
      const key = keyOf(name, pair);
      const count = this.of(name, key) + more;
      if (count > 0) this.#counts[name].set(key, count);
      else this.#counts[name].delete(key);
    }
  }
}
