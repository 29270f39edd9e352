/** What several parts of a store's interface are made of. This file imports nothing. */

/** A value now, or a promise of it: drivers answer at once when they can, and sessions then stay synchronous. */
export type MaybePromise<T> = T | Promise<T>;

export type AccountId = number;

/** A mailbox name in the sense of RFC 5321 §4.1.2: the local part unquoted and as given, the domain in lower case. */
export interface Address {
  readonly local: string;
  readonly domain: string;
}

/** What a login is for: a submission, an open maildrop, the page, or programs that speak HTTP. */
export const SCOPES = ['pop3', 'smtp', 'web', 'api'] as const;
export type Scope = (typeof SCOPES)[number];

/** What proves a password, as text that only auth/ reads: a PHC string, and SCRAM keys as RFC 5803 writes them. */
export interface Secrets {
  readonly hash: string;
  /** Absent until the password was known in clear for the first time since there are such keys. */
  readonly scram?: string | undefined;
}

/** NOTIFY, RFC 3461 §4.1. */
export type NotifyOn = 'never' | 'success' | 'failure' | 'delay';
/** RET, RFC 3461 §4.3. */
export type Returned = 'full' | 'headers';
