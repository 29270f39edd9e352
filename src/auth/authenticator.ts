/**
 * Who may log in: one place for every protocol and mechanism. Asks the throttle first, so that whoever failed too often
 * is refused before anything is checked; an unknown name, a disabled account and a wrong password get the same answer
 * after the same time. Every check reads the account afresh, and again after a hash, so that a change counts at once on
 * every worker.
 * Never tells a password to anybody. A StoreError is the caller's to answer; nothing was decided then.
 */
import { setTimeout as setTimer } from 'node:timers/promises';
import type { Account, Credential, MailStore } from '../store/store.js';
import { verifyAppPassword } from './app-password.js';
import { KnownClients } from './known-clients.js';
import {
  grantOf,
  type LoginAttempt,
  type LoginCheck,
  type LoginObserver,
  type PasswordAttempt,
  type Refused,
  type ScramCandidate,
  type ScramKeys,
  type Verdict,
} from './login.js';
import { decoyHash, verifyPassword } from './password.js';
import { Renewals } from './renewals.js';
import { readScramKeys, scramParameters } from './scram-keys.js';
import type { Admission, Pair } from './throttle.js';
import { VerifiedLogins } from './verified-logins.js';

/** The throttle of the whole server, as one process sees it. */
export interface LoginThrottle {
  admit(pair: Pair, known: boolean): Admission;
  failed(pair: Pair): void;
  succeeded(pair: Pair): void;
}

export interface AuthenticatorNeeds {
  readonly store: MailStore;
  readonly throttle: LoginThrottle;
  readonly observer: LoginObserver;
  /** What counts as one client: the address itself, or the /64 of an IPv6 one. */
  readonly clientOf: (address: string) => string;
  /** Whether secrets that are out of date are made anew after a login; yes unless told. */
  readonly renews?: boolean;
}

/** What may be checked, as it stands now; undefined for a name that nobody has. */
interface Admitted {
  readonly kind: 'admitted';
  readonly account: Account | undefined;
}

/** Which password it was, or why it was none. */
type Match =
  | { readonly right: true; readonly credential?: Credential | undefined }
  | { readonly right: false; readonly reason: string };

export class Authenticator implements LoginCheck {
  readonly #store: MailStore;
  readonly #throttle: LoginThrottle;
  readonly #observer: LoginObserver;
  readonly #clientOf: (address: string) => string;
  readonly #verified = new VerifiedLogins();
  readonly #known = new KnownClients();
  readonly #renewals: Renewals | undefined;

  constructor({ store, throttle, observer, clientOf, renews = true }: AuthenticatorNeeds) {
    this.#store = store;
    this.#throttle = throttle;
    this.#observer = observer;
    this.#clientOf = clientOf;
    this.#renewals = renews ? new Renewals(store, observer) : undefined;
  }

  async check(attempt: PasswordAttempt): Promise<Verdict> {
    const admitted = await this.#admit(attempt);
    if (admitted.kind === 'refused') return admitted;
    const { account } = admitted;
    return this.#conclude(attempt, account, await this.#match(attempt, account));
  }

  async scramKeys(attempt: LoginAttempt): Promise<ScramKeys | Refused> {
    const admitted = await this.#admit(attempt);
    if (admitted.kind === 'refused') return admitted;
    const parameters = await this.#parameters(attempt);
    return { kind: 'keys', ...parameters, candidates: candidatesOf(admitted.account, attempt, parameters) };
  }

  async settle(attempt: LoginAttempt, proved: ScramCandidate | undefined): Promise<Verdict> {
    const account = await this.#store.findLogin(attempt.name);
    const candidates = candidatesOf(account, attempt, await this.#parameters(attempt));
    const still = candidates.find((one) => proved !== undefined && isSame(one, proved));
    if (still !== undefined) return this.#conclude(attempt, account, { right: true, credential: still.credential });
    const reason = account?.enabled === true && candidates.length === 0 ? 'no SCRAM keys' : whyNot(account);
    return this.#conclude(attempt, account, { right: false, reason });
  }

  async reject(attempt: LoginAttempt, reason: string): Promise<void> {
    await this.#fail(attempt, await this.#store.findLogin(attempt.name), reason);
  }

  /** Waits as long as the throttle says, and asks it again: others may have failed meanwhile. */
  async #admit(attempt: LoginAttempt): Promise<Refused | Admitted> {
    let account = await this.#store.findLogin(attempt.name);
    const pair = await this.#pair(attempt);
    const known = account !== undefined && this.#isKnown(account, pair.client);
    let admission = this.#throttle.admit(pair, known);
    if (admission.kind === 'admitted' && admission.delayMs > 0) {
      await setTimer(admission.delayMs);
      account = await this.#store.findLogin(attempt.name); // It may be another by now.
      admission = this.#throttle.admit(pair, known);
    }
    if (admission.kind === 'admitted') return { kind: 'admitted', account };
    this.#tell(attempt, account, { outcome: 'refused', reason: 'too many failures' });
    return admission;
  }

