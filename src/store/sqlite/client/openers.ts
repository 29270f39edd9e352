/**
 * Who of this process has a maildrop open or asks for one, by the number of the lock: the store asks whether they are leaving
 * when another wants the maildrop. One that is not known has let go of it: the store hears so before the answer.
 */
import type { Opener } from '../../maildrops.js';
import type { Soon } from '../../shapes.js';

export class Openers {
  readonly #openers = new Map<number, Opener>();

  add(lock: number, opener: Opener): void {
    this.#openers.set(lock, opener);
  }

  remove(lock: number): void {
    this.#openers.delete(lock);
  }

  isLeaving(lock: number): Soon<boolean> {
    const opener = this.#openers.get(lock);
    return opener === undefined || (opener.isLeaving?.() ?? false);
  }
}
