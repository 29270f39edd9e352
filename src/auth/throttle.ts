/**
 * How failed logins slow down further ones, and then refuse them before anything is checked. Three counts, each a bucket that
 * leaks one failure a minute: of a client, of a login (an address that was tried, whether or not it exists), and of the pair.
 * Attempts that are under way might all fail: where that would be too many, another has to wait for one of them. Knows no clock, no network and no other process. Bounded: the counts that were touched longest ago go first.
 *
 * One client adds only a few failures to a login's count, so it never keeps the owner out elsewhere. And a client that
 * has logged in to the account before is measured by the pair alone: neither strangers nor neighbours slow it down.
 */
import { BoundedMap } from '../runtime/bounded-map.js';

export interface Pair {
  /** What counts as one client: an IPv4 address, or the /64 of an IPv6 one. */
  readonly client: string;
  /** The address that the name means. */
  readonly login: string;
}

export type ThrottleDecision =
  { readonly kind: 'admitted'; readonly delayMs: number } | { readonly kind: 'refused'; readonly retryAfterMs: number };

/** What counts: an attempt that failed, or one that was right. */
export interface Count {
  readonly kind: 'login-failed' | 'login-forgiven';
  readonly pair: Pair;
}

/** What another process needs to count on from here. */
export type ThrottleState = Readonly<Record<CountName, readonly (readonly [name: string, bucket: Bucket])[]>>;

interface Bucket {
  /** Failures that have not leaked away, as of `atMs`. */
  readonly level: number;
  readonly atMs: number;
}

interface Rule {
  /** So many failures slow nobody down. */
  readonly free: number;
  /** With so many, nothing is checked. */
  readonly refuse: number;
  readonly entriesLimit: number;
}

export type CountName = 'pair' | 'client' | 'login';

/** One failure is forgiven in this time. */
export const LEAK_MS = 60_000;
/** What one client may add to a login's count: below what slows others down. */
export const SHARE = 5;
/** The first delay; each further failure doubles it. */
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 8_000;

export const rules: Readonly<Record<CountName, Rule>> = {
  pair: { free: 3, refuse: 10, entriesLimit: 50_000 },
  client: { free: 10, refuse: 30, entriesLimit: 20_000 },
  login: { free: 10, refuse: 50, entriesLimit: 20_000 },
};

/** Attempts that were admitted and have not settled. */
export interface UnderWay {
  readonly nowMs: number;
  readonly underWay: (name: CountName, key: string) => number;
}

export class Throttle {
  readonly #counts: Readonly<Record<CountName, BoundedMap<string, Bucket>>> = {
    pair: new BoundedMap(rules.pair.entriesLimit),
    client: new BoundedMap(rules.client.entriesLimit),
    login: new BoundedMap(rules.login.entriesLimit),
  };

  /** `known`: the client has logged in to this account before. */
  admit(pair: Pair, known: boolean, nowMs: number): ThrottleDecision {
    const levels = countsOf(known).map((name) => ({
      rule: rules[name],
      level: this.#level(name, keyOf(name, pair), nowMs),
    }));
    const retryAfterMs = Math.max(...levels.map(({ rule, level }) => waitMs(rule, level)));
    if (retryAfterMs > 0) return { kind: 'refused', retryAfterMs };
    return { kind: 'admitted', delayMs: Math.max(...levels.map(({ rule, level }) => delayMs(rule, level))) };
  }

  /**
   * `admit` for one that would be under way beside others, which might all fail. Undefined: it has to wait for one of them. Where
   * enough failed already to slow others down, those under way are taken for failures, and nobody waits for them.
   */
  admitBeside(pair: Pair, known: boolean, { nowMs, underWay }: UnderWay): ThrottleDecision | undefined {
    const admission = this.admit(pair, known, nowMs);
    if (admission.kind === 'refused') return admission;
    for (const name of countsOf(known)) {
      const key = keyOf(name, pair);
      const level = this.#level(name, key, nowMs);
      const pending = underWay(name, key);
      const retryAfterMs = pending === 0 ? 0 : waitMs(rules[name], level + pending);
      if (retryAfterMs > 0) return level >= rules[name].free ? { kind: 'refused', retryAfterMs } : undefined;
    }
    return admission;
  }

  count({ kind, pair }: Count, nowMs: number): void {
    if (kind === 'login-failed') this.failed(pair, nowMs);
    else this.forgive(pair, nowMs);
  }

  failed(pair: Pair, nowMs: number): void {
    const shared = this.#level('pair', keyOf('pair', pair), nowMs) + 1 <= SHARE;
    for (const name of shared ? (['pair', 'client', 'login'] as const) : (['pair', 'client'] as const))
      this.#add(name, keyOf(name, pair), nowMs, 1);
  }

  /** The client was right after all: what it failed for this login is taken back everywhere. */
  forgive(pair: Pair, nowMs: number): void {
    const level = this.#level('pair', keyOf('pair', pair), nowMs);
    this.#counts.pair.delete(keyOf('pair', pair));
    this.#add('client', keyOf('client', pair), nowMs, -level);
    this.#add('login', keyOf('login', pair), nowMs, -Math.min(level, SHARE));
  }

  /** Whether there is anything to forgive. */
  blames(pair: Pair, nowMs: number): boolean {
    return this.#level('pair', keyOf('pair', pair), nowMs) > 0;
  }

  get state(): ThrottleState {
    const { pair, client, login } = this.#counts;
    return { pair: [...pair], client: [...client], login: [...login] };
  }

  restore(state: ThrottleState): void {
    for (const name of ['pair', 'client', 'login'] as const)
      for (const [key, bucket] of state[name]) this.#counts[name].set(key, bucket);
  }

  /** Drops what has leaked away entirely. Called now and then. */
  tidy(nowMs: number): void {
    for (const name of ['pair', 'client', 'login'] as const)
      for (const key of this.#counts[name].keys())
        if (this.#level(name, key, nowMs) === 0) this.#counts[name].delete(key);
  }

  #level(name: CountName, key: string, nowMs: number): number {
    const bucket = this.#counts[name].get(key);
    if (bucket === undefined) return 0;
    // A clock that was set back: from here on it leaks as from now, or it would not for as long as that.
    if (bucket.atMs > nowMs) this.#counts[name].set(key, { ...bucket, atMs: nowMs });
    return Math.max(0, bucket.level - Math.max(0, nowMs - bucket.atMs) / LEAK_MS);
  }

  /** What was touched last stands behind all others. */
  #add(name: CountName, key: string, nowMs: number, more: number): void {
    const level = Math.max(0, this.#level(name, key, nowMs) + more);
    this.#counts[name].delete(key);
    if (level > 0) this.#counts[name].set(key, { level, atMs: nowMs });
  }
}

/** Names may be as long as a line; what follows their first characters does not tell logins apart. */
const NAME_LIMIT_CHARACTERS = 320;

export function keyOf(name: CountName, { client, login }: Pair): string {
  const short = login.slice(0, NAME_LIMIT_CHARACTERS);
  return name === 'client' ? client : name === 'login' ? short : `${client} ${short}`;
}

/** A client that has logged in to the account before is measured by the pair alone. */
export function countsOf(known: boolean): readonly CountName[] {
  return known ? ['pair'] : ['pair', 'client', 'login'];
}

function waitMs({ refuse }: Rule, level: number): number {
  return Math.ceil(Math.max(0, level + 1 - refuse) * LEAK_MS);
}

function delayMs({ free }: Rule, level: number): number {
  const over = Math.ceil(level) - free;
  return over < 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** over, LONGEST_DELAY_MS);
}
