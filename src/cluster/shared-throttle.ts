/**
 * A worker's side of the throttle: keeps the counts of the whole server, and asks the supervisor's desk (login-desk.ts)
 * for each attempt that it cannot see to be right at once. Looking costs no message, and neither does a login of a known
 * client that succeeds at once. A desk that does not answer is not waited for: the counts that are here decide.
 */
import type { LoginThrottle } from '../auth/authenticator.js';
import { Throttle, type Admission, type Pair, type ThrottleState } from '../auth/throttle.js';
import type { FromLoginDesk, ToLoginDesk } from './messages.js';

const ANSWER_LIMIT_MS = 2_000;

export class SharedThrottle implements LoginThrottle {
  readonly #throttle = new Throttle();
  readonly #tell: (told: ToLoginDesk) => void;
  readonly #asked = new Map<number, (admission: Admission) => void>();
  #lastRequest = 0;

  constructor(state: ThrottleState, tell: (told: ToLoginDesk) => void) {
    this.#throttle.restore(state);
    this.#tell = tell;
  }

  admit(pair: Pair, known: boolean): Admission {
    return this.#throttle.admit(pair, known, Date.now());
  }

  async attempt(pair: Pair, known: boolean): Promise<Admission> {
    const here = this.admit(pair, known);
    if (here.kind === 'refused') return here;
    this.#throttle.count({ kind: 'login-failed', pair }, Date.now());
    const admission = await this.#ask(pair, known, here);
    if (admission.kind === 'refused') this.#throttle.count({ kind: 'login-withdrawn', pair }, Date.now());
    return admission;
  }

  succeeded(pair: Pair): void {
    if (this.#throttle.blames(pair, Date.now())) this.#share({ kind: 'login-forgiven', pair });
  }

  withdrawn(pair: Pair): void {
    this.#share({ kind: 'login-withdrawn', pair });
  }

  /** What the desk says: of an attempt here, or what another worker counted. */
  hear(told: FromLoginDesk): void {
    if (told.kind !== 'login-verdict') return this.#throttle.count(told, Date.now());
    this.#asked.get(told.request)?.(told.admission);
  }

  /** Called now and then. */
  tidy(nowMs: number): void {
    this.#throttle.tidy(nowMs);
  }

  #share(count: Exclude<FromLoginDesk, { kind: 'login-verdict' }>): void {
    this.#throttle.count(count, Date.now());
    this.#tell(count);
  }

  #ask(pair: Pair, known: boolean, otherwise: Admission): Promise<Admission> {
    const request = ++this.#lastRequest;
    return new Promise((resolve) => {
      const timer = setTimeout(() => answered(otherwise), ANSWER_LIMIT_MS);
      const answered = (admission: Admission): void => {
        clearTimeout(timer);
        this.#asked.delete(request);
        resolve(admission);
      };
      this.#asked.set(request, answered);
      this.#tell({ kind: 'login-attempt', request, pair, known });
    });
  }
}
