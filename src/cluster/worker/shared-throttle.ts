/**
 * A worker's side of the throttle: keeps the failures of the whole server, and asks the supervisor's login limiter for
 * each attempt that it cannot see to be right at once. Looking costs no message, and neither does a login of a known client that
 * succeeds at once. A login limiter that does not answer is not waited for: the counts that are here decide.
 */
import type { LoginThrottle } from '../../auth/authenticator.js';
import { keyOf, LEAK_MS, Throttle, type ThrottleDecision, type Pair, type ThrottleState } from '../../auth/throttle.js';
import type { Ending, FromLoginLimiter, ToLoginLimiter } from '../control/messages.js';

const ANSWER_LIMIT_MS = 2_000;
/** Behind attempts of others that do not settle; then it is refused, and not counted. */
const WAIT_LIMIT_MS = 60_000;

interface Asked {
  readonly pair: Pair;
  answer(admission: ThrottleDecision): void;
  /** The limiter will answer, but not yet. */
  wait(): void;
}

export class SharedThrottle implements LoginThrottle {
  readonly #throttle = new Throttle();
  readonly #tell: (told: ToLoginLimiter) => void;
  readonly #asked = new Map<number, Asked>();
  /** Requests of each pair that the limiter admitted and has not heard of again. */
  readonly #open = new Map<string, number[]>();
  #lastRequest = 0;

  constructor(state: ThrottleState, send: (told: ToLoginLimiter) => void) {
    this.#throttle.restore(state);
    this.#tell = send;
  }

  admit(pair: Pair, known: boolean): ThrottleDecision {
    return this.#throttle.admit(pair, known, Date.now());
  }

  async attempt(pair: Pair, known: boolean): Promise<ThrottleDecision> {
    const here = this.admit(pair, known);
    return here.kind === 'refused' ? here : await this.#ask(pair, known, here);
  }

  succeeded(pair: Pair): void {
    const blamed = this.#throttle.blames(pair, Date.now());
    if (blamed) this.#throttle.count({ kind: 'login-forgiven', pair }, Date.now());
    const settled = this.#settle(pair, blamed ? 'login-forgiven' : 'withdrawn');
    if (!settled && blamed) this.#tell({ kind: 'login-forgiven', pair });
  }

  failed(pair: Pair): void {
    this.#throttle.count({ kind: 'login-failed', pair }, Date.now());
    if (!this.#settle(pair, 'login-failed')) this.#tell({ kind: 'login-failed', pair });
  }

  withdrawn(pair: Pair): void {
    this.#settle(pair, 'withdrawn');
  }

  /** What the limiter says: of an attempt here, or what another worker counted. */
  receive(told: FromLoginLimiter): void {
    if (told.kind === 'login-waits') this.#asked.get(told.request)?.wait();
    else if (told.kind === 'login-verdict') this.#decided(told.request, told.admission);
    else this.#throttle.count(told, Date.now());
  }

  /** Called now and then. */
  tidy(nowMs: number): void {
    this.#throttle.tidy(nowMs);
  }

  /** A verdict for nobody was on its way when the limiter was told so: it has to know that alone. */
  #decided(request: number, admission: ThrottleDecision): void {
    const asked = this.#asked.get(request);
    if (asked === undefined) return;
    if (admission.kind === 'admitted') {
      const key = keyOf('pair', asked.pair);
      this.#open.set(key, [...(this.#open.get(key) ?? []), request]);
    }
    asked.answer(admission);
  }

  /** Of the attempts that are open at the limiter one has ended so; false when none was open. */
  #settle(pair: Pair, how: Ending): boolean {
    const key = keyOf('pair', pair);
    const [request, ...others] = this.#open.get(key) ?? [];
    if (request === undefined) return false;
    if (others.length > 0) this.#open.set(key, others);
    else this.#open.delete(key);
    this.#tell({ kind: 'login-settled', request, how });
    return true;
  }

  #ask(pair: Pair, known: boolean, otherwise: ThrottleDecision): Promise<ThrottleDecision> {
    const request = ++this.#lastRequest;
    return new Promise((resolve) => {
      const answer = (admission: ThrottleDecision): void => {
        clearTimeout(timer);
        this.#asked.delete(request);
        resolve(admission);
      };
      const giveUp = (admission: ThrottleDecision): void => {
        this.#tell({ kind: 'login-abandoned', request });
        answer(admission);
      };
      let timer = setTimeout(() => giveUp(otherwise), ANSWER_LIMIT_MS);
      const wait = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => giveUp({ kind: 'refused', retryAfterMs: LEAK_MS }), WAIT_LIMIT_MS);
      };
      this.#asked.set(request, { pair, answer, wait });
      this.#tell({ kind: 'login-attempt', request, pair, known });
    });
  }
}
