/** What the supervisor and its processes say to each other, over Node's own channel. */
import type { Admission, Count, Pair, ThrottleState } from '../../auth/throttle.js';
import type { Configuration } from '../../config/options.js';
import type { ListenerAddress } from '../../net/listener.js';
import type { TlsMaterial } from '../../net/tls.js';
import type { Waiting } from './child.js';
import type { Alive } from './watchdog.js';

/** Services that share places: with and without TLS, and LMTP with SMTP. */
export type ServiceGroup = 'smtp' | 'submission' | 'pop3';

/** A client that is not trusted and wants in. */
export interface Entry {
  readonly request: number;
  readonly client: string;
  readonly group: ServiceGroup;
}

/** Who would make way in one worker, of one service. */
export interface Victim {
  readonly group: ServiceGroup;
  readonly trusted: boolean;
  /** How many like it its client has there. */
  readonly crowd: number;
  readonly spoke: boolean;
  readonly idleMs: number;
  readonly ageMs: number;
}

/** From a worker to the desk that counts sessions. */
export type ToDesk =
  | { readonly kind: 'slots-wanted' }
  /** `recalled`: the answer to a recall, also when there are none. */
  | {
      readonly kind: 'slots-back';
      readonly count: number;
      readonly recalled: boolean;
      readonly victims?: readonly Victim[];
    }
  | { readonly kind: 'entering'; readonly entry: Entry }
  | { readonly kind: 'left'; readonly client: string; readonly group: ServiceGroup; readonly stranger: boolean }
  /** The answer to 'evict': what became free was told before. */
  | { readonly kind: 'evicted'; readonly victims: readonly Victim[] }
  /** Somebody has logged in from there. */
  | { readonly kind: 'known'; readonly client: string };

/** `slots` with none: the server is full. */
export type FromDesk =
  | { readonly kind: 'slots'; readonly count: number }
  | { readonly kind: 'recall' }
  | { readonly kind: 'evict'; readonly group: ServiceGroup; readonly trusted: boolean }
  | { readonly kind: 'nearly-full'; readonly is: boolean }
  | {
      readonly kind: 'verdict';
      readonly request: number;
      /** 'welcome' comes with a slot. */
      readonly verdict: 'welcome' | 'too-many' | 'too-often' | 'full';
      readonly stranger: boolean;
    };

/** To the desk of logins and from there to the other workers. */
export type LoginCount = Count;

/** Of an attempt: what it counts for, if anything. */
export type Ending = Count['kind'] | 'withdrawn';

export type ToLoginDesk =
  | { readonly kind: 'login-attempt'; readonly request: number; readonly pair: Pair; readonly known: boolean }
  /** Of an attempt that the desk admitted: how it ended. */
  | { readonly kind: 'login-settled'; readonly request: number; readonly how: Ending }
  /** Nobody waits for the verdict any more, whether or not it was given meanwhile. */
  | { readonly kind: 'login-abandoned'; readonly request: number }
  | LoginCount;

export type FromLoginDesk =
  | { readonly kind: 'login-verdict'; readonly request: number; readonly admission: Admission }
  /** The verdict comes when another attempt has settled. */
  | { readonly kind: 'login-waits'; readonly request: number }
  | LoginCount;

export function isOfLogins<T extends { readonly kind: string }>(
  message: T,
): message is Extract<T, { readonly kind: `login-${string}` }> {
  return message.kind.startsWith('login-');
}

export interface WorkerStart {
  readonly kind: 'start';
  readonly configuration: Configuration;
  readonly number: number;
  readonly tls: TlsMaterial | undefined;
  /** The failed logins of the server so far. */
  readonly logins: ThrottleState;
  /** Sockets that the worker was given when it was forked. */
  readonly inherited: readonly ListenerAddress[];
  /** Where others listen already: opened last, since it cannot fail. */
  readonly held: readonly ListenerAddress[];
}

export type ToWorker =
  | FromDesk
  | FromLoginDesk
  | WorkerStart
  /** Accept: every worker that was to be prepared is. */
  | { readonly kind: 'go' }
  /** What new connections are served with from now on. */
  | { readonly kind: 'tls'; readonly tls: TlsMaterial | undefined }
  /** Accept nothing more and end when the last session has; `patienceMs` from now the rest is told goodbye. */
  | { readonly kind: 'drain'; readonly patienceMs: number; readonly hurry: boolean };

export type FromWorker =
  | Waiting
  | Alive
  | ToDesk
  | ToLoginDesk
  /** It could listen on everything, and accepts nothing yet. */
  | { readonly kind: 'prepared' }
  | { readonly kind: 'listening'; readonly listeners: readonly ListenerAddress[] }
  | { readonly kind: 'failed'; readonly sentence: string };

export type ToStore =
  /** `again`: there was a store of this server before, so there must be a database. */
  | { readonly kind: 'start'; readonly configuration: Configuration; readonly again: boolean }
  | { readonly kind: 'stop' };

export type FromStore =
  | Waiting
  | Alive
  | { readonly kind: 'ready'; readonly firstAccount?: FirstAccount }
  /** Another process is the store of this database. */
  | { readonly kind: 'held' }
  | { readonly kind: 'failed'; readonly sentence: string };

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
