/** What becomes of a login at a relay, whatever driver keeps it (relay-logins.ts says what each means). Pure; undefined changes nothing. */
import type { NewRelayLogin, RefreshFailure, RelayLogin, RelayLoginSummary, Tokens } from '../relay-logins.js';

/** Versions grow with the clock, so that one that was removed and made anew is not taken for the old one. */
export function madeLogin(before: RelayLogin | undefined, login: NewRelayLogin, nowMs: number): RelayLogin {
  return { ...login, version: Math.max((before?.version ?? 0) + 1, nowMs), sinceMs: nowMs, refreshedAtMs: nowMs };
}

/** A claim that ends later than one made now would was made before the clock was set back. */
export function claimedLogin(login: RelayLogin, claimMs: number, nowMs: number): RelayLogin | undefined {
  const { claimedUntilMs = 0 } = login;
  const isClaimed = claimedUntilMs > nowMs && claimedUntilMs <= nowMs + claimMs;
  return isClaimed ? undefined : { ...login, claimedUntilMs: nowMs + claimMs };
}

export function refreshedLogin(login: RelayLogin, tokens: Tokens, nowMs: number): RelayLogin {
  const { accessToken, expiresAtMs, refreshToken = login.refreshToken } = tokens;
  return {
    ...login,
    ...{ accessToken, expiresAtMs, refreshToken, version: login.version + 1, refreshedAtMs: nowMs },
    ...{ claimedUntilMs: undefined, failure: undefined },
  };
}

export function failedLogin(login: RelayLogin, failure: RefreshFailure, nowMs: number): RelayLogin {
  return { ...login, claimedUntilMs: undefined, failure: { ...failure, atMs: nowMs } };
}

export function summaryOf(login: RelayLogin): RelayLoginSummary {
  const { user, provider, hosts, clientId, scope, sinceMs, refreshedAtMs, expiresAtMs, failure } = login;
  return { user, provider, hosts, clientId, scope, sinceMs, refreshedAtMs, expiresAtMs, failure };
}