  async #match({ password, scope }: PasswordAttempt, found: Account | undefined): Promise<Match> {
    const account = found?.enabled === true ? found : undefined;
    const credential = account?.credentials.find(({ hash }) => verifyAppPassword(password, hash));
    if (credential?.scopes.includes(scope) === true) return { right: true, credential };
    const hash = account?.passwordHash ?? decoyHash;
    const login = { account: account?.id ?? 0, hash, password };
    if (this.#verified.includes(login, Date.now())) return { right: true };
    const right = await verifyPassword(password, hash);
    if (!right || account === undefined)
      return { right: false, reason: credential === undefined ? whyNot(found) : 'out of scope' };
    if (!(await this.#store.stands(grantOf({ account }, scope)))) return { right: false, reason: 'changed meanwhile' };
    this.#verified.add(login, Date.now());
    this.#renewals?.renew(account, password);
    return { right: true };
  }

  #conclude(attempt: LoginAttempt, account: Account | undefined, match: Match): Verdict | Promise<Verdict> {
    return match.right && account !== undefined
      ? this.#welcome(attempt, account, match.credential)
      : this.#fail(attempt, account, match.right ? whyNot(account) : match.reason);
  }

  #welcome({ peer }: LoginAttempt, account: Account, credential: Credential | undefined): Verdict {
    const client = this.#clientOf(peer.address);
    this.#known.add(client, account.id);
    this.#throttle.succeeded({ client, login: account.address });
    this.#store.noteUse({ account: account.id, credential: credential?.id, from: peer.address });
    return { kind: 'welcome', account, credential };
  }

  async #fail(attempt: LoginAttempt, account: Account | undefined, reason: string): Promise<Verdict> {
    this.#throttle.failed(await this.#pair(attempt));
    this.#tell(attempt, account, { outcome: 'wrong', reason });
    return { kind: 'wrong' };
  }

  #tell(
    { scope, mechanism, session, peer }: LoginAttempt,
    account: Account | undefined,
    end: { readonly outcome: 'wrong' | 'refused'; readonly reason: string },
  ): void {
    this.#observer.failed({ scope, mechanism, session, peer, account: account?.address, ...end });
  }

  async #pair({ name, peer }: LoginAttempt): Promise<Pair> {
    return { client: this.#clientOf(peer.address), login: await this.#store.loginAddress(name) };
  }

  #isKnown(account: Account, client: string): boolean {
    const used = [account, ...account.credentials].map(({ lastUsedFrom }) => lastUsedFrom);
    return (
      this.#known.includes(client, account.id) ||
      used.some((address) => address !== undefined && this.#clientOf(address) === client)
    );
  }

  async #parameters({ name }: LoginAttempt) {
    return scramParameters(await this.#store.saltSecret(), await this.#store.loginAddress(name));
  }
}

/** Everything that a client may prove for this scope. */
function candidatesOf(
  account: Account | undefined,
  { scope }: LoginAttempt,
  parameters: ReturnType<typeof scramParameters>,
): readonly ScramCandidate[] {
  if (account?.enabled !== true) return [];
  const usable = account.credentials.filter(({ scopes }) => scopes.includes(scope));
  return [undefined, ...usable].flatMap((credential) => {
    const keys = readScramKeys(credential === undefined ? account.scram : credential.scram, parameters);
    return keys === undefined ? [] : [{ ...keys, credential }];
  });
}

function isSame(one: ScramCandidate, other: ScramCandidate): boolean {
  return one.credential?.id === other.credential?.id && one.storedKey.equals(other.storedKey);
}

function whyNot(account: Account | undefined): string {
  if (account === undefined) return 'unknown account';
  return account.enabled ? 'wrong password' : 'disabled';
}
