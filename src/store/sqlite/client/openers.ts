/**
 * Who of this process has a maildrop open or asks for one, by the number of the lock: the store asks whether they are leaving
 * when another wants the maildrop. One that is not known has given it up: the store hears so before the answer.
 */
import type { Opener } from '../../maildrops.js';
import type { MaybePromise } from '../../shapes.js';

export class Openers {
  readonly #openers = new Map<number, Opener>();

  add(lock: number, opener: Opener): void {
    this.#openers.set(lock, opener);
  }

  remove(lock: number): void {
    this.#openers.delete(lock);
  }

  isLeaving(lock: number): MaybePromise<boolean> {
    const opener = this.#openers.get(lock);
    return opener === undefined || (opener.isLeaving?.() ?? false);
  }
}
