/** Logins at relays as the store changes them. Runs inside a transaction that somebody else begins and commits. */
import type { NewRelayLogin, RefreshFailure, RelayLogin, Tokens } from '../../relay-logins.js';
import { missing, refusals } from '../../rules/refusals.js';
import { claimedLogin, failedLogin, madeLogin, refreshedLogin } from '../../rules/relay-logins.js';
import type { Connection } from '../database/driver.js';
import {
  prepareRelayLoginWrites,
  relayLoginOf,
  relayLoginRow,
  type RelayLoginWrites,
} from '../database/relay-logins.js';

export class RelayLoginWriter {
  readonly #writes: RelayLoginWrites;
  /** Who sends may have waited for this. */
  readonly #wake: () => void;

  constructor(connection: Connection, wake: () => void) {
    this.#writes = prepareRelayLoginWrites(connection);
    this.#wake = wake;
  }

  set(login: NewRelayLogin): void {
    this.#put(madeLogin(this.#find(login.user), login, Date.now()));
    this.#wake();
  }

  /** @throws StoreError 'missing' */
  remove(user: string): void {
    if (this.#writes.remove.run(user).changes === 0) missing(refusals.noRelayLogin(user));
  }

  claim(user: string, version: number, claimMs: number): number {
    return this.#become(user, version, (login) => claimedLogin(login, claimMs, Date.now()));
  }

  refresh(user: string, version: number, tokens: Tokens): number {
    this.#wake();
    return this.#become(user, version, (login) => refreshedLogin(login, tokens, Date.now()));
  }

  fail(user: string, version: number, failure: RefreshFailure): number {
    return this.#become(user, version, (login) => failedLogin(login, failure, Date.now()));
  }

  #find(user: string): RelayLogin | undefined {
    const row = this.#writes.login.get(user);
    return row && relayLoginOf(row);
  }

  /** Of this version alone. Returns how many were changed. */
  #become(user: string, version: number, rule: (login: RelayLogin) => RelayLogin | undefined): number {
    const login = this.#find(user);
    const next = login?.version === version ? rule(login) : undefined;
    if (next !== undefined) this.#put(next);
    return next === undefined ? 0 : 1;
  }

  #put(login: RelayLogin): void {
    this.#writes.put.run(relayLoginRow(login));
  }
}
