/**
 * A login as protocols and mechanisms see it: who asks, what they may ask of the authenticator, and what comes of it.
 * Nothing here tells a client why a login failed; the log is told.
 */
import type { Peer } from '../session/channel.js';
import type { Account, Credential, Grant } from '../store/logins.js';
import type { Scope } from '../store/shapes.js';

/** Who asks, and for what. */
export interface LoginAttempt {
  /** As the client typed it. */
  readonly name: string;
  readonly scope: Scope;
  /** For the log: 'USER', 'PLAIN', 'LOGIN', 'SCRAM-SHA-256' and so on. */
  readonly mechanism: string;
  /** For the log: the session's name, and what it speaks. */
  readonly session: string;
  readonly protocol: string;
  readonly peer: Pick<Peer, 'origin' | 'address'>;
}

export interface PasswordAttempt extends LoginAttempt {
  readonly password: string;
}

/** `credential` is absent when it was the account's main password. */
export interface Welcome {
  readonly kind: 'welcome';
  readonly account: Account;
  readonly credential?: Credential | undefined;
}

/** What a session keeps of its login, to be asked about when rights change. */
export function grantOf({ account, credential }: Omit<Welcome, 'kind'>, scope: Scope): Grant {
  return { account: account.id, credential: credential?.id, scope, passwordVersion: account.passwordVersion };
}

/** Too many failures: nothing was checked. */
export interface Refused {
  readonly kind: 'refused';
  readonly retryAfterMs: number;
}

/** Too many log in at this moment: nothing was checked, and nothing counts. */
export interface Crowded {
  readonly kind: 'crowded';
}

/** `wrong` says nothing of what was wrong. */
export type LoginResult = Welcome | { readonly kind: 'wrong' } | Refused | Crowded;

/** Keys that a SCRAM client may prove to have; one of them is enough. */
export interface ScramCandidate {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** Absent for the main password. */
  readonly credential: Credential | undefined;
}

/** One server-first message fits every candidate: an account's keys share salt and iterations. */
export interface ScramKeys {
  readonly kind: 'keys';
  readonly salt: Buffer;
  readonly iterations: number;
  /** Empty for an unknown name, a disabled account, or a password from before there were keys. */
  readonly candidates: readonly ScramCandidate[];
}

/** What a protocol may ask of the authenticator. */
export interface LoginCheck {
  /** A password in clear. Takes seconds when there were failures; holds no worker. @throws StoreError */
  check(attempt: PasswordAttempt): Promise<LoginResult>;
  /**
   * The beginning of SCRAM. After 'keys', `settle` follows when the client has sent its proof, `reject` when what it
   * sent made no sense; nothing when it went away. @throws StoreError
   */
  scramKeys(attempt: LoginAttempt): Promise<ScramKeys | Refused>;
  /**
   * The end of SCRAM: the candidate that the client proved, or undefined. Reads the account again: what was revoked or
   * disabled meanwhile is 'wrong'. @throws StoreError
   */
  settle(attempt: LoginAttempt, proved: ScramCandidate | undefined): Promise<LoginResult>;
  /**
   * A login that fails for a reason of the mechanism's own, such as an authzid that is not the login: counted, made to wait and
   * logged like a wrong password. @throws StoreError
   */
  reject(attempt: LoginAttempt, reason: string): Promise<LoginResult>;
  /** A login that cannot be tied to its connection: logged, and counted as nothing, since no password was looked at. */
  unbound(login: UnboundLogin): void;
}

/** `password` is undefined when what was sent cannot be one: it is not UTF-8. @throws StoreError */
export function checkPassword(
  logins: LoginCheck,
  attempt: LoginAttempt,
  password: string | undefined,
): Promise<LoginResult> {
  return password === undefined
    ? logins.reject(attempt, 'the password is not UTF-8')
    : logins.check({ password, ...attempt });
}

/** For the log: a login that no password was looked at for, because it could not be tied to its connection. */
export interface UnboundLogin extends Pick<LoginAttempt, 'protocol' | 'mechanism' | 'session' | 'peer'> {
  readonly reason: string;
}

/** A login that was right. */
export interface LoginSuccess extends Pick<LoginAttempt, 'protocol' | 'mechanism' | 'peer'> {
  readonly account: string;
  /** The app password's name. */
  readonly credential: string | undefined;
}

/** For the log: a failed login, without what was typed as a password. */
export interface LoginFailure extends Pick<LoginAttempt, 'protocol' | 'mechanism' | 'session' | 'peer'> {
  readonly outcome: 'wrong' | 'refused';
  readonly reason: string;
  /** Undefined for an unknown name: it may be a password that was typed into the wrong field. */
  readonly account: string | undefined;
}

export interface LoginObserver {
  /** Somebody is who they say. */
  welcomed?(login: LoginSuccess): void;
  failed(failure: LoginFailure): void;
  unbound(login: UnboundLogin): void;
  /** Something went wrong that no client caused; the login itself is decided. */
  trouble(what: string, error: unknown): void;
}
