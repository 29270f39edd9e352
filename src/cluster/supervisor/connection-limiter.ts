/**
 * Who may come in, for the whole server, in the supervisor: how many sessions there are in all, how many a client and the
 * networks around it have, and how many it began in the last minute. Workers hold slots in advance, so that a connection
 * from a trusted network asks nobody; the count is exact all the same: before anybody is refused, slots that nobody uses
 * are called back, and then a session that has proved nothing is evicted (admitted-connections.ts), if that is fair.
 * A worker that does not answer is not waited for: what it holds counts as used until it answers or ends.
 */
import { Clients, type ConnectionLimits } from './clients.js';
import type { ConnectionRequest, ServiceGroup, ToConnectionLimiter, ToWorker, Victim } from '../control/messages.js';
import type { Requester } from './requester.js';
import { Strangers } from './strangers.js';

export interface ConnectionLimiterOptions {
  readonly limits: () => ConnectionLimits;
  /** What is listened for. */
  readonly groups: () => ReadonlySet<ServiceGroup>;
}

/** A worker that wants slots, or a client that wants in. */
interface Waiting {
  readonly worker: Requester;
  readonly entry: ConnectionRequest | undefined;
  evictions: number;
}

/** Slots handed out at once. */
const BATCH = 64;
/** A worker that gives nothing back for so long is busy or stuck; meanwhile nobody is let in or refused. */
const RECALL_LIMIT_MS = 1_000;
/** Clients and workers that wait for an answer; one stranger more is refused. */
const WAITING_LIMIT = 256;
/** Sessions that may have to end for one that comes. */
const EVICTIONS_LIMIT = 3;
/** Who has said nothing for so long is evicted for anybody. */
const PATIENCE_MS = 10_000;
/** So long after somebody found no place the server counts as nearly full. */
const CROWDED_MS = 10_000;

export class ConnectionLimiter {
  readonly #limits: () => ConnectionLimits;
  /** Slots, used or not. */
  readonly #held = new Map<Requester, number>();
  readonly #clients = new Clients();
  readonly #strangers: Strangers;
  readonly #waiting: Waiting[] = [];
  /** Who would be evicted, as workers said when they were last asked; undefined while nobody was. */
  #victims: Map<Requester, readonly Victim[]> | undefined;
  /** Workers whose answer is on its way. */
  readonly #asked = new Set<Requester>();
  /** Workers that have not answered in time: not asked again, and not waited for, until they do. */
  readonly #silent = new Set<Requester>();
  #answerLimit: NodeJS.Timeout | undefined;
  #crowdedAtMs = -Infinity;
  #nearlyFull = false;

  constructor({ limits, groups }: ConnectionLimiterOptions) {
    this.#limits = limits;
    this.#strangers = new Strangers(() => limits().maxSessions, groups);
  }

  add(worker: Requester): void {
    this.#held.set(worker, 0);
  }

  /** It serves from now on: what it should know of the others. */
  ready(worker: Requester): void {
    if (this.#nearlyFull) worker.send({ kind: 'nearly-full', is: true });
  }

  /** It ended: everything it held is free. */
  remove(worker: Requester): void {
    this.#held.delete(worker);
    this.#clients.remove(worker);
    this.#strangers.remove(worker);
    this.#answered(worker);
    this.#serve();
  }

  receive(worker: Requester, told: ToConnectionLimiter): void {
    switch (told.kind) {
      case 'slots-wanted':
        this.#waiting.push({ worker, entry: undefined, evictions: 0 });
        break;
      case 'slots-back':
        this.#hold(worker, -told.count);
        if (told.recalled) this.#answered(worker, told.victims);
        break;
      case 'entering':
        this.#apply(worker, told.entry);
        break;
      case 'left':
        this.#left(worker, told);
        break;
      case 'evicted':
        this.#answered(worker, told.victims);
        break;
      case 'known':
        this.#clients.know(told.client);
    }
    this.#serve();
  }

  /** Forgets clients that have nothing open and began nothing in the last minute. Called now and then. */
  tidy(nowMs: number): void {
    this.#clients.tidy(nowMs);
    this.#tellNearlyFull();
  }

  #apply(worker: Requester, entry: ConnectionRequest): void {
    const exceeded = this.#clients.exceededLimit(entry.client, this.#limits(), Date.now());
    const answer = exceeded ?? this.#queue({ worker, entry, evictions: 0 });
    if (answer !== undefined) worker.send({ kind: 'verdict', request: entry.request, answer, stranger: false });
  }

  /** Who is known waits behind the first alone. */
  #queue(next: Waiting & { readonly entry: ConnectionRequest }): 'full' | undefined {
    if (this.#clients.isKnown(next.entry.client)) this.#waiting.splice(1, 0, next);
    else if (this.#waiting.length >= WAITING_LIMIT) return 'full';
    else this.#waiting.push(next);
    return undefined;
  }

  #left(worker: Requester, { client, group, stranger }: Extract<ToConnectionLimiter, { kind: 'left' }>): void {
    this.#hold(worker, -1);
    this.#clients.leave(worker, client);
    if (stranger) this.#strangers.leave(worker, group);
    this.#tellNearlyFull();
  }

