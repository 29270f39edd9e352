/**
 * Whether a password is right, for the authenticator: an app password and one that was right a while ago at once, every other
 * by a slow hash, which waits for its place among the others. Takes the same time for a name that nobody has.
 */
import type { Account, Credential, Logins } from '../store/logins.js';
import { verifyAppPassword } from './app-password.js';
import type { Derive } from './derivation.js';
import { HashQueue } from './hash-queue.js';
import { grantOf, type LoginObserver, type PasswordAttempt } from './login.js';
import { decoyHash, verifyPassword } from './password.js';
import { Renewals } from './renewals.js';
import { VerifiedLogins } from './verified-logins.js';

/** Which password it was, or why it was none. */
export type Match =
  | { readonly right: true; readonly credential?: Credential | undefined }
  | { readonly right: false; readonly reason: string };

export interface PasswordCheckOptions {
  readonly store: Logins;
  readonly observer: LoginObserver;
  readonly derive: Derive;
  readonly renews: boolean;
}

/** Who waits for a hash; `known`: it has logged in to the account before. */
export interface Asker {
  readonly client: string;
  readonly known: boolean;
}

export class PasswordCheck {
  readonly #store: Logins;
  readonly #derive: Derive;
  readonly #verified = new VerifiedLogins();
  readonly #hashes = new HashQueue();
  readonly #renewals: Renewals | undefined;

  constructor({ store, observer, derive, renews }: PasswordCheckOptions) {
    this.#store = store;
    this.#derive = derive;
    this.#renewals = renews ? new Renewals(store, observer, { hashes: this.#hashes, derive }) : undefined;
  }

  /** Right without a slow hash; undefined when that takes one. */
  matchAtOnce(
    { password, scope }: PasswordAttempt,
    account: Account | undefined,
    credential = appPasswordOf(account, password),
  ): Match | undefined {
    if (account?.enabled !== true) return undefined;
    if (credential?.scopes.includes(scope) === true) return { right: true, credential };
    if (account.passwordHash === undefined) return undefined;
    const login = { account: account.id, hash: account.passwordHash, password };
    return this.#verified.includes(login, Date.now()) ? { right: true } : undefined;
  }

  /** Undefined when there was no room for it. */
  async match(attempt: PasswordAttempt, found: Account | undefined, asker: Asker): Promise<Match | undefined> {
    const { password, scope } = attempt;
    const credential = appPasswordOf(found, password);
    const quick = this.matchAtOnce(attempt, found, credential);
    if (quick !== undefined) return quick;
    const account = withPassword(found);
    const hash = account?.passwordHash ?? decoyHash;
    const verify = () => verifyPassword(password, hash, this.#derive);
    const right = await this.#hashes.run(asker, verify);
    if (right === undefined) return undefined;
    if (!right || account === undefined)
      return { right: false, reason: credential === undefined ? whyNot(found) : 'out of scope' };
    if (!(await this.#store.stands(grantOf({ account }, scope)))) return { right: false, reason: 'changed meanwhile' };
    this.#verified.add({ account: account.id, hash, password }, Date.now());
    this.#renewals?.renew(account, password);
    return { right: true };
  }
}

/** Whose main password may let somebody in: under the name of a device it does not. */
function withPassword(account: Account | undefined): (Account & { readonly passwordHash: string }) | undefined {
  const hash = account?.passwordHash;
  return account?.enabled === true && hash !== undefined ? { ...account, passwordHash: hash } : undefined;
}

function appPasswordOf(account: Account | undefined, password: string): Credential | undefined {
  const usable = account?.enabled === true ? account.credentials : [];
  return usable.find(({ hash }) => verifyAppPassword(password, hash));
}

/** For the log. */
export function whyNot(account: Account | undefined): string {
  if (account === undefined) return 'unknown account';
  return account.enabled ? 'wrong password' : 'disabled';
}
