/**
 * A worker's side of the session limits: asks the supervisor's connection limiter for slots, in batches, for clients
 * that are trusted, and for leave to let in one that is not. A connection waits unanswered, and unread, until it may come.
 */
import type { Configuration } from '../../config/configuration.js';
import { clientOf, parseNetworks, type Networks } from '../../ip/networks.js';
import type { Peer } from '../../session/channel.js';
import type { FromConnectionLimiter, ServiceGroup, ToConnectionLimiter, Victim } from '../control/messages.js';

/** Where a client comes from. */
type From = Pick<Peer, 'origin' | 'address'>;

/** `full`: the server has all the sessions it may have; the others are about this client. */
export type SlotAnswer = 'welcome' | 'too-many' | 'too-often' | 'full';

/** The answer to one who wants in. After 'welcome', `leave` must follow when its connection has ended. */
export interface SlotGrant {
  readonly answer: SlotAnswer;
  /** It has a place that is for strangers. */
  readonly stranger: boolean;
}

/** Who would be evicted; asked when there is no place. */
export interface EvictionCandidates {
  victims(): readonly Victim[];
  evict(which: Pick<Victim, 'group' | 'trusted'>): void;
}

/** Unused slots above this go back, for other workers. */
const SPARE_SLOTS = 128;
const KNOWN_LIMIT = 20_000;

const welcome: SlotGrant = { answer: 'welcome', stranger: false };

export class ConnectionSlots {
  readonly #ask: (message: ToConnectionLimiter) => void;
  readonly #trusted: Networks;
  readonly #candidates: EvictionCandidates;
  readonly #answers = new Map<number, (entrance: SlotGrant) => void>();
  /** Clients that the limiter was told of. */
  readonly #known = new Set<string>();
  #wanting: ((granted: boolean) => void)[] = [];
  #slots = 0;
  #lastRequest = 0;
  #nearlyFull = false;

  constructor(
    { trustedNetworks }: Pick<Configuration, 'trustedNetworks'>,
    ask: (message: ToConnectionLimiter) => void,
    candidates: EvictionCandidates,
  ) {
    this.#ask = ask;
    this.#trusted = parseNetworks(trustedNetworks);
    this.#candidates = candidates;
  }

  /** Nearly all places are taken: who says nothing has less time. */
  get nearlyFull(): boolean {
    return this.#nearlyFull;
  }

  isTrusted({ origin, address }: From): boolean {
    return origin === 'unix' || this.#trusted.includes(address);
  }

  enter(from: From, group: ServiceGroup): SlotGrant | Promise<SlotGrant> {
    if (!this.isTrusted(from)) return this.#askToEnter(clientOf(from.address), group);
    if (this.#slots === 0) return this.#enterSlowly();
    this.#slots -= 1;
    return welcome;
  }

  leave(from: From, group: ServiceGroup, { stranger }: SlotGrant): void {
    if (this.isTrusted(from)) this.#freeSlot();
    else this.#ask({ kind: 'left', client: clientOf(from.address), group, stranger });
  }

  /** Somebody has logged in from there: it is no stranger. Costs a message once a client. */
  know(client: string, origin: Peer['origin']): void {
    if (this.#known.has(client) || this.isTrusted({ origin, address: client })) return;
    if (this.#known.size >= KNOWN_LIMIT) this.#known.clear();
    this.#known.add(client);
    this.#ask({ kind: 'known', client });
  }

  receive(told: FromConnectionLimiter): void {
    switch (told.kind) {
      case 'slots':
        return this.#granted(told.count);
      case 'recall':
        return this.#giveBack(this.#slots, true);
      case 'evict':
        return this.#evict(told);
      case 'nearly-full':
        this.#nearlyFull = told.is;
        return;
      case 'verdict':
        this.#answers.get(told.request)?.(told);
        this.#answers.delete(told.request);
    }
  }

  async #enterSlowly(): Promise<SlotGrant> {
    return (await this.#takeSlot()) ? welcome : { answer: 'full', stranger: false };
  }

  #takeSlot(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wanting.push(resolve);
      if (this.#wanting.length === 1) this.#ask({ kind: 'slots-wanted' });
    });
  }

  /** Fewer than wanted: the first come are served, and the rest ask again until the answer is none. */
  #granted(count: number): void {
    this.#slots += count;
    const served = count === 0 ? this.#wanting.splice(0) : this.#wanting.splice(0, this.#slots);
    if (count > 0) this.#slots -= served.length;
    for (const resolve of served) resolve(count > 0);
    if (this.#wanting.length > 0) this.#ask({ kind: 'slots-wanted' });
  }

  #freeSlot(): void {
    const next = this.#wanting.shift();
    if (next !== undefined) return next(true);
    this.#slots += 1;
    if (this.#slots > SPARE_SLOTS) this.#giveBack(this.#slots - SPARE_SLOTS / 2, false);
  }

  #giveBack(count: number, recalled: boolean): void {
    this.#slots -= count;
    this.#ask({ kind: 'slots-back', count, recalled, ...(recalled && { victims: this.#candidates.victims() }) });
  }

  #evict(which: Pick<Victim, 'group' | 'trusted'>): void {
    this.#candidates.evict(which);
    if (this.#slots > 0) this.#giveBack(this.#slots, false);
    this.#ask({ kind: 'evicted', victims: this.#candidates.victims() });
  }

  #askToEnter(client: string, group: ServiceGroup): Promise<SlotGrant> {
    const request = ++this.#lastRequest;
    return new Promise((resolve) => {
      this.#answers.set(request, resolve);
      this.#ask({ kind: 'entering', entry: { request, client, group } });
    });
  }
}
