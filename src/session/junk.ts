/**
 * Counts a session's commands that do nothing, such as NOOP and RSET: Postfix calls them junk commands and counts them as errors
 * after a hundred. Here they are slowed down, because an honest client may send many: each waits a moment, and a long one when
 * the client did not wait for the answer to the last. Who goes on with that is told to go. Useful work, and time, are forgiving.
 */
import type { SessionLimits } from './limits.js';

export type JunkLimits = Pick<SessionLimits, 'quickJunk' | 'junkDelayMs' | 'hastyJunkDelayMs' | 'hastyJunkLimit'>;

/** So many a second never add up to anything. */
const FORGIVEN_PER_SECOND = 1;

export class JunkCount {
  readonly #limits: JunkLimits;
  #count = 0;
  #sinceMs = 0;
  #hasty = 0;

  constructor(limits: JunkLimits) {
    this.#limits = limits;
  }

  /** Something was done: it begins anew. */
  forgive(): void {
    this.#count = 0;
    this.#hasty = 0;
  }

  /** One more; how long it is to wait. `hasty`: more was sent behind it before it was answered. */
  delayMs(hasty: boolean): number {
    this.#count += 1;
    if (this.#count === 1) this.#sinceMs = performance.now();
    if (this.#count <= this.#limits.quickJunk || this.#count <= this.#allowed) return 0;
    if (!hasty) return this.#limits.junkDelayMs;
    this.#hasty += 1;
    return this.#limits.hastyJunkDelayMs;
  }

  get isTooMuch(): boolean {
    return this.#hasty > this.#limits.hastyJunkLimit;
  }

  get #allowed(): number {
    const seconds = (performance.now() - this.#sinceMs) / 1000;
    return this.#limits.quickJunk + seconds * FORGIVEN_PER_SECOND;
  }
}
