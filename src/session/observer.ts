/** Who watches a session, what it is told, and why sessions end. */
import type { Overdue } from './deadlines.js';
import type { Overdrawn } from './error-budget.js';
import type { Peer } from './channel.js';
import type { Reply } from './reply.js';

/** Who watches a session: the log, and the dialogue of -v. */
export interface Observer {
  /** A command line as it may be shown: secrets masked. Only asked for with -v. */
  heard?(text: string): void;
  said?(reply: Reply): void;
  bug(error: unknown): void;
  ended(end: SessionEnd): void;
}

export interface SessionEnd {
  /** As it was last known: TLS and a front that speaks for others may change it. */
  readonly peer: Peer;
  readonly outcome: SessionOutcome;
  /** What was seen of another protocol. */
  readonly saw?: string;
  readonly commands: number;
  readonly errors: number;
  readonly durationMs: number;
}

/** Why a session ended. */
export type SessionOutcome =
  | 'quit'
  /** The client closed the connection. */
  | 'dropped'
  | Overdue
  | Overdrawn
  /** The client spoke before it was greeted. */
  | 'early-talker'
  /** There were bytes in clear behind the command that begins TLS. */
  | 'injected'
  | 'other-protocol'
  | 'stopping'
  | 'revoked'
  | 'evicted'
  | 'bug'
  /** With the network's error. */
  | `broken: ${string}`;
