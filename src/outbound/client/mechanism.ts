/** The client's side of a mechanism of SASL (RFC 4422 §3): what it says first, and what to each challenge. */
import type { TLSSocket } from 'node:tls';
import type { Credentials, NextHop } from './next-hop.js';

/** What a mechanism may want to know of where it logs in. */
export interface LoginContext {
  readonly nextHop: NextHop;
  /** Absent in clear. */
  readonly tls: TLSSocket | undefined;
}

export interface ClientMechanism<C extends Credentials = Credentials> {
  readonly name: string;
  readonly proves: C['kind'];
  /** Whether it ties the login to TLS, and can to this one. */
  readonly binds?: (context: LoginContext) => boolean;
  begin(credentials: C, context: LoginContext): ClientExchange;
}

/** One login. */
export interface ClientExchange {
  /** Sent with AUTH itself (RFC 4954 §4); absent where the server speaks first. */
  readonly initial?: Buffer;
  /** Undefined when there is nothing to say to that: the login is given up. */
  respond(challenge: Buffer): Buffer | undefined | Promise<Buffer | undefined>;
  /** Why a login that the server calls good is none. */
  readonly objection?: string | undefined;
  /** What is known of why a login was refused, beside the reply. */
  readonly detail?: string | undefined;
}
