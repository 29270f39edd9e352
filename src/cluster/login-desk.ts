/**
 * Failed logins of the whole server, in the supervisor: each is told to every other worker, and the counts go with a
 * new worker when it starts, so that the death of one forgives nothing. Successes are not told here, unless they take
 * failures back.
 */
import { Throttle, type ThrottleState } from '../auth/throttle.js';
import type { Applicant } from './admission-desk.js';
import type { LoginNews } from './messages.js';

export class LoginDesk {
  readonly #throttle = new Throttle();
  readonly #workers = new Set<Applicant>();

  /** From now on it hears of every login; what happened before is the answer. */
  enrol(worker: Applicant): ThrottleState {
    this.#workers.add(worker);
    return this.#throttle.state;
  }

  dismiss(worker: Applicant): void {
    this.#workers.delete(worker);
  }

  hear(from: Applicant, news: LoginNews): void {
    if (news.kind === 'login-failed') this.#throttle.failed(news.pair, Date.now());
    else this.#throttle.forgive(news.pair, Date.now());
    for (const worker of this.#workers) if (worker !== from) worker.tell(news);
  }

  /** Called now and then. */
  tidy(nowMs: number): void {
    this.#throttle.tidy(nowMs);
  }
}
