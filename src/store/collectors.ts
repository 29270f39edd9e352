/**
 * Collectors: maildrops on other servers whose mail is fetched on a schedule, and what came of it. The password of one is secret:
 * `findCollector` alone gives it, to who logs in there.
 */
import type { AccountId, Address, MaybePromise } from './shapes.js';

export type CollectorId = number;

/** How long after a message came here it is removed there; 0: as soon as it is durable here. */
export type RemoveAfter = number | 'never';

export interface NewCollector {
  /** Without a password. */
  readonly url: string;
  readonly password: string;
  /** Of the account that its mail comes into. */
  readonly into: Address;
  readonly everyMs: number;
  readonly removeAfterMs: RemoveAfter;
}

/** What is not given stays. */
export type CollectorChange = Partial<Pick<NewCollector, 'password' | 'everyMs' | 'removeAfterMs'>>;

export const FAILURES = ['login', 'quota', 'other'] as const;

/** Why a run did not fetch all that there was. */
export interface CollectorFailure {
  readonly text: string;
  /** `login`: the server refuses user or password, and is asked seldom. `quota`: the account may hold no more. */
  readonly kind: (typeof FAILURES)[number];
}

/** What a run came to. */
export interface CollectorRun {
  /** Messages that came. */
  readonly fetched: number;
  /** Messages that could not be had, or are too large. */
  readonly leftOut: number;
  readonly failure?: CollectorFailure | undefined;
  /** It was broken off and did not fail: it is due at once. */
  readonly goesOn?: boolean | undefined;
}

export interface Collector {
  readonly id: CollectorId;
  readonly url: string;
  readonly account: AccountId;
  readonly into: Address;
  readonly everyMs: number;
  readonly removeAfterMs: RemoveAfter;
  /** Never the same after a change by administration. */
  readonly version: number;
  readonly sinceMs: number;
  readonly nextRunAtMs: number;
  /** A process fetches, if it lives. */
  readonly claim?: { readonly by: string; readonly untilMs: number } | undefined;
  readonly lastRunAtMs?: number | undefined;
  readonly lastSuccessAtMs?: number | undefined;
  /** Messages, of all runs. */
  readonly fetched: number;
  /** By the last run. */
  readonly leftOut: number;
  /** In a row. */
  readonly failures: number;
  /** Of the last run. */
  readonly failure?: (CollectorFailure & { readonly atMs: number }) | undefined;
}

export interface CollectorLogin extends Collector {
  readonly password: string;
}

/**
 * A maildrop is fetched by one process at a time: it claims the collector, claims it again while it goes on, and settles what came of
 * it, always of the version that it saw. What is not of the present version any more changes nothing, and 0 is answered instead of 1.
 */
export interface Collectors {
  /** In the order in which they were made. */
  listCollectors(): MaybePromise<readonly Collector[]>;
  findCollector(id: CollectorId): MaybePromise<CollectorLogin | undefined>;
  /** Due at once. Rejects with 'missing' without the account, with 'refused' when there is one of this maildrop and account. */
  addCollector(collector: NewCollector): Promise<CollectorId>;
  /** Due at once. Rejects with 'missing' when there is none. */
  setCollector(id: CollectorId, change: CollectorChange): Promise<void>;
  /** What it has fetched stays. Rejects with 'missing' when there is none. */
  removeCollector(id: CollectorId): Promise<void>;
  /** Nobody else may claim it for so long, or until this one settles. */
  claimCollector(id: CollectorId, version: number, claim: CollectorClaim): Promise<number>;
  settleCollector(id: CollectorId, version: number, run: CollectorRun): Promise<number>;
}

export interface CollectorClaim {
  /** A name that no other process has. */
  readonly by: string;
  readonly forMs: number;
}
