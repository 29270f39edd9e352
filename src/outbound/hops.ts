/**
 * All next hops, and the connections to them: jobs are given to the hop that they wait for, and each hop works on as many at once as it
 * may have connections. So few hops as there may be, a dead or slow one holds only what is its own: some connections are always left
 * for hops that have none. Connections are kept for the next message, and closed when nobody needs them.
 */
import { StoreError } from '../store/errors.js';
import type { Source } from '../store/source.js';
import type { LeasedMessage, LeasedRecipient, Reply } from '../store/queue.js';
import { BUG, envelopeOf, replyOf } from './attempt.js';
import type { NextHop } from './client/next-hop.js';
import type { NotConnected, Report } from './client/outcome.js';
import type { ConcurrencyLimits } from './concurrency.js';
import type { Client } from './client/connection.js';
import { Connections, type ConnectionLimits, type KeptConnection } from './connections.js';
import { Hop, keyOf } from './hop.js';
import type { BegunTime, Job, Time } from './job.js';
import type { Result } from './outcomes.js';
import { judgeConnecting, isUnsent, judgeSending, judgeUnreadable, type Judged } from './transaction.js';

export interface HopLimits extends ConcurrencyLimits, ConnectionLimits {
  /** In a drain, what has not been sent as a whole by then is broken off: another sender works already, and tries it again. */
  readonly unsent: number;
}

export interface HopsOptions {
  readonly limits: HopLimits;
  readonly client: Client;
  readonly open: (job: Job) => Source;
  readonly attempted: (message: LeasedMessage, results: readonly Result[], time: Time) => void;
  readonly returned: (recipients: readonly LeasedRecipient[]) => void;
  /** Of a job that is begun. */
  readonly sending: (recipients: readonly LeasedRecipient[]) => void;
  /** A hop has room for more. */
  readonly freed: () => void;
  /** It lives again; nothing of these has to rest any more. */
  readonly revived: (destinations: readonly string[]) => void;
  readonly trouble: (what: string, error: unknown) => void;
}

/** Of all connections: for hops that have none. */
const RESERVED = 0.1;
/** What waited for longer is leased anew, so that its lease seldom ends meanwhile. */
const WAIT_LIMIT_MS = 10 * 60_000;
/** Hops that nothing is known of any more are forgotten when there are so many. */
const HOPS_LIMIT = 1_000;
/** Jobs that wait for each connection: what is leased together is one transaction of the store, and so is what is settled together. */
export const AHEAD = 10;
/** Between the end of a drain's time and the end of waiting for what was broken off. */
const CUT_MS = 1_000;

export class Hops {
  readonly #options: HopsOptions;
  readonly #hops = new Map<string, Hop>();
  readonly #connections: Connections;
  /** Of all hops: being opened or used. */
  #active = 0;
  #isDraining = false;
  #empty: (() => void)[] = [];

  constructor(options: HopsOptions) {
    this.#options = options;
    this.#connections = new Connections(options.client, options.limits);
  }

  get active(): number {
    return this.#active;
  }

  /** Of those in order of preference, from the first that can be tried now on; none when all are dead. */
  usable(hops: readonly NextHop[], nowMs: number): readonly NextHop[] {
    const at = hops.findIndex((each) => this.of(each).isUsable(nowMs));
    return at === -1 ? [] : hops.slice(at);
  }

  /** How long it takes until one of them may be tried again, and why it may not now. */
  deadFor(hops: readonly NextHop[], nowMs: number): { readonly waitMs: number; readonly reason: Reply | undefined } {
    const dead = hops.map((each) => this.of(each));
    const atMs = Math.min(...dead.map(({ concurrency }) => concurrency.probeAtMs ?? Infinity));
    return { waitMs: atMs - nowMs, reason: dead[0]?.failure };
  }

  /** An administrator wants to know now whether they live. */
  probeNow(hops: readonly NextHop[]): void {
    for (const each of hops) this.of(each).concurrency.probeNow();
  }

  /** All that something is known of. */
  get known(): Iterable<Hop> {
    return this.#hops.values();
  }

