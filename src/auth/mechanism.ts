/**
 * SASL as its mechanisms and their callers see it (RFC 4422): a mechanism takes octets and answers with a step. Base64,
 * replies and states are the protocol's affair (exchange.ts); whether a password is right is the authenticator's.
 * A step is taken once: what answers a challenge goes to that challenge's own continuation, so nothing can be replayed.
 */
import type { Security } from '../session/channel.js';
import type { Logins } from '../store/logins.js';
import type { LoginAttempt, LoginCheck, LoginResult } from './login.js';

/**
 * What a client's message leads to. `malformed`: it was none of this mechanism's messages, and nobody was asked. `unbound`: it
 * cannot be tied to this connection, and no password was looked at; `hidden` when somebody hid from the client that it could.
 */
export type Step =
  | { readonly kind: 'challenge'; readonly octets: Buffer; answered(response: Buffer): Step | Promise<Step> }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unbound'; readonly hidden: boolean }
  | LoginResult;

/** What one login may use. */
export interface Exchange {
  readonly logins: LoginCheck;
  readonly store: Pick<Logins, 'loginAddress' | 'stands'>;
  /** All of an attempt but the name, which the mechanism finds out. */
  readonly who: Omit<LoginAttempt, 'name'>;
  /** The TLS of this connection; undefined in clear text. */
  readonly security: Pick<Security, 'channelBindings'> | undefined;
}

export interface Mechanism {
  /** As EHLO and CAPA announce it. */
  readonly name: string;
  /** `privacy`: the password itself is sent. `binding`: it proves which TLS connection this is. */
  readonly needs: 'nothing' | 'privacy' | 'binding';
  /** Undefined when the client sent no initial response, which is something else than an empty one. */
  begin(initial: Buffer | undefined, exchange: Exchange): Step | Promise<Step>;
}

export const malformed: Step = { kind: 'malformed' };

export function challenge(text: string, answered: (response: Buffer) => Step | Promise<Step>): Step {
  return { kind: 'challenge', octets: Buffer.from(text), answered };
}

/** Acting for somebody else is not offered: the authzid is empty, or another spelling of the login itself (RFC 4422 §3.4.1). */
export async function isOwn(authzid: string, name: string, { store }: Exchange): Promise<boolean> {
  return authzid.trim() === '' || (await store.loginAddress(authzid)) === (await store.loginAddress(name));
}

/** Counted and logged like a wrong password, and answered like one. */
export function refuse(attempt: LoginAttempt, reason: string, { logins }: Exchange): Promise<Step> {
  return logins.reject(attempt, reason);
}
