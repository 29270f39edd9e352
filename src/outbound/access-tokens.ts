/**
 * The access tokens of logins at relays (OAuth 2.0), refreshed some minutes before they end. Over all processes one asks for a new token
 * at a time, and none is used before it is durable, with the refresh token that may have come with it: who loses one loses the login.
 * Where there is no token nothing here gives up: it is asked for again, and a new login is seen at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RefreshFailure, RelayLogin, RelayLogins, Tokens } from '../store/relay-logins.js';
import { untilTaken } from '../store/patience.js';

/** Why nobody can log in, in a sentence for people. */
export interface NoToken {
  readonly why: string;
}

/** A user of a next hop, and the key of that (hop.ts). */
export interface TokenUse {
  readonly user: string;
  readonly hop: string;
}

interface Refusal extends TokenUse {
  readonly sinceMs: number;
  readonly why: string;
}

export interface AccessTokensOptions {
  readonly logins: RelayLogins;
  /** Where tokens are used: they are kept fresh; others are of no interest. */
  readonly uses: () => readonly TokenUse[];
  /** Asks the provider, for no longer than a claim lasts. */
  readonly refresh: (login: RelayLogin) => Promise<Tokens | RefreshFailure>;
  /** Somebody cannot log in any more; said once. */
  readonly lost: (user: string, why: string) => void;
  /** Somebody can again: has a token, or a new login for a hop where the old one was not welcome. */
  readonly restored: (user: string, hop?: string) => void;
  readonly trouble: (error: unknown) => void;
  readonly claimMs?: number;
  readonly retryMs?: number;
}

/** A token that ends sooner is refreshed first: it has to last for as long as a connection is used. Of a short life it is half. */
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
  /** By hop: the login that is of no use there, by when it was made. */
  readonly #unwelcome = new Map<string, Refusal>();
  readonly #stopping = new AbortController();
  #isStopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AccessTokensOptions) {
    this.#options = { claimMs: CLAIM_MS, retryMs: RETRY_MS, ...options };
  }

  /** In sentences, for `pennypost status`. */
  get problems(): readonly string[] {
    this.#forget();
    return [...this.#lost.values(), ...[...this.#unwelcome.values()].map(({ why }) => why)];
  }

  /** Looks at every login, now and from time to time. */
  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_MS);
    this.check();
  }

  /** At every login, also at those that are used only now. */
  check(): void {
    this.#forget();
    this.#look(this.#options.uses().map(({ user }) => user));
  }

  /** Something was stored: perhaps a login that was missed. */
  look(): void {
    this.#look([...this.#lost.keys(), ...[...this.#unwelcome.values()].map(({ user }) => user)]);
  }

  /** Asks for nothing more. What a provider is asked for already is stored yet, if it comes and the store takes it in time. */
  async stop(patienceMs: number): Promise<void> {
    this.#isStopping = true;
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
    if (!isRejected && login.expiresAtMs - marginMs(login) > Date.now()) return this.#noted(user, login);
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

  /** A good token is of no use at this hop: something else is wrong, and a new login may mend it. */
  unwelcome({ user, sinceMs }: RelayLogin, hop: string, why: string): void {
    const isKnown = this.#unwelcome.has(hop);
    this.#unwelcome.set(hop, { user, hop, sinceMs, why });
    if (!isKnown) this.#options.lost(user, why);
  }

  taken(login: RelayLogin, hop: string): void {
    const refusal = this.#unwelcome.get(hop);
    if (refusal !== undefined) this.#welcome(refusal);
    this.#restore(login);
  }

  #look(users: readonly string[]): void {
    if (this.#isStopping) return;
    for (const user of new Set(users)) void this.current(user).catch(this.#options.trouble);
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
    if (this.#isStopping || !mayBeTried(login, retryMs)) return usableYet(login);
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
    for (const endMs = Date.now() + 2 * claimMs; Date.now() < endMs && !this.#isStopping;) {
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
    else this.#restore(result);
    return result;
  }

  #lose(user: string, why: string): void {
    const isKnown = this.#lost.has(user);
    this.#lost.set(user, why);
    if (!isKnown) this.#options.lost(user, why);
  }

  /** There is a token. What was not welcome somewhere may have been one of another login. */
  #restore({ user, sinceMs }: RelayLogin): void {
    if (this.#lost.delete(user)) this.#options.restored(user);
    for (const refusal of this.#unwelcome.values())
      if (refusal.user === user && refusal.sinceMs !== sinceMs) this.#welcome(refusal);
  }

  #welcome({ user, hop }: Refusal): void {
    this.#unwelcome.delete(hop);
    this.#options.restored(user, hop);
  }

  /** What nobody uses any more is nobody's trouble. */
  #forget(): void {
    const uses = this.#options.uses();
    const [users, hops] = [new Set(uses.map(({ user }) => user)), new Set(uses.map(({ hop }) => hop))];
    for (const user of this.#lost.keys()) if (!users.has(user)) this.#lost.delete(user);
    for (const hop of this.#unwelcome.keys()) if (!hops.has(hop)) this.#unwelcome.delete(hop);
  }
}

function expired(login: RelayLogin): RelayLogin {
  return { ...login, expiresAtMs: 0 };
}

function marginMs({ expiresAtMs, refreshedAtMs }: RelayLogin): number {
  return Math.min(MARGIN_MS, Math.max(0, expiresAtMs - refreshedAtMs) / 2);
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