  /** In the order in which they came: who finds no place is refused only when nobody can be evicted. */
  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#held.has(next.worker) && !this.#admit(next)) {
        if (this.#isAsking(next)) return;
        this.#refuse(next);
      }
      this.#waiting.shift();
    }
    this.#victims = undefined;
  }

  #admit({ worker, entry }: Waiting): boolean {
    if (this.#free <= 0 || (entry !== undefined && !this.#mayEnter(entry))) return false;
    if (entry === undefined) this.#grant(worker, Math.min(BATCH, Math.ceil(this.#free / this.#held.size)));
    else this.#welcome(worker, entry);
    return true;
  }

  #mayEnter({ client, group }: ConnectionRequest): boolean {
    return this.#clients.isKnown(client) || this.#strangers.hasPlace(group);
  }

  #grant(worker: Requester, count: number): void {
    this.#hold(worker, count);
    worker.send({ kind: 'slots', count });
  }

  #welcome(worker: Requester, { client, group, request }: ConnectionRequest): void {
    const stranger = !this.#clients.isKnown(client);
    const exceeded = this.#clients.exceededLimit(client, this.#limits(), Date.now()); // Others may have come meanwhile.
    if (exceeded === undefined) {
      this.#hold(worker, 1);
      this.#clients.enter(worker, client, Date.now());
      if (stranger) this.#strangers.enter(worker, group);
    }
    worker.send({ kind: 'verdict', request, answer: exceeded ?? 'welcome', stranger });
    this.#tellNearlyFull();
  }

  #refuse({ worker, entry }: Waiting): void {
    this.#crowded();
    if (entry === undefined) worker.send({ kind: 'slots', count: 0 });
    else worker.send({ kind: 'verdict', request: entry.request, answer: 'full', stranger: false });
  }

  get #free(): number {
    return this.#limits().maxSessions - [...this.#held.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Whether an answer may yet make a place. */
  #isAsking(next: Waiting): boolean {
    if (this.#asked.size > 0) return true;
    if (this.#victims === undefined) return this.#recall();
    return this.#evictFor(next);
  }

  #recall(): boolean {
    this.#victims = new Map();
    const all = [...this.#held.keys()].filter((worker) => !this.#silent.has(worker));
    for (const worker of all) this.#ask(worker, { kind: 'recall' });
    return all.length > 0;
  }

  #evictFor(next: Waiting): boolean {
    const all = [...(this.#victims ?? [])].flatMap(([worker, victims]) =>
      victims.map((victim) => ({ worker, victim })),
    );
    const [worst] = all
      .filter(({ victim }) => this.#makesWay(victim, next.entry))
      .toSorted((one, other) => byBlame(one.victim, other.victim));
    if (worst === undefined || next.evictions >= EVICTIONS_LIMIT) return false;
    next.evictions += 1;
    this.#crowded();
    this.#ask(worst.worker, { kind: 'evict', group: worst.victim.group, trusted: worst.victim.trusted });
    return true;
  }

  /** A stranger is evicted for a client that is known, and for one whose client has fewer; others when nothing was heard of them for long. */
  #makesWay(victim: Victim, entry: ConnectionRequest | undefined): boolean {
    const isPrivileged = entry === undefined || this.#clients.isKnown(entry.client);
    if (victim.trusted) return victim.idleMs >= PATIENCE_MS && this.#free <= 0;
    if (isPrivileged) return true;
    if (victim.group !== entry.group && !this.#strangers.hasMoreThanReserved(victim.group)) return false;
    return victim.crowd > this.#clients.count(entry.client) || victim.idleMs >= PATIENCE_MS;
  }

  #ask(worker: Requester, question: Extract<ToWorker, { kind: 'recall' | 'evict' }>): void {
    this.#asked.add(worker);
    clearTimeout(this.#answerLimit);
    this.#answerLimit = setTimeout(() => this.#waitNoLonger(), RECALL_LIMIT_MS);
    worker.send(question);
  }

  #answered(worker: Requester, victims: readonly Victim[] = []): void {
    this.#asked.delete(worker);
    this.#silent.delete(worker);
    this.#victims?.set(worker, victims);
    if (this.#asked.size === 0) clearTimeout(this.#answerLimit);
  }

  #waitNoLonger(): void {
    for (const worker of this.#asked) {
      this.#silent.add(worker);
      this.#victims?.delete(worker);
    }
    this.#asked.clear();
    this.#serve();
  }

  #hold(worker: Requester, more: number): void {
    const held = this.#held.get(worker);
    if (held !== undefined) this.#held.set(worker, held + more);
  }

  #crowded(): void {
    this.#crowdedAtMs = performance.now();
    this.#tellNearlyFull();
  }

  #tellNearlyFull(): void {
    const is = this.#strangers.areMany || performance.now() - this.#crowdedAtMs < CROWDED_MS;
    if (is === this.#nearlyFull) return;
    this.#nearlyFull = is;
    for (const worker of this.#held.keys()) worker.send({ kind: 'nearly-full', is });
  }
}

/** Strangers first, then those of whom there are most, then who never said a word, then who has been there longest. */
function byBlame(one: Victim, other: Victim): number {
  return (
    Number(one.trusted) - Number(other.trusted) ||
    other.crowd - one.crowd ||
    Number(one.spoke) - Number(other.spoke) ||
    other.ageMs - one.ageMs
  );
}
