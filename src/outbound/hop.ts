/**
 * One next hop, whatever destinations lead there: what waits for it, how many connections it uses and may use, and how it went the last
 * time. Opens nothing by itself.
 */
import { createHash } from 'node:crypto';
import type { Reply } from '../store/queue.js';
import type { NextHop } from './client/next-hop.js';
import { Concurrency, type ConcurrencyLimits } from './concurrency.js';
import type { Job } from './job.js';

/** Destinations that are woken when the hop lives again; more wait for the end of their rest. */
const RESTING_LIMIT = 1_000;
/** Recipients that are tried again when the hop is used no more; others wait for their next attempt. */
const SPOILT_LIMIT = 1_000;

export class Hop {
  readonly next: NextHop;
  readonly concurrency: Concurrency;
  readonly waiting: Job[] = [];
  /** Connections that are being opened or used. */
  active = 0;
  /** The last, where nothing went well since. */
  failure: Reply | undefined;
  /** When the first of its failures in a row was known; not of what it was stopped for. */
  failingSinceMs: number | undefined;
  readonly resting = new Set<string>();
  /** Those whose attempt it failed, by their numbers, where nothing went well since. */
  readonly spoilt = new Set<number>();
  /** What it was stopped for. */
  #stop: Reply | undefined;

  constructor(next: NextHop, limits: ConcurrencyLimits) {
    this.next = next;
    this.concurrency = new Concurrency(limits);
  }

  /** Nobody misses it. */
  get isForgettable(): boolean {
    return this.active + this.waiting.length === 0 && !this.concurrency.isDead;
  }

  /** How many more jobs it may be given, when it is to have so many ready for each connection. */
  room(nowMs: number, ahead: number): number {
    return Math.max(0, this.#target(nowMs, ahead) - this.waiting.length - this.active);
  }

  /** Whether there is so much room that it is worth a lease. */
  isLow(nowMs: number, ahead: number): boolean {
    const target = this.#target(nowMs, ahead);
    return target > 0 && this.waiting.length <= target / 2 && this.room(nowMs, ahead) > 0;
  }

  /** Whether another connection may be used for what waits. */
  mayStart(nowMs: number): boolean {
    return this.waiting.length > 0 && this.active < this.concurrency.allowed(nowMs);
  }

  /** Whether something may be given to it: to a dead one a probe, when it is time for one. */
  isUsable(nowMs: number): boolean {
    const { isDead } = this.concurrency;
    return !isDead || (this.concurrency.allowed(nowMs) > 0 && this.active + this.waiting.length === 0);
  }

  /** Returns the destinations that need not rest any more, if it was dead. */
  succeeded(): readonly string[] | undefined {
    const woken = this.concurrency.isDead ? [...this.resting] : undefined;
    this.concurrency.succeeded();
    this.spoilt.clear();
    this.failure = undefined;
    this.failingSinceMs = undefined;
    if (woken !== undefined) this.resting.clear();
    return woken;
  }

  /** By what it, or the way to it, did; `begunAtMs` is by performance.now(). */
  failed(failure: Reply, begunAtMs: number): void {
    this.failure = failure;
    this.failingSinceMs ??= Date.now();
    this.concurrency.failed({ begunAtMs, nowMs: performance.now() });
  }

  spoils({ recipients }: Job): void {
    for (const { id } of recipients) if (this.spoilt.size < SPOILT_LIMIT) this.spoilt.add(id);
  }

  /** Dead at once: what is missing is missing here, and no attempt would tell more. */
  stop(failure: Reply, nowMs: number): void {
    this.failure = failure;
    this.failingSinceMs = undefined;
    this.#stop = failure;
    if (this.concurrency.allowed(nowMs) > 0) this.concurrency.die(nowMs);
  }

  /** Whether it is dead because there was no access token for it: its server has not been asked. */
  lacksTokenOf(user: string): boolean {
    const { failure, next } = this;
    return failure !== undefined && failure === this.#stop && !failure.code && next.credentials?.user === user;
  }

  rests(destination: string): void {
    if (this.resting.size < RESTING_LIMIT) this.resting.add(destination);
  }

  /** A probe is one job. */
  #target(nowMs: number, ahead: number): number {
    const allowed = this.concurrency.allowed(nowMs);
    return this.concurrency.isDead ? allowed : allowed * ahead;
  }
}

/** Destinations that rest because of a dead hop. */
export function restingAt(hops: Iterable<Hop>): readonly string[] {
  return [...hops].flatMap(({ resting }) => [...resting]);
}

/** What was spoilt by hops that are used no more, as one with a password that was mended since; once. */
export function spoiltByOthers(hops: Iterable<Hop>, used: readonly NextHop[]): readonly number[] {
  const keys = new Set(used.map(keyOf));
  const others = [...hops].filter(({ next }) => !keys.has(keyOf(next)));
  const ids = others.flatMap(({ spoilt }) => [...spoilt]);
  for (const { spoilt } of others) spoilt.clear();
  return ids;
}

/** They are asked for with each job, and a digest takes longer than the rest of it. */
const keys = new WeakMap<NextHop, string>();

/** Two routes with the same login to the same place share what the place allows; one with another password does not spoil theirs. */
export function keyOf(next: NextHop): string {
  const known = keys.get(next);
  if (known !== undefined) return known;
  const { protocol, endpoint, tls, tlsName, credentials } = next;
  const place = endpoint.kind === 'unix' ? endpoint.path : `${endpoint.host}:${endpoint.port}`;
  const login = credentials === undefined ? '' : digestOf(JSON.stringify(credentials));
  const key = [protocol, place, tls, tlsName ?? '', login].join(' ');
  keys.set(next, key);
  return key;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
