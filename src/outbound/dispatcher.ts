/**
 * The queue manager: asks the queue which destinations are due, leases what their next hops have room for, a little of each in turn, and
 * hands it to them. Holds no more of the queue than is under way or next. Sleeps until the queue says that something is due.
 * Nothing that a hop, a message or the store does stops it: what failed is due again, and asked for again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DueDestination, LeasedMessage, LeasedRecipient, Reply, Settlement } from '../store/queue.js';
import { Bounces } from './bounces.js';
import { count, type Counters } from './counters.js';
import type { DispatcherOptions } from './dispatcher-options.js';
import { restingAt, spoiltByOthers } from './hop.js';
import { AHEAD, Hops, type HopsOptions } from './hops.js';
import { hopProblems, type HopProblem } from './hop-problems.js';
import { Outcomes, type Result } from './outcomes.js';
import { isPassing, untilTaken } from '../store/patience.js';
import { isAnyFilled, planLeases } from './plan.js';
import { openJob } from './job-content.js';
import { LateMail } from './late-mail.js';
import { Leases } from './leases.js';
import { LocalDelivery } from './local-delivery.js';
import { CROWDED, judgeRoute, recipientsOf, restsWith, routed, UNREACHABLE } from './routed.js';
import type { Route } from './routes.js';
import { Settlements } from './settlements.js';
import { suppressedAmong, suppressedOutcome } from './suppressed.js';
import { WallClock } from './wall-clock.js';

/** Destinations that are looked at together. */
const PAGE = 200;
/** In one round: the next goes on behind them. */
const PAGES_LIMIT = 20;
/** After a failure, and where something is due that nobody could take. */
const AGAIN_MS = 1_000;
/** Clocks are set, and timers are late. */
const LONGEST_SLEEP_MS = 60_000;
const NOBODY: ReadonlyMap<LeasedRecipient, Reply> = new Map();
/** For the store to take the last outcomes. */
const FLUSH_MS = 3_000;

