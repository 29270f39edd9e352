/**
 * What a session may get wrong. After a few failed commands each further refusal is answered late, and after more of them the
 * session ends; commands that do nothing are counted beside them (junk.ts). Says nothing itself, and holds no timer.
 */
import type { Command } from './command.js';
import { JunkCount } from './junk.js';
import type { SessionLimits } from './limits.js';

/** What there was too much of. */
export type Overdrawn = 'errors' | 'junk';

export class ErrorBudget {
  readonly #limits: SessionLimits;
  readonly #junk: JunkCount;
  #errors = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
    this.#junk = new JunkCount(limits);
  }

  get errors(): number {
    return this.#errors;
  }

  /** One more answer to a command: how long the client is to wait for it. `hasty`: it sent more behind that command. */
  charge(failed: boolean, serves: Command<never, unknown, never>['serves'], hasty: boolean): number {
    if (failed) return this.#chargeError();
    if (serves === 'mail') this.#junk.forgive();
    return serves === 'none' ? this.#junk.delayMs(hasty) : 0;
  }

  /** Asked after each answer: the first one that is too much ends the session. */
  get overdrawn(): Overdrawn | undefined {
    if (this.#errors > this.#limits.errorLimit) return 'errors';
    return this.#junk.isTooMuch ? 'junk' : undefined;
  }

  #chargeError(): number {
    this.#errors += 1;
    return this.#errors <= this.#limits.quickErrors ? 0 : this.#limits.errorDelayMs;
  }
}
