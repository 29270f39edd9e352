/** What the supervisor and its processes say to each other, over Node's own channel: first what all of them say, then what is a role's own. */
import type { ThrottleDecision, Count, Pair, ThrottleState } from '../../auth/throttle.js';
import type { Configuration } from '../../config/configuration.js';
import type { ListenerAddress } from '../../net/listener.js';
import type { TlsMaterial } from '../../net/tls.js';
import type { Report, Waiting } from './child.js';
import type { Alive } from './watchdog.js';

/** To a process of any role. */
export type ToChild =
  /** Every process that was to be prepared is: begin. */
  | { readonly kind: 'go' }
  /** Begin nothing more and end when all that was begun has ended; `patienceMs` from now the rest is cut off. */
  | { readonly kind: 'drain'; readonly patienceMs: number; readonly hurry: boolean }
  /** Instead of that, to one whose role does not drain. */
  | { readonly kind: 'stop' };

export interface Ready {
  readonly kind: 'ready';
}

/** It cannot be ready, and ends. */
export interface Failed {
  readonly kind: 'failed';
  readonly sentence: string;
}

/** From a process of any role. */
export type FromChild =
  | Waiting
  | Alive
  | Report
  /** It has done all that can fail, and waits for 'go'. One that is ready at once need not say so. */
  | { readonly kind: 'prepared' }
  | Ready
  | Failed;

/** To a process whose role has no more to be told than the configuration. */
export interface Start {
  readonly kind: 'start';
  readonly configuration: Configuration;
  readonly number: number;
}

/** Services that share places: with and without TLS, and LMTP with SMTP. */
export type ServiceGroup = 'smtp' | 'submission' | 'device' | 'pop3';

/** A client that is not trusted and wants in. */
export interface ConnectionRequest {
  readonly request: number;
  readonly client: string;
  readonly group: ServiceGroup;
}

/** Who would be evicted in one worker, of one service. */
export interface Victim {
  readonly group: ServiceGroup;
  readonly trusted: boolean;
  /** How many like it its client has there. */
  readonly crowd: number;
  readonly spoke: boolean;
  readonly idleMs: number;
  readonly ageMs: number;
}

/** From a worker to the connection limiter. */
export type ToConnectionLimiter =
  | { readonly kind: 'slots-wanted' }
  /** `recalled`: the answer to a recall, also when there are none. */
  | {
      readonly kind: 'slots-back';
      readonly count: number;
      readonly recalled: boolean;
      readonly victims?: readonly Victim[];
    }
  | { readonly kind: 'entering'; readonly entry: ConnectionRequest }
  | { readonly kind: 'left'; readonly client: string; readonly group: ServiceGroup; readonly stranger: boolean }
  /** The answer to 'evict': what became free was told before. */
  | { readonly kind: 'evicted'; readonly victims: readonly Victim[] }
  /** Somebody has logged in from there. */
  | { readonly kind: 'known'; readonly client: string };

/** `slots` with none: the server is full. */
export type FromConnectionLimiter =
  | { readonly kind: 'slots'; readonly count: number }
  | { readonly kind: 'recall' }
  | { readonly kind: 'evict'; readonly group: ServiceGroup; readonly trusted: boolean }
  | { readonly kind: 'nearly-full'; readonly is: boolean }
  | {
      readonly kind: 'verdict';
      readonly request: number;
      /** 'welcome' comes with a slot. */
      readonly answer: 'welcome' | 'too-many' | 'too-often' | 'full';
      readonly stranger: boolean;
    };

/** To the login limiter and from there to the other workers. */
export type LoginCount = Count;

/** Of an attempt: what it counts for, if anything. */
export type Ending = Count['kind'] | 'withdrawn';

export type ToLoginLimiter =
  | { readonly kind: 'login-attempt'; readonly request: number; readonly pair: Pair; readonly known: boolean }
  /** Of an attempt that the limiter admitted: how it ended. */
  | { readonly kind: 'login-settled'; readonly request: number; readonly how: Ending }
  /** Nobody waits for the verdict any more, whether or not it was given meanwhile. */
  | { readonly kind: 'login-abandoned'; readonly request: number }
  | LoginCount;

export type FromLoginLimiter =
  | { readonly kind: 'login-verdict'; readonly request: number; readonly admission: ThrottleDecision }
  /** The verdict comes when another attempt has settled. */
  | { readonly kind: 'login-waits'; readonly request: number }
  | LoginCount;

export function isOfLogins<T extends { readonly kind: string }>(
  message: T,
): message is Extract<T, { readonly kind: `login-${string}` }> {
  return message.kind.startsWith('login-');
}

export interface WorkerStart extends Start {
  readonly tls: TlsMaterial | undefined;
  /** The failed logins of the server so far. */
  readonly logins: ThrottleState;
  /** Sockets that the worker was given when it was forked. */
  readonly inherited: readonly ListenerAddress[];
  /** Where others listen already: opened last, since it cannot fail. */
  readonly held: readonly ListenerAddress[];
}

export type ToWorker =
  | Exclude<ToChild, { kind: 'stop' }>
  | FromConnectionLimiter
  | FromLoginLimiter
  | WorkerStart
  /** What new connections are served with from now on. */
  | { readonly kind: 'tls'; readonly tls: TlsMaterial | undefined };

/** It could listen on everything: prepared. It listens: ready. */
export interface WorkerReady extends Ready {
  readonly listeners: readonly ListenerAddress[];
}

/** To the process of the page, which logs people in too. */
export interface WebStart extends Start {
  readonly tls: TlsMaterial | undefined;
  /** The failed logins of the server so far. */
  readonly logins: ThrottleState;
}

export type ToWeb =
  | Exclude<ToChild, { kind: 'stop' }>
  | FromLoginLimiter
  | WebStart
  | { readonly kind: 'tls'; readonly tls: TlsMaterial | undefined };

/** Where it listens by now. */
export interface WebListeners {
  readonly kind: 'web-listeners';
  readonly listeners: readonly ListenerAddress[];
}

export type FromWeb = FromChild | WebListeners | ToLoginLimiter;

export type FromWorker = Exclude<FromChild, Ready> | WorkerReady | ToConnectionLimiter | ToLoginLimiter;

/** `again`: there was a store of this server before, so there must be a database. */
export interface StoreStart {
  readonly kind: 'start';
  readonly configuration: Configuration;
  readonly again: boolean;
}

export type ToStore = StoreStart | Extract<ToChild, { kind: 'stop' }>;

export type FromStore =
  | FromChild
  /** Before it is ready, or later, when the disk would not take it at first. */
  | { readonly kind: 'first-account'; readonly firstAccount: FirstAccount }
  /** Whether there is work for a role that is there on demand. */
  | { readonly kind: 'demand'; readonly role: string; readonly isWanted: boolean }
  /** Another process is the store of this database. */
  | { readonly kind: 'held' };

/**
 * The store's exit status when the disk failed under a checkpoint: what SQLite counts as moved may not be on the disk. It keeps
 * that count as long as any process has the database open, and takes it anew from the WAL when none has.
 */
export const UNMOVED_STATUS = 75;

/** Made on an empty database, and shown once. */
export interface FirstAccount {
  readonly address: string;
  readonly password: string;
}
