/**
 * How many places strangers have, by what they came for: clients that are neither trusted nor known. A twentieth of all
 * places is never theirs, and a twentieth is kept for each service that is listened for: who takes all that one
 * service has still leaves the others open.
 */
import type { Requester } from './requester.js';
import type { ServiceGroup } from '../control/messages.js';

/** The part of all places that is reserved for each. */
const RESERVED = 1 / 20;
/** The part of their places from which on the server counts as nearly full. */
const MANY = 4 / 5;

export class Strangers {
  readonly #maxSessions: () => number;
  readonly #groups: () => ReadonlySet<ServiceGroup>;
  readonly #counts = new Map<Requester, Map<ServiceGroup, number>>();

  constructor(maxSessions: () => number, groups: () => ReadonlySet<ServiceGroup>) {
    this.#maxSessions = maxSessions;
    this.#groups = groups;
  }

  enter(worker: Requester, group: ServiceGroup): void {
    this.#add(worker, group, 1);
  }

  leave(worker: Requester, group: ServiceGroup): void {
    this.#add(worker, group, -1);
  }

  remove(worker: Requester): void {
    this.#counts.delete(worker);
  }

  hasPlace(group: ServiceGroup): boolean {
    const others = [...this.#groups()].filter((other) => other !== group);
    const kept = others.reduce((sum, other) => sum + Math.max(0, this.#reserve - this.#count(other)), 0);
    return this.#total + kept < this.#limit;
  }

  hasMoreThanReserved(group: ServiceGroup): boolean {
    return this.#count(group) > this.#reserve;
  }

  get areMany(): boolean {
    return this.#total >= MANY * this.#limit;
  }

  get #reserve(): number {
    return Math.floor(RESERVED * this.#maxSessions());
  }

  get #limit(): number {
    return this.#maxSessions() - this.#reserve;
  }

  get #total(): number {
    return [...this.#counts.values()].flatMap((counts) => [...counts.values()]).reduce((sum, count) => sum + count, 0);
  }

  #count(group: ServiceGroup): number {
    return [...this.#counts.values()].reduce((sum, counts) => sum + (counts.get(group) ?? 0), 0);
  }

  #add(worker: Requester, group: ServiceGroup, more: number): void {
    const counts = this.#counts.get(worker) ?? new Map<ServiceGroup, number>();
    this.#counts.set(worker, counts);
    counts.set(group, Math.max(0, (counts.get(group) ?? 0) + more));
  }
}
