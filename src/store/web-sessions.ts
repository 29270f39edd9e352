/** People who have logged in by HTTP: what their browser's token is good for, until it ends, is ended, or the login does not stand any more. */
import type { Grant } from './logins.js';
import type { Address, MaybePromise } from './shapes.js';

export interface NewWebSession {
  /** The SHA-256 of its token, in hexadecimal: whoever reads it here can do nothing with it. */
  readonly id: string;
  /** Of scope `web`. */
  readonly grant: Grant;
  /** The client's address. */
  readonly client: string;
  /** What its browser calls itself: printable, and not long. */
  readonly agent: string;
  readonly untilMs: number;
}

export interface WebSession extends NewWebSession {
  /** Of the account. */
  readonly address: string;
  readonly sinceMs: number;
  readonly seenAtMs: number;
}

/** What changes is durable when it resolves. Whether the login still stands is for whoever finds a session to ask (Logins). */
export interface WebSessions {
  /** Undefined when there is none, or its time is over. */
  findWebSession(id: string): MaybePromise<WebSession | undefined>;
  /** Of one account, the one that was seen last first. Rejects with 'missing' when there is no such account. */
  listWebSessions(address: Address): MaybePromise<readonly WebSession[]>;
  /** An account has at most so many (rules/web-sessions.ts): for one more, the one that was not seen for longest ends. */
  addWebSession(session: NewWebSession): Promise<void>;
  /** Somebody came with its token, and it lasts longer. Does nothing when it has ended meanwhile. */
  extendWebSession(id: string, client: string, untilMs: number): Promise<void>;
  /** Rejects with 'missing' when the account has no such session. */
  removeWebSession(address: Address, id: string): Promise<void>;
}
