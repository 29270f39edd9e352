/**
 * The access tokens of logins at relays (OAuth 2.0), refreshed some minutes before they end. Over all processes one asks for a new token
 * at a time, and none is used before it is durable, with the refresh token that may have come with it: who loses one loses the login.
 * Where there is no token nothing here gives up: it is asked for again, and a new login is seen at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RefreshFailure, RelayLogin, RelayLogins, Tokens } from '../store/relay-logins.js';
import { untilTaken } from './patience.js';

/** Why nobody can log in, in a sentence for people. */
export interface NoToken {
  readonly why: string;
}

export interface AccessTokensOptions {
  readonly logins: RelayLogins;
  /** Whose tokens are kept fresh; others are of no interest. */
  readonly users: () => readonly string[];
  /** Asks the provider, for no longer than a claim lasts. */
  readonly refresh: (login: RelayLogin) => Promise<Tokens | RefreshFailure>;
  /** Somebody cannot log in any more; said once. */
  readonly lost: (user: string, why: string) => void;
  /** Somebody can again. */
  readonly restored: (user: string) => void;
  readonly trouble: (error: unknown) => void;
  readonly claimMs?: number;
  readonly retryMs?: number;
}

/** A token that ends sooner is refreshed first: it has to last for as long as a connection is used. */
const MARGIN_MS = 5 * 60_000;
/** Longer than a provider is waited for. */
const CLAIM_MS = 15_000;
const LOOK_MS = 250;
/** After a failure that passes. */
const RETRY_MS = 15_000;
/** After a refusal: an account may be unlocked without a new login. */
const REFUSED_RETRY_MS = 60 * 60_000;
/** A token that the server refuses so soon is not refused for its age. */
const FRESH_MS = 60_000;
const CHECK_MS = 60_000;

