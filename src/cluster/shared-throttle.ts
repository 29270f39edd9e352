/**
 * A worker's side of the throttle: counts for itself, tells the supervisor's desk (login-desk.ts) of each failure, and
 * hears of those of the other workers. Asking costs no message, and neither does a login that succeeds at once.
 */
import type { LoginThrottle } from '../auth/authenticator.js';
import { Throttle, type Admission, type Pair, type ThrottleState } from '../auth/throttle.js';
import type { LoginNews } from './messages.js';

export class SharedThrottle implements LoginThrottle {
  readonly #throttle = new Throttle();
  readonly #tell: (news: LoginNews) => void;

  constructor(state: ThrottleState, tell: (news: LoginNews) => void) {
    this.#throttle.restore(state);
    this.#tell = tell;
  }

  admit(pair: Pair, known: boolean): Admission {
    return this.#throttle.admit(pair, known, Date.now());
  }

  failed(pair: Pair): void {
    this.#throttle.failed(pair, Date.now());
    this.#tell({ kind: 'login-failed', pair });
  }

  succeeded(pair: Pair): void {
    if (!this.#throttle.blames(pair, Date.now())) return;
    this.#throttle.forgive(pair, Date.now());
    this.#tell({ kind: 'login-forgiven', pair });
  }

  /** What another worker did. */
  hear({ kind, pair }: LoginNews): void {
    if (kind === 'login-failed') this.#throttle.failed(pair, Date.now());
    else this.#throttle.forgive(pair, Date.now());
  }

  /** Called now and then. */
  tidy(nowMs: number): void {
    this.#throttle.tidy(nowMs);
  }
}
