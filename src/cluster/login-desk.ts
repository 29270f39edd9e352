/**
 * Logins of the whole server, in the supervisor. Each attempt that is not seen to be right at once is asked for here, and
 * counts as failed from then on, so that guesses which come together see each other, whatever workers they come to. It is
 * told to every other worker, and taken back when it was right. The counts go with a new worker when it starts, so that
 * the death of one forgives nothing.
 */
import { Throttle, type ThrottleState } from '../auth/throttle.js';
import type { Applicant } from './admission-desk.js';
import type { LoginCount, ToLoginDesk } from './messages.js';

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

  hear(from: Applicant, told: ToLoginDesk): void {
    if (told.kind !== 'login-attempt') return this.#count(from, told);
    const { request, pair, known } = told;
    const admission = this.#throttle.admit(pair, known, Date.now());
    from.tell({ kind: 'login-verdict', request, admission });
    if (admission.kind === 'admitted') this.#count(from, { kind: 'login-failed', pair });
  }

  /** Called now and then. */
  tidy(nowMs: number): void {
    this.#throttle.tidy(nowMs);
  }

  #count(from: Applicant, count: LoginCount): void {
    this.#throttle.count(count, Date.now());
    for (const worker of this.#workers) if (worker !== from) worker.tell(count);
  }
}
