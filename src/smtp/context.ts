/** What SMTP's commands may use, made anew for each session. */
import type { LoginCheck } from '../auth/login.js';
import type { Peer } from '../session/channel.js';
import type { Row } from '../session/command.js';
import { commandOf, type SessionContext } from '../session/protocol.js';
import type { Autoreplies } from '../store/autoreplies.js';
import type { Deliveries } from '../store/deliveries.js';
import type { History } from '../store/history.js';
import type { Logins } from '../store/logins.js';
import type { RouteLookup } from '../store/routes.js';
import type { Suppressions } from '../store/suppressions.js';
import type { DeviceSession } from './device-session.js';
import type { SmtpSettings } from './settings.js';
import type { StageRow } from './stage-row.js';
import type { SmtpState } from './state.js';

/** What a session did, for its line in the log. */
export interface SmtpCounters {
  helo?: string;
  /** Who logged in. */
  account?: string;
  /** How: a SASL mechanism's name. */
  mechanism?: string;
  /** The name of the device that has come, and what was mended of what it sent. */
  readonly device?: string;
  readonly mended?: string | undefined;
  accepted: number;
  /** Recipients that were refused, and messages, because the account had sent to too many. */
  overLimit?: number;
  /** Recipients that were refused because nothing is sent to them any more. */
  suppressed?: number;
  refused: number;
  octets: number;
}

/** `login`: where mail is taken only from those who have proved who they are. `front`: who may speak for others. */
export type SmtpNeed = 'login' | 'front';

export interface Untold {
  readonly session: string;
  readonly peer: Peer;
  readonly reversePath: string;
  readonly error: unknown;
}

/** What somebody who watches a server wants to know at once. */
export interface SmtpObserver {
  /** A login has come to its limit of recipients: the first time in this session. */
  overLimit(login: { readonly session: string; readonly peer: Peer; readonly account: string }): void;
  /** Somebody wrote to an address that nothing is sent to: the first time in this session. */
  suppressed(refusal: { readonly session: string; readonly peer: Peer; readonly recipient: string }): void;
  /** A message is stored whose sender was promised a report of that, and has none. */
  untold(report: Untold): void;
  /** A message is stored, and what an account answers by itself could not be sent. */
  unanswered(answer: Untold): void;
}

export interface SmtpContext extends SessionContext {
  readonly counters: SmtpCounters;
  readonly settings: SmtpSettings;
  readonly store: Deliveries & Logins;
  /** Whether the connection comes from a listed front; stays when the front has said who the client is. */
  readonly isFront?: boolean;
  readonly autoreplies: Pick<Autoreplies, 'findAnswer' | 'claimAnswer'>;
  readonly suppressions: Suppressions;
  readonly routes: RouteLookup;
  /** On the port for devices: the one that has come. */
  readonly device?: DeviceSession;
  /** Told of what came; undefined where nothing of that is kept. */
  readonly history?: Pick<History, 'recordArrival'> | undefined;
  readonly authenticator: LoginCheck;
  readonly observer: SmtpObserver;
  readonly table: ReadonlyMap<string, Row<SmtpState, SmtpContext, SmtpNeed>>;
  /** What is done with each message (stages.ts). */
  readonly stages: readonly StageRow[];
  /** A name for a message, unlike any other's. */
  nextId(): string;
}

/** A row of SMTP's table. */
export const defineCommand = commandOf<SmtpState, SmtpContext, SmtpNeed>();
