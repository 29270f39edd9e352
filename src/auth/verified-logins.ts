/**
 * Passwords that were right a while ago, so that a client that polls each minute costs no hash. Holds no password: an
 * entry is an HMAC, under a key of this process alone, of the password together with the hash that it matched. The hash
 * is read from the database at each login, so a new password, or a revoked one, finds no entry, on whatever worker.
 * Only successes are kept. Bounded: the oldest goes first, and each goes after a while.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { BoundedMap } from '../runtime/bounded-map.js';

const ENTRIES_LIMIT = 10_000;
const LIFETIME_MS = 60 * 60_000;
const KEY_BYTES = 32;

export interface VerifiedLogin {
  readonly account: number;
  /** The stored hash that the password matched. */
  readonly hash: string;
  readonly password: string;
}

export class VerifiedLogins {
  readonly #key = randomBytes(KEY_BYTES);
  /** When each was verified, oldest first. */
  readonly #atMs = new BoundedMap<string, number>(ENTRIES_LIMIT);

  add(login: VerifiedLogin, nowMs: number): void {
    this.#atMs.renew(this.#name(login), nowMs);
  }

  includes(login: VerifiedLogin, nowMs: number): boolean {
    const name = this.#name(login);
    const atMs = this.#atMs.get(name);
    if (atMs === undefined) return false;
    const isFresh = nowMs >= atMs && nowMs - atMs < LIFETIME_MS;
    if (!isFresh) this.#atMs.delete(name);
    return isFresh;
  }

  get size(): number {
    return this.#atMs.size;
  }

  /** The account's number and a hash hold no NUL: no two logins make the same text. */
  #name({ account, hash, password }: VerifiedLogin): string {
    return createHmac('sha256', this.#key).update(`${account}\0${hash}\0${password}`).digest('base64');
  }
}
