/**
 * Who may log in: one place for every protocol and mechanism. Asks the throttle first, so that whoever failed too often
 * is refused before anything is checked; an unknown name, a disabled account and a wrong password get the same answer
 * after the same time. Every check reads the account afresh, and again after a hash, so that a change counts at once on
 * every worker.
 * Never tells a password to anybody. A StoreError is the caller's to answer; nothing was decided then.
 */
import { setTimeout as setTimer } from 'node:timers/promises';
import type { Account, Credential, Logins } from '../store/logins.js';
import { deriveInPool, type Derive } from './derivation.js';
import { KnownClients } from './known-clients.js';
import type {
  Crowded,
  LoginAttempt,
  LoginCheck,
  LoginObserver,
  PasswordAttempt,
  Refused,
  ScramCandidate,
  ScramKeys,
  UnboundLogin,
  LoginResult,
} from './login.js';
import { PasswordCheck, whyNot, type Match } from './password-check.js';
import { readScramKeys, scramParameters } from './scram-keys.js';
import type { ThrottleDecision, Pair } from './throttle.js';

/** The throttle of the whole server, as one process sees it. */
export interface LoginThrottle {
  /** What it would say now; counts nothing. */
  admit(pair: Pair, known: boolean): ThrottleDecision;
  /**
   * Waits where those under way might be too many failures already. One that is admitted is under way, on every worker, until one
   * of the others is called for it, once.
   */
  attempt(pair: Pair, known: boolean): Promise<ThrottleDecision>;
  failed(pair: Pair): void;
  succeeded(pair: Pair): void;
  /** An attempt that nobody looked at. */
  withdrawn(pair: Pair): void;
}

export interface AuthenticatorOptions {
  readonly store: Logins;
  readonly throttle: LoginThrottle;
  readonly observer: LoginObserver;
  /** What counts as one client: the address itself, or the /64 of an IPv6 one. */
  readonly clientOf: (address: string) => string;
  /** Somebody has logged in from this client. */
  readonly welcomed?: (client: string, peer: LoginAttempt['peer']) => void;
  /** How passwords are hashed; in libuv's pool unless told. */
  readonly derive?: Derive;
  /** Whether secrets that are out of date are made anew after a login; yes unless told. */
  readonly renews?: boolean;
}

/** Who asks for whom. */
interface Asking {
  readonly kind: 'asking';
  /** As it stands now; undefined for a name that nobody has. */
  readonly account: Account | undefined;
  readonly pair: Pair;
  /** The client has logged in to the account before. */
  readonly known: boolean;
}

export class Authenticator implements LoginCheck {
  readonly #store: Logins;
  readonly #throttle: LoginThrottle;
  readonly #observer: LoginObserver;
  readonly #clientOf: (address: string) => string;
  readonly #welcomed: ((client: string, peer: LoginAttempt['peer']) => void) | undefined;
  readonly #known = new KnownClients();
  readonly #passwords: PasswordCheck;

  constructor({
    store,
    throttle,
    observer,
    clientOf,
    welcomed,
    derive = deriveInPool,
    renews = true,
  }: AuthenticatorOptions) {
    this.#welcomed = welcomed;
    this.#store = store;
    this.#throttle = throttle;
    this.#observer = observer;
    this.#clientOf = clientOf;
    this.#passwords = new PasswordCheck({ store, observer, derive, renews });
  }

