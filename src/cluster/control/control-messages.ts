/**
 * What is said on the control socket of a supervisor: one line of JSON that asks, one that answers, and the end. Who may ask is said
 * by the mode of the socket's file, 0600.
 */
import type { Configuration } from '../../config/configuration.js';
import type { ListenerAddress } from '../../net/listener.js';

/** What may be asked, and what is answered. */
export interface ControlResults {
  readonly status: SupervisorStatus;
  readonly health: Health;
  /** What is in force, of mail to other domains. */
  readonly outbound: OutboundConfiguration;
  /** When every process is new; an error says why the old ones go on. */
  readonly reload: { readonly reloaded: true };
}

/** Holds no secret: a password is in a file or in the environment. */
export type OutboundConfiguration = Pick<
  Configuration,
  | 'outbound'
  | 'relay'
  | 'relayPasswordFile'
  | 'maxRecipientsPerHour'
  | 'maxRecipientsPerDay'
  | 'queueLifetime'
  | 'delayWarning'
  | 'devicePort'
>;

export interface ControlRequest {
  readonly request: keyof ControlResults;
}

export type ControlAnswer<T> = { readonly result: T } | { readonly error: string };

/** Why a request was understood and not done. */
export class RequestError extends Error {}

/** What a process counts, by its own names. */
export type Counts = Readonly<Record<string, number>>;

/** What a process has measured, for /metrics: absolute, since it began. The table of names is src/web/metric-families.ts. */
export interface Sample {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** 'ending': drains, or was told to stop. */
export type ProcessState = 'starting' | 'ready' | 'ending';

/** A process under the supervisor, of whatever role. */
export interface ProcessStatus {
  readonly role: string;
  readonly pid: number;
  readonly state: ProcessState;
  /** How often the one in its place died and was started again. */
  readonly restarts: number;
  /** Undefined when it did not answer in time. */
  readonly counts?: Counts;
  readonly samples?: readonly Sample[];
  /** Which it has found itself. */
  readonly problems?: readonly string[];
}

/** Of a supervisor and all that it has started. */
export type ServerState = 'starting' | 'ready' | 'stopping';

/** A problem that a supervisor and a command may both see. */
export const NO_STORE = 'the store does not answer';

export interface SupervisorStatus {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly state: ServerState;
  readonly listeners: readonly ListenerAddress[];
  /** By role. */
  readonly restarts: Readonly<Record<string, number>>;
  readonly failedReload: { readonly atMs: number; readonly why: string } | null;
  readonly processes: readonly ProcessStatus[];
  /** Of the supervisor itself. */
  readonly samples: readonly Sample[];
  /** What is not as it should be, in sentences. With none the server is healthy. */
  readonly problems: readonly string[];
}

export interface Health {
  readonly healthy: boolean;
  readonly state: ServerState;
  readonly problems: readonly string[];
}
