/**
 * How this server logs in at relays by OAuth 2.0 (RFC 6749): one login for each user of a relay, with the tokens that it has now. All of
 * it but names and times is secret: nothing here is for a log, a list or an error.
 */
import type { MaybePromise } from './shapes.js';

/** Who asks for access tokens, and where (RFC 6749 §2.3, §3.2). */
export interface TokenClient {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly scope?: string | undefined;
}

/** What a token endpoint gives (RFC 6749 §5.1). */
export interface Tokens {
  readonly accessToken: string;
  readonly expiresAtMs: number;
  /** Where there is none, the one before stays; a login that never had one is by client credentials (RFC 6749 §4.4). */
  readonly refreshToken?: string | undefined;
}

export interface NewRelayLogin extends TokenClient, Tokens {
  /** Of the relay's URL. */
  readonly user: string;
  /** Who gives the tokens, for people. */
  readonly provider: string;
  /** Of relays, names or addresses as in their URLs: its tokens go to these and no others. */
  readonly hosts: readonly string[];
}

/** Why there is no newer access token. */
export interface RefreshFailure {
  readonly text: string;
  /** Until somebody logs in anew; any other passes. */
  readonly isRefused: boolean;
}

export interface RelayLogin extends NewRelayLogin {
  /** Never the same for two access tokens of a user. */
  readonly version: number;
  readonly sinceMs: number;
  readonly refreshedAtMs: number;
  /** A process is refreshing it, if it lives. */
  readonly claimedUntilMs?: number | undefined;
  /** Of the last attempt to refresh it. */
  readonly failure?: (RefreshFailure & { readonly atMs: number }) | undefined;
}

/** What may be shown of a login. */
export type RelayLoginSummary = Pick<
  RelayLogin,
  'user' | 'provider' | 'hosts' | 'clientId' | 'scope' | 'sinceMs' | 'refreshedAtMs' | 'expiresAtMs' | 'failure'
>;

/**
 * A token is refreshed by one process at a time: it claims the login, asks for the token, and tells what came of it, always of the
 * version that it saw. What is not of the present version any more changes nothing, and 0 is answered instead of 1. Whatever is told
 * is durable when it resolves: no token is used before.
 */
export interface RelayLogins {
  findRelayLogin(user: string): MaybePromise<RelayLogin | undefined>;
  listRelayLogins(): MaybePromise<readonly RelayLoginSummary[]>;
  /** In the place of the one that the user had. Who waits for something to send is woken, by this as by every new token. */
  setRelayLogin(login: NewRelayLogin): Promise<void>;
  /** Rejects with 'missing' when there is none. */
  removeRelayLogin(user: string): Promise<void>;
  /** Nobody else may claim it for so long, or until this one tells. */
  claimRelayLogin(user: string, version: number, claimMs: number): Promise<number>;
  refreshRelayLogin(user: string, version: number, tokens: Tokens): Promise<number>;
  failRelayLogin(user: string, version: number, failure: RefreshFailure): Promise<number>;
}