export class Dispatcher {
  readonly counters: Counters = { delivered: 0, deferred: 0, failed: 0 };
  readonly #options: DispatcherOptions;
  readonly #hops: Hops;
  readonly #outcomes: Outcomes;
  readonly #local: LocalDelivery;
  readonly #late: LateMail;
  readonly #leases: Leases;
  readonly #giveUp = new AbortController();
  /** Behind it the next page of destinations begins: each has its turn, however many are due. */
  #after: DueDestination | undefined;
  #unwatch: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #isWanted = false;
  /** Something is due that there was no room for. */
  #isShort = false;
  readonly #clock = new WallClock();
  #isDraining = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { queue, observer, schedule, store, hostname, domain } = options;
    this.#leases = new Leases(queue, (leased) => void this.#given(leased));
    const settled = (settlements: readonly Settlement[]): void => this.#settled(settlements);
    const trouble = observer.trouble.bind(observer);
    this.#outcomes = new Outcomes({
      ...{ schedule, observer, settled, signal: this.#giveUp.signal },
      sending: (settlements) => queue.sending(settlements.map(({ id }) => id)),
      bounces: new Bounces({ store, queue, schedule, hostname, domain }),
      settlements: new Settlements({ queue, settled, trouble, signal: this.#giveUp.signal }),
    });
    this.#late = new LateMail(this.#leases, { limit: options.limits.leased, outcomes: this.#outcomes });
    const attempted: HopsOptions['attempted'] = (...result) => this.#outcomes.attempted(...result);
    const returned: HopsOptions['returned'] = (recipients) => this.#outcomes.returned(recipients);
    this.#local = new LocalDelivery({ store, queue, hostname, attempted, returned, trouble });
    this.#hops = new Hops({
      ...{ limits: options.limits, client: options.client },
      open: (job) => openJob(job, queue),
      ...{ attempted, returned },
      sending: (recipients) => queue.sending(recipients.map(({ id }) => id)),
      freed: () => this.#isShort && this.#want(),
      revived: (destinations) => void this.#wake(destinations),
      trouble,
    });
  }

  /** Next hops that take no mail. */
  get problems(): readonly HopProblem[] {
    return hopProblems(this.#hops.known, Date.now());
  }

  /** Connections in use. */
  get inFlight(): number {
    return this.#hops.active;
  }

  /** Resolves when this sender is known to the queue. */
  async start(): Promise<void> {
    const { queue, name } = this.#options;
    await untilTaken(() => queue.begin(name), this.#giveUp.signal);
    if (this.#isDraining) return;
    this.#unwatch = queue.watch(() => this.#want());
    this.#want();
  }

  /** This user has a token again, or a new login for the next hop with this key. */
  revive(user: string, key?: string): void {
    this.#hops.revive(user, key);
  }

  /** Only these are used from now on: what rests, or was deferred by another, may have another way. Without a store it waits. */
  rerouted(used: Parameters<typeof spoiltByOthers>[1]): void {
    const resting = restingAt(this.#hops.known);
    if (resting.length > 0) void this.#wake(resting);
    void this.#options.retry(spoiltByOthers(this.#hops.known, used)).catch(() => undefined);
  }

  /** Leases nothing more, finishes what is under way, and gives the rest back. Resolves when everything is settled. */
  async drain(patienceMs: number): Promise<void> {
    this.#isDraining = true;
    this.#unwatch();
    clearTimeout(this.#timer);
    await this.#round;
    await Promise.race([this.#leases.leave().catch(() => undefined), pause(FLUSH_MS, undefined, { ref: false })]);
    await Promise.all([this.#hops.drain(patienceMs), this.#local.drain(patienceMs)]);
    const timer = setTimeout(() => this.#giveUp.abort(), FLUSH_MS);
    await this.#outcomes.flushed();
    clearTimeout(timer);
  }

  /** One round at a time, and another when something came up meanwhile. */
  #want(): void {
    this.#isWanted = true;
    if (this.#isDraining || this.#round !== undefined) return;
    clearTimeout(this.#timer);
    this.#round = this.#rounds().finally(() => {
      this.#round = undefined;
      if (this.#isWanted) this.#want();
    });
  }

  async #rounds(): Promise<void> {
    try {
      while (this.#isWanted && !this.#isDraining) {
        this.#isWanted = false;
        await this.#look();
      }
      await this.#sleep();
    } catch (error) {
      if (!isPassing(error)) this.#options.observer.trouble('the queue could not be read', error);
      this.#sleepFor(AGAIN_MS);
    }
  }

  /** At every destination that is due, once; where there are very many, at the next ones. */
  async #look(): Promise<void> {
    this.#isShort = false;
    if (this.#clock.wasSetBack()) void this.#wake(restingAt(this.#hops.known)); // They would rest for so much longer.
    await this.#leases.catchUp();
    await this.#late.look();
    let hasWrapped = this.#after === undefined;
    for (let pages = 0; pages < PAGES_LIMIT && !this.#isDraining; pages++) {
      const page = await this.#options.queue.dueDestinations(PAGE, this.#after);
      await this.#take(page);
      this.#after = page.length < PAGE ? undefined : page.at(-1);
      if (this.#after !== undefined) continue;
      if (hasWrapped) return;
      hasWrapped = true;
    }
    this.#isShort = true;
  }

  async #take(page: readonly DueDestination[]): Promise<void> {
    const { queue, router, limits } = this.#options;
    await this.#probeRetried(page);
    const local = await this.#local.localAmong(page);
    const free = Math.max(0, limits.leased - this.#leases.size);
    const room = { nowMs: performance.now(), ahead: free < limits.leased / 2 ? 1 : AHEAD, free };
    const { requests, resting, isShort } = planLeases(page, { router, hops: this.#hops, local }, room);
    if (isShort) this.#isShort = true;
    const nowMs = Date.now();
    await Promise.all(
      resting.map(({ destination, waitMs, reason }) => queue.rest(destination, nowMs + waitMs, reason)),
    );
    if (requests.length === 0) return;
    const leased = await this.#leases.lease(requests);
    if (isAnyFilled(requests, recipientsOf(leased))) this.#isShort = true;
    await this.#dispatch(leased, local);
  }

  /** What has just come: none of it is suppressed. */
  async #given(leased: readonly LeasedMessage[]): Promise<void> {
    const recipients = recipientsOf(leased);
    try {
      this.#begin(leased, await this.#local.localAmong(recipients), NOBODY);
    } catch (error) {
      this.#outcomes.returned(recipients);
      if (!isPassing(error)) this.#options.observer.trouble('new mail could not be looked at', error);
    }
  }

  /** Even where nothing answered before: an administrator knows more. */
  async #probeRetried(page: readonly DueDestination[]): Promise<void> {
    const { queue, router } = this.#options;
    const retried = page.filter(({ isRetried }) => isRetried);
    for (const { destination } of retried) {
      for (const route of router.ways(destination)) if (route.kind === 'hops') this.#hops.probeNow(route.hops);
    }
    await Promise.all(retried.map(({ destination }) => queue.rest(destination, undefined)));
  }

  async #dispatch(leased: readonly LeasedMessage[], local: ReadonlySet<string>): Promise<void> {
    this.#begin(leased, local, await this.#suppressedAmong(recipientsOf(leased)));
  }

  #begin(
    leased: readonly LeasedMessage[],
    local: ReadonlySet<string>,
    suppressed: ReadonlyMap<LeasedRecipient, Reply>,
  ): void {
    if (this.#isDraining) return this.#outcomes.returned(recipientsOf(leased));
    for (const { message, recipients, route } of routed(leased, this.#options.router)) {
      const [here, elsewhere] = parted(recipients, ({ destination }) => local.has(destination));
      this.#local.begin(message, here);
      for (const each of elsewhere) {
        const reply = suppressed.get(each);
        if (reply !== undefined) this.#judged(message, [each], suppressedOutcome(message, reply));
      }
      const wanted = elsewhere.filter((each) => !suppressed.has(each));
      this.#send(message, wanted, route);
    }
    this.#hops.run();
  }

  /** Where that cannot be looked up, all is given back: the store is away, and will be asked again. */
  async #suppressedAmong(leased: readonly LeasedRecipient[]): Promise<ReadonlyMap<LeasedRecipient, Reply>> {
    try {
      return await suppressedAmong(leased, this.#options.queue);
    } catch (error) {
      this.#outcomes.returned(leased);
      throw error;
    }
  }

  #send(message: LeasedMessage, recipients: readonly LeasedRecipient[], route: Route): void {
    if (recipients.length === 0) return;
    if (route.kind !== 'hops') return this.#judged(message, recipients, judgeRoute(route));
    const hops = this.#hops.usable(route.hops, performance.now());
    const reply = this.#hops.deadFor(route.hops, performance.now()).reason ?? UNREACHABLE;
    if (hops.length === 0 && restsWith(recipients, route, this.#options.router))
      return this.#outcomes.returned(recipients);
    if (hops.length === 0) return this.#judged(message, recipients, { kind: 'deferred', reply });
    const { recipients: most, waiting } = this.#options.limits;
    if (this.#hops.waitingFor(hops) >= waiting) return this.#judged(message, recipients, CROWDED);
    for (let at = 0; at < recipients.length; at += most)
      this.#hops.give({ message, recipients: recipients.slice(at, at + most), hops, leasedAtMs: performance.now() });
  }

  /** Without a connection. */
  #judged(message: LeasedMessage, recipients: readonly LeasedRecipient[], what: Omit<Result, 'recipient'>): void {
    const results = recipients.map((recipient) => ({ recipient, ...what }));
    this.#outcomes.attempted(message, results, { startedAtMs: Date.now(), durationMs: 0 });
  }

  #settled(settlements: readonly Settlement[]): void {
    this.#leases.end(settlements.map(({ id }) => id));
    count(this.counters, settlements);
    const { size } = this.#leases;
    // With none, what was under way when a sender ended may be leased, of which nothing else is said while anything is.
    if (size === 0 || (this.#isShort && size < this.#options.limits.leased / 2)) this.#want();
  }

  async #wake(destinations: readonly string[]): Promise<void> {
    const { queue } = this.#options;
    await Promise.allSettled(destinations.map((destination) => queue.rest(destination, undefined)));
    this.#want();
  }

  /** What is due already is waiting for room, or for somebody to settle: that comes by itself, but nothing rests on it. */
  async #sleep(): Promise<void> {
    const nextDueAtMs = await this.#options.queue.nextDueAtMs();
    if (nextDueAtMs === undefined) return;
    const waitMs = nextDueAtMs - Date.now();
    this.#sleepFor(waitMs > 0 ? waitMs : AGAIN_MS);
  }

  #sleepFor(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#isDraining) this.#timer = setTimeout(() => this.#want(), Math.min(ms, LONGEST_SLEEP_MS));
  }
}

function parted<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