  of(next: NextHop): Hop {
    const key = keyOf(next);
    const known = this.#hops.get(key);
    if (known !== undefined) return known;
    this.#forget();
    const hop = new Hop(next, this.#options.limits);
    this.#hops.set(key, hop);
    return hop;
  }

  /** May be tried again now: what died for want of a token of this user, or one that a new login may be welcome at. */
  revive(user: string, key?: string): void {
    for (const [each, hop] of this.#hops)
      if (key === undefined ? hop.lacksTokenOf(user) : each === key && hop.concurrency.isDead) this.#succeeded(hop);
  }

  waitingFor([first]: readonly NextHop[]): number {
    return first === undefined ? 0 : this.of(first).waiting.length;
  }

  /** To the first of its hops. */
  give(job: Job): void {
    this.of(job.hops[0] as NextHop).waiting.push(job);
  }

  /** Begins whatever may begin, a connection for each hop in turn. */
  run(): void {
    for (let more = true; more;) {
      more = false;
      for (const hop of this.#hops.values()) {
        if (!this.#mayStart(hop)) continue;
        this.#start(hop);
        more = true;
      }
    }
  }

  /**
   * Begins nothing more, and gives back what has not begun. Resolves when nothing is under way, by force when the time is over: soon
   * for what was not sent as a whole, since it can be tried again without harm; the rest would arrive twice.
   */
  async drain(patienceMs: number): Promise<void> {
    this.#isDraining = true;
    for (const hop of this.#hops.values()) this.#giveBack(hop.waiting.splice(0));
    this.#connections.closeAllIdle();
    if (this.#active === 0) return;
    const unsent = setTimeout(() => this.#connections.cutUnsent(), Math.min(this.#options.limits.unsent, patienceMs));
    const timer = setTimeout(() => this.#connections.cut(), patienceMs);
    const limit = setTimeout(() => this.#beEmpty(), patienceMs + CUT_MS);
    await new Promise<void>((resolve) => this.#empty.push(resolve));
    for (const each of [unsent, timer, limit]) clearTimeout(each);
  }

  #beEmpty(): void {
    for (const resolve of this.#empty.splice(0)) resolve();
  }

  #mayStart(hop: Hop): boolean {
    if (this.#isDraining || !hop.mayStart(performance.now())) return false;
    const { connections } = this.#options.limits;
    const most = hop.active === 0 ? connections : connections - Math.ceil(connections * RESERVED);
    return this.#active < Math.max(1, most);
  }

  #start(hop: Hop): void {
    hop.active += 1;
    this.#active += 1;
    void this.#work(hop)
      .catch((error: unknown) => this.#options.trouble('a bug ended a connection', error))
      .finally(() => {
        hop.active -= 1;
        this.#active -= 1;
        if (this.#active === 0) this.#beEmpty();
        this.run();
        this.#options.freed();
      });
  }

  /** Over one connection after the other, for as long as something waits and the hop may have so many. */
  async #work(hop: Hop): Promise<void> {
    let kept = this.#connections.takeIdle(hop);
    for (let job = this.#nextOf(hop); job !== undefined; job = this.#nextOf(hop)) {
      kept = await this.#attempt(hop, job, kept).catch((error: unknown) => this.#broken(job, error));
      if (hop.isLow(performance.now(), AHEAD)) this.#options.freed();
      if (kept === undefined) return;
    }
    if (kept === undefined) return;
    if (this.#isDraining) this.#connections.close(kept);
    else this.#connections.keep(hop, kept);
  }

  #nextOf(hop: Hop): Job | undefined {
    if (this.#isDraining || hop.active > Math.max(1, hop.concurrency.allowed(performance.now()))) return undefined;
    const job = hop.waiting.shift();
    if (job === undefined || performance.now() - job.leasedAtMs < WAIT_LIMIT_MS) return job;
    this.#giveBack([job]);
    return this.#nextOf(hop);
  }

  /** Resolves with the connection, if another message may go over it. */
  async #attempt(hop: Hop, job: Job, idle: KeptConnection | undefined): Promise<KeptConnection | undefined> {
    const begunAtMs = performance.now();
    const startedAtMs = Date.now();
    const time = () => ({ startedAtMs, begunAtMs, durationMs: Math.round(performance.now() - begunAtMs) });
    this.#options.sending(job.recipients);
    const kept = idle ?? (await this.#connections.open(hop));
    if (!('connection' in kept)) {
      if (this.#connections.isCutting) this.#giveBack([job]);
      else if (kept.isUntried === true) this.#untried(hop, job, kept);
      else this.#judged(hop, job, judgeConnecting(job, kept), time());
      return undefined;
    }
    const isStale = await this.#send(hop, job, kept, time).catch((error: unknown) => {
      this.#connections.destroy(kept); // What it is in the middle of, nobody knows.
      throw error;
    });
    if (!isStale && this.#connections.isGood(kept)) return kept;
    this.#connections.close(kept);
    return isStale && idle !== undefined ? this.#attempt(hop, job, undefined) : undefined;
  }

  /** By a bug of ours: what was under way is tried again later, like any other failure. */
  #broken(job: Job, error: unknown): undefined {
    this.#options.trouble('a bug ended a connection', error);
    this.#settle(job, { kind: 'deferred', reply: BUG }, { startedAtMs: Date.now(), durationMs: 0 });
  }

  /** Whether the connection had been closed before it heard of the message; it is to be sent over another then. */
  async #send(hop: Hop, job: Job, kept: KeptConnection, time: () => BegunTime): Promise<boolean> {
    try {
      kept.messages += 1;
      const result = await kept.connection.send(envelopeOf(job), this.#options.open(job));
      if (result.stale && kept.messages > 1) return true;
      if (result.sourceError !== undefined) this.#unreadable(job, result.sourceError, time());
      else if (kept.isCut === true && isUnsent(result)) this.#giveBack([job]);
      else this.#judged(hop, job, judgeSending(job, result), time());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#unreadable(job, error, time());
    }
    return false;
  }

  #judged(hop: Hop, job: Job, { results, again, failure }: Judged, time: BegunTime): void {
    if (failure === undefined) this.#succeeded(hop);
    else this.#failed(hop, failure, time.begunAtMs);
    if (failure !== undefined) hop.spoils(job);
    if (results.length > 0) this.#options.attempted(job.message, results, time);
    if (again !== undefined) this.#tryAgain(again, failure, time);
  }

  #succeeded(hop: Hop): void {
    const woken = hop.succeeded();
    if (woken !== undefined) this.#options.revived(woken);
  }

  #failed(hop: Hop, failure: Report, begunAtMs: number): void {
    hop.failed(replyOf(failure), begunAtMs);
    if (hop.concurrency.isDead) this.#abandon(hop);
  }

  #untried(hop: Hop, job: Job, failure: NotConnected): void {
    hop.stop(replyOf(failure), performance.now());
    hop.waiting.unshift(job);
    this.#abandon(hop);
  }

  #abandon(hop: Hop): void {
    for (const job of hop.waiting.splice(0)) this.#giveToOther({ ...job, hops: job.hops.slice(1) });
  }

  /** Nothing was tried of it yet. */
  #giveToOther(job: Job): void {
    const hops = this.usable(job.hops, performance.now());
    if (hops.length === 0) this.#giveBack([job]);
    else this.give({ ...job, hops });
  }

  /** By the other ways that it has; where none is left, that was the attempt. */
  #tryAgain(job: Job, failure: Report | undefined, time: Time): void {
    const hops = this.#isDraining ? [] : this.usable(job.hops, performance.now());
    if (hops.length > 0) return this.give({ ...job, hops });
    const reply = failure === undefined ? { text: 'No relay can be reached' } : replyOf(failure);
    this.#settle(job, { kind: 'deferred', reply }, time);
  }

  /** What was removed meanwhile is nobody's any more: the outcome of that is ignored. */
  #unreadable(job: Job, error: unknown, time: Time): void {
    if (!(error instanceof StoreError)) this.#options.trouble('a message could not be read', error);
    this.#settle(job, judgeUnreadable(error), time);
  }

  #settle(job: Job, what: Omit<Result, 'recipient'>, time: Time): void {
    const results = job.recipients.map((recipient) => ({ recipient, ...what }));
    this.#options.attempted(job.message, results, time);
  }

  #giveBack(jobs: readonly Job[]): void {
    if (jobs.length > 0) this.#options.returned(jobs.flatMap(({ recipients }) => recipients));
  }

  #forget(): void {
    if (this.#hops.size < HOPS_LIMIT) return;
    for (const [key, hop] of this.#hops)
      if (hop.isForgettable && !this.#connections.hasIdle(hop)) this.#hops.delete(key);
  }
}