export class AccessTokens {
  readonly #options: Required<AccessTokensOptions>;
  readonly #renewing = new Map<string, Promise<RelayLogin | NoToken>>();
  readonly #lost = new Map<string, string>();
  /** Versions that a server did not take, whatever their age. */
  readonly #rejected = new Map<string, number>();
  /** Logins, by when they were made, whose new tokens a server does not take. */
  readonly #unwelcome = new Map<string, number>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AccessTokensOptions) {
    this.#options = { claimMs: CLAIM_MS, retryMs: RETRY_MS, ...options };
  }

  /** In sentences, for `pennypost status`. */
  get problems(): readonly string[] {
    const users = new Set(this.#options.users());
    return [...this.#lost].flatMap(([user, why]) => (users.has(user) ? [why] : []));
  }

  /** Looks at every login, now and from time to time. */
  start(): void {
    this.#timer = setInterval(() => this.#check(this.#options.users()), CHECK_MS);
    this.#check(this.#options.users());
  }

  /** Something was stored: perhaps a login that was missed. */
  look(): void {
    this.#check([...this.#lost.keys()]);
  }

  /** What a provider is asked for already is stored yet, if the store takes it in time. */
  async stop(patienceMs: number): Promise<void> {
    clearInterval(this.#timer);
    const timer = setTimeout(() => this.#stopping.abort(), patienceMs);
    await Promise.allSettled(this.#renewing.values());
    clearTimeout(timer);
  }

  /** That can be used now. Rejects as the store does. */
  async current(user: string): Promise<RelayLogin | NoToken> {
    const login = await this.#options.logins.findRelayLogin(user);
    if (login === undefined) return this.#noted(user, missing(user));
    const isRejected = this.#rejected.get(user) === login.version;
    if (!isRejected && login.expiresAtMs - MARGIN_MS > Date.now()) return this.#noted(user, login);
    return this.#noted(user, await this.#renewed(isRejected ? expired(login) : login));
  }

  /** Another than one that a server refused; undefined when it is too new for that to be of use. */
  async after({ user, version }: RelayLogin): Promise<RelayLogin | NoToken | undefined> {
    const login = await this.#options.logins.findRelayLogin(user);
    if (login === undefined) return this.#noted(user, missing(user));
    if (login.version !== version) return login;
    if (Math.abs(Date.now() - login.refreshedAtMs) < FRESH_MS) return undefined;
    this.#rejected.set(user, version);
    return this.#noted(user, await this.#renewed(expired(login)));
  }

  /** A server did not take a token that is new: something else is wrong, and a new login may mend it. */
  refused({ user, sinceMs }: RelayLogin, reply: string): void {
    this.#unwelcome.set(user, sinceMs);
    this.#lose(user, `mail waits for the login of ${user} at its relay, which refuses a new token: ${reply}`);
  }

  taken({ user }: RelayLogin): void {
    this.#unwelcome.delete(user);
    this.#restore(user);
  }

  #check(users: readonly string[]): void {
    for (const user of users) void this.current(user).catch(this.#options.trouble);
  }

  #renewed(login: RelayLogin): Promise<RelayLogin | NoToken> {
    const { user } = login;
    const renewing = this.#renewing.get(user) ?? this.#renew(login).finally(() => this.#renewing.delete(user));
    this.#renewing.set(user, renewing);
    return renewing;
  }

  /** By this process, or by one that does so already. */
  async #renew(login: RelayLogin): Promise<RelayLogin | NoToken> {
    const { logins, refresh, claimMs, retryMs } = this.#options;
    const { user, version } = login;
    if (!mayBeTried(login, retryMs)) return usableYet(login);
    if ((await logins.claimRelayLogin(user, version, claimMs)) === 0) return this.#others(login);
    const answer = await refresh(login).catch((error: unknown) => this.#bug(error));
    const store = () =>
      'accessToken' in answer
        ? logins.refreshRelayLogin(user, version, answer)
        : logins.failRelayLogin(user, version, answer);
    await untilTaken(store, this.#stopping.signal);
    return this.#found(login);
  }

  /** What another process, or a person who logged in meanwhile, came to. */
  async #others(login: RelayLogin): Promise<RelayLogin | NoToken> {
    const { user, version, failure } = login;
    const { logins, claimMs } = this.#options;
    for (const endMs = Date.now() + 2 * claimMs; Date.now() < endMs && !this.#stopping.signal.aborted;) {
      const now = await logins.findRelayLogin(user);
      if (now?.version !== version || now.failure?.atMs !== failure?.atMs) break;
      if (isUnclaimed(now, claimMs)) return this.#renew(login);
      await delay(LOOK_MS);
    }
    return this.#found(login);
  }

  /** What stands there now is what can be used, whoever wrote it. */
  async #found({ user, version, expiresAtMs }: RelayLogin): Promise<RelayLogin | NoToken> {
    const now = await this.#options.logins.findRelayLogin(user);
    if (now === undefined) return missing(user);
    return now.version === version ? usableYet({ ...now, expiresAtMs }) : now;
  }

  #bug(error: unknown): RefreshFailure {
    this.#options.trouble(error);
    return { text: 'could not be asked for a bug of ours', isRefused: false };
  }

  #noted<T extends RelayLogin | NoToken>(user: string, result: T): T {
    if ('why' in result) this.#lose(user, result.why);
    else if (this.#unwelcome.get(user) !== result.sinceMs) this.taken(result);
    return result;
  }

  #lose(user: string, why: string): void {
    const isKnown = this.#lost.has(user);
    this.#lost.set(user, why);
    if (!isKnown) this.#options.lost(user, why);
  }

  #restore(user: string): void {
    if (this.#lost.delete(user)) this.#options.restored(user);
  }
}

function expired(login: RelayLogin): RelayLogin {
  return { ...login, expiresAtMs: 0 };
}

function isUnclaimed({ claimedUntilMs = 0 }: RelayLogin, claimMs: number): boolean {
  const nowMs = Date.now();
  return claimedUntilMs <= nowMs || claimedUntilMs > nowMs + claimMs;
}

function mayBeTried({ failure }: RelayLogin, retryMs: number): boolean {
  if (failure === undefined) return true;
  return Math.abs(Date.now() - failure.atMs) >= (failure.isRefused ? REFUSED_RETRY_MS : retryMs);
}

/** Of a token that could not be refreshed. */
function usableYet(login: RelayLogin): RelayLogin | NoToken {
  return login.expiresAtMs > Date.now() ? login : { why: whyNot(login) };
}

function whyNot({ user, provider, failure }: RelayLogin): string {
  const what = failure === undefined ? 'is being asked' : failure.text;
  const advice = failure?.isRefused === true ? "; 'pennypost relay login' makes a new login" : '';
  return `mail waits for the login of ${user} at its relay: ${provider} ${what}${advice}`;
}

function missing(user: string): NoToken {
  return { why: `mail waits for the login of ${user} at its relay: there is none; 'pennypost relay login' makes one` };
}