  async check(attempt: PasswordAttempt): Promise<LoginResult> {
    const asking = await this.#look(attempt);
    if (asking.kind === 'refused') return asking;
    const quick = asking.known ? this.#passwords.matchAtOnce(attempt, asking.account) : undefined;
    if (quick !== undefined) return this.#conclude(attempt, asking.account, quick);
    const refused = await this.#count(attempt, asking);
    if (refused !== undefined) return refused;
    return this.#settling(asking, async () => {
      const account = await this.#store.findLogin(attempt.name); // It may be another by now.
      const asker = { client: asking.pair.client, known: asking.known };
      const match = await this.#passwords.match(attempt, account, asker);
      return match === undefined ? this.#crowded(asking) : this.#conclude(attempt, account, match, asking);
    });
  }

  async scramKeys(attempt: LoginAttempt): Promise<ScramKeys | Refused> {
    const asking = await this.#look(attempt);
    if (asking.kind === 'refused') return asking;
    const parameters = await this.#parameters(attempt);
    return { kind: 'keys', ...parameters, candidates: candidatesOf(asking.account, attempt, parameters) };
  }

  async settle(attempt: LoginAttempt, proved: ScramCandidate | undefined): Promise<LoginResult> {
    const asking = await this.#look(attempt);
    if (asking.kind === 'refused') return asking;
    const quick = asking.known ? await this.#proof(attempt, asking.account, proved) : undefined;
    if (quick?.right === true) return this.#conclude(attempt, asking.account, quick);
    const refused = await this.#count(attempt, asking);
    if (refused !== undefined) return refused;
    return this.#settling(asking, async () => {
      const account = await this.#store.findLogin(attempt.name);
      return this.#conclude(attempt, account, await this.#proof(attempt, account, proved), asking);
    });
  }

  async reject(attempt: LoginAttempt, reason: string): Promise<LoginResult> {
    const asking = await this.#look(attempt);
    if (asking.kind === 'refused') return asking;
    const refused = await this.#count(attempt, asking);
    return refused ?? this.#conclude(attempt, asking.account, { right: false, reason }, asking);
  }

  unbound({ protocol, mechanism, session, peer, reason }: UnboundLogin): void {
    this.#observer.unbound({ protocol, mechanism, session, peer, reason });
  }

  /** Who is asked for, and what has been counted so far; nothing is counted yet. */
  async #look(attempt: LoginAttempt): Promise<Refused | Asking> {
    const account = await this.#store.findLogin(attempt.name);
    const pair = await this.#pair(attempt);
    const known = account !== undefined && this.#isKnown(account, pair.client);
    const admission = this.#throttle.admit(pair, known);
    if (admission.kind === 'admitted') return { kind: 'asking', account, pair, known };
    this.#tell(attempt, account, { outcome: 'refused', reason: 'too many failures' });
    return admission;
  }

  /** An attempt that was admitted and that nobody could look at counts for nothing. */
  async #settling(asking: Asking, look: () => Promise<LoginResult>): Promise<LoginResult> {
    try {
      return await look();
    } catch (error) {
      this.#throttle.withdrawn(asking.pair);
      throw error;
    }
  }

  /** From here on it is under way: those who come together see each other. Waits as long as the throttle says. */
  async #count(attempt: LoginAttempt, { account, pair, known }: Asking): Promise<Refused | undefined> {
    const admission = await this.#throttle.attempt(pair, known);
    if (admission.kind === 'refused') {
      this.#tell(attempt, account, { outcome: 'refused', reason: 'too many failures' });
      return admission;
    }
    if (admission.delayMs > 0) await setTimer(admission.delayMs);
    return undefined;
  }

  async #proof(
    attempt: LoginAttempt,
    account: Account | undefined,
    proved: ScramCandidate | undefined,
  ): Promise<Match> {
    const candidates = candidatesOf(account, attempt, await this.#parameters(attempt));
    const still = candidates.find((one) => proved !== undefined && isSame(one, proved));
    if (still !== undefined) return { right: true, credential: still.credential };
    const reason = account?.enabled === true && candidates.length === 0 ? 'no SCRAM keys' : whyNot(account);
    return { right: false, reason };
  }

  #crowded({ pair }: Asking): Crowded {
    this.#throttle.withdrawn(pair);
    return { kind: 'crowded' };
  }

  /** `counted`: the attempt, if it was one that the throttle admitted. */
  #conclude(attempt: LoginAttempt, account: Account | undefined, match: Match, counted?: Asking): LoginResult {
    if (match.right && account !== undefined) return this.#welcome(attempt, account, match.credential, counted);
    if (counted !== undefined) this.#throttle.failed(counted.pair);
    return this.#fail(attempt, account, match.right ? whyNot(account) : match.reason);
  }

  #welcome(
    { protocol, mechanism, peer }: LoginAttempt,
    account: Account,
    credential: Credential | undefined,
    counted: Asking | undefined,
  ): LoginResult {
    const client = this.#clientOf(peer.address);
    this.#known.add(client, account.id);
    this.#welcomed?.(client, peer);
    this.#throttle.succeeded(counted?.pair ?? { client, login: account.address });
    this.#store.recordUse({ account: account.id, credential: credential?.id, from: peer.address });
    this.#observer.welcomed?.({ protocol, mechanism, peer, account: account.address, credential: credential?.name });
    return { kind: 'welcome', account, credential };
  }

  #fail(attempt: LoginAttempt, account: Account | undefined, reason: string): LoginResult {
    this.#tell(attempt, account, { outcome: 'wrong', reason });
    return { kind: 'wrong' };
  }

  #tell(
    { protocol, mechanism, session, peer }: LoginAttempt,
    account: Account | undefined,
    end: { readonly outcome: 'wrong' | 'refused'; readonly reason: string },
  ): void {
    this.#observer.failed({ protocol, mechanism, session, peer, account: account?.address, ...end });
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
