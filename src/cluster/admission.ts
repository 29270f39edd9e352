/**
 * A worker's side of the session limits: asks the supervisor's desk (admission-desk.ts) for slots, in batches, and for
 * leave to let in a client that is not trusted. A connection waits unanswered, and unread, until it has both.
 */
import type { Configuration } from '../config/options.js';
import { clientOf, parseNetworks, type Networks } from '../config/networks.js';
import { UNIX_PEER } from '../net/unix-socket.js';
import type { FromDesk, ToDesk } from './messages.js';

/** `full`: the server has all the sessions it may have; the others are about this client. */
export type Verdict = 'welcome' | 'too-many' | 'too-often' | 'full';

/** Unused slots above this go back, for other workers. */
const SPARE_SLOTS = 128;

export class Admission {
  readonly #ask: (message: ToDesk) => void;
  readonly #trusted: Networks;
  readonly #verdicts = new Map<number, (verdict: Verdict) => void>();
  #wanting: ((granted: boolean) => void)[] = [];
  #slots = 0;
  #lastRequest = 0;

  constructor({ trustedNetworks }: Pick<Configuration, 'trustedNetworks'>, ask: (message: ToDesk) => void) {
    this.#ask = ask;
    this.#trusted = parseNetworks(trustedNetworks);
  }

  isTrusted(address: string): boolean {
    return address === UNIX_PEER.address || this.#trusted.includes(address);
  }

  /** After 'welcome', `leave` must follow when the session has ended. */
  enter(address: string): Verdict | Promise<Verdict> {
    if (this.#slots === 0 || !this.isTrusted(address)) return this.#enterSlowly(address);
    this.#slots -= 1;
    return 'welcome';
  }

  leave(address: string): void {
    if (!this.isTrusted(address)) this.#ask({ kind: 'left', client: clientOf(address) });
    this.#freeSlot();
  }

  hear(told: FromDesk): void {
    switch (told.kind) {
      case 'slots':
        return this.#granted(told.count);
      case 'recall':
        return this.#giveBack(this.#slots, true);
      case 'verdict':
        this.#verdicts.get(told.request)?.(told.verdict);
        this.#verdicts.delete(told.request);
    }
  }

  async #enterSlowly(address: string): Promise<Verdict> {
    if (!(await this.#takeSlot())) return 'full';
    const verdict = this.isTrusted(address) ? 'welcome' : await this.#askToEnter(clientOf(address));
    if (verdict !== 'welcome') this.#freeSlot();
    return verdict;
  }

  #takeSlot(): Promise<boolean> {
    if (this.#slots > 0) {
      this.#slots -= 1;
      return Promise.resolve(true);
    }
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
    this.#ask({ kind: 'slots-back', count, recalled });
  }

  #askToEnter(client: string): Promise<Verdict> {
    const request = ++this.#lastRequest;
    return new Promise((resolve) => {
      this.#verdicts.set(request, resolve);
      this.#ask({ kind: 'entering', request, client });
    });
  }
}
