/**
 * Makes the secrets of a main password anew, right after a login proved it, when they are out of date: a hash of other
 * parameters, or SCRAM keys that are missing or no longer fit. Never in the way of the login: it runs beside it, one at
 * a time for each account, and what finds no room or fails is tried again at a later login.
 */
import type { Account, Logins } from '../store/logins.js';
import type { Derive } from './derivation.js';
import type { HashQueue } from './hash-queue.js';
import type { LoginObserver } from './login.js';
import { isOutdated } from './password.js';
import { UnfitPassword } from './preparation.js';
import { readScramKeys, scramParameters } from './scram-keys.js';
import { secretsOf } from './secrets.js';

/** Whose turn it is, and how. */
export interface Hashing {
  readonly hashes: HashQueue;
  readonly derive: Derive;
}

export class Renewals {
  readonly #store: Logins;
  readonly #hashes: HashQueue;
  readonly #observer: LoginObserver;
  readonly #derive: Derive;
  readonly #running = new Set<number>();

  constructor(store: Logins, observer: LoginObserver, { hashes, derive }: Hashing) {
    this.#hashes = hashes;
    this.#derive = derive;
    this.#store = store;
    this.#observer = observer;
  }

  renew(account: Account, password: string): void {
    if (this.#running.has(account.id)) return;
    this.#running.add(account.id);
    this.#renew(account, password)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#running.delete(account.id));
  }

  async #renew({ id, address, passwordHash, scram }: Account, password: string): Promise<void> {
    if (passwordHash === undefined) return;
    const saltSecret = await this.#store.saltSecret();
    const fits = readScramKeys(scram, scramParameters(saltSecret, address)) !== undefined;
    if (fits && !isOutdated(passwordHash)) return;
    const make = () => secretsOf(password, { address, saltSecret }, this.#derive);
    const secrets = await this.#hashes.run({ client: address, known: true, idle: true }, make);
    if (secrets !== undefined) await this.#store.renew({ account: id, was: passwordHash, secrets });
  }

  #failed(error: unknown): void {
    // A password from before SASLprep that it prohibits: its old hash goes on to work, and nothing better can be made.
    if (error instanceof UnfitPassword) return;
    this.#observer.trouble('the secrets of a password were not made anew', error);
  }
}
