/** What POP3's commands may use, made anew for each session. */
import type { LoginCheck } from '../auth/login.js';
import type { Row } from '../session/command.js';
import { commandOf, type SessionContext } from '../session/protocol.js';
import type { Logins } from '../store/logins.js';
import type { Maildrops } from '../store/maildrops.js';
import type { Pop3State } from './state.js';

export interface Pop3Settings {
  readonly hostname: string;
  /** What must lie between two logins, in milliseconds (RFC 2449 §6.5); 0 for nothing. */
  readonly loginDelay: number;
}

/** What a session did, for its line in the log. */
export interface Pop3Counters {
  account?: string;
  /** How it was opened: a SASL mechanism's name, or USER. */
  mechanism?: string;
  retrieved: number;
  octets: number;
  removed: number;
}

/** `private`: what is sent now cannot be overheard. */
export type Pop3Need = 'private';

export interface Pop3Context extends SessionContext {
  readonly counters: Pop3Counters;
  readonly settings: Pop3Settings;
  readonly store: Maildrops & Logins;
  readonly authenticator: LoginCheck;
  /** What EXPIRE says (RFC 2449 §6.7), where that is known; NEVER unless told. */
  readonly expiry?: string | undefined;
  readonly table: ReadonlyMap<string, Row<Pop3State, Pop3Context, Pop3Need>>;
}

/** A row of POP3's table. */
export const defineCommand = commandOf<Pop3State, Pop3Context, Pop3Need>();
