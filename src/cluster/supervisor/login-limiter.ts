/**
 * Logins of the whole server, in the supervisor. Each attempt that is not seen to be right at once is asked for here. It is under
 * way until its worker says how it ended; where those under way might be too many failures already, another waits here until one
 * of them settles. So guesses that come together are checked no more often than those that come one by one, and many who are
 * right at once only wait. Failures are told to the other workers, and go with a new one when it starts; what was under way in a
 * worker that died counts as failed.
 */
import { PendingAttempts } from '../../auth/pending-attempts.js';
import { LEAK_MS, Throttle, type Pair, type ThrottleState } from '../../auth/throttle.js';
import type { LoginRequester } from './requester.js';
import type { Ending, LoginCount, ToLoginLimiter } from '../control/messages.js';
import { WaitingLogins, type WaitingLogin } from './waiting-logins.js';

export class LoginLimiter {
  readonly #throttle = new Throttle();
  /** Of each worker, what is under way in it, by the number of its request. */
  readonly #workers = new Map<LoginRequester, Map<number, Pair>>();
  readonly #pending = new PendingAttempts();
  readonly #waiting = new WaitingLogins();

  /** From now on it hears of every login; what happened before is the answer. */
  add(worker: LoginRequester): ThrottleState {
    this.#workers.set(worker, new Map());
    return this.#throttle.state;
  }

  remove(worker: LoginRequester): void {
    const open = this.#workers.get(worker);
    this.#workers.delete(worker);
    this.#waiting.release(({ from }) => from === worker);
    for (const pair of open?.values() ?? []) {
      this.#pending.settle(pair);
      this.#count(worker, { kind: 'login-failed', pair });
    }
    this.#serve();
  }

  receive(from: LoginRequester, told: ToLoginLimiter): void {
    if (told.kind === 'login-attempt') this.#ask({ from, ...told });
    else if (told.kind === 'login-settled') this.#settle(from, told.request, told.how);
    else if (told.kind === 'login-abandoned') this.#abandon(from, told.request);
    else this.#count(from, told);
  }

  /** Called now and then. */
  tidy(nowMs: number): void {
    this.#throttle.tidy(nowMs);
  }

  #ask(asked: WaitingLogin): void {
    if (this.#decide(asked)) return;
    const { from, request, pair } = asked;
    if (!this.#waiting.hasPlaceFor(pair))
      return from.send({ kind: 'login-verdict', request, admission: { kind: 'refused', retryAfterMs: LEAK_MS } });
    this.#waiting.add(asked);
    from.send({ kind: 'login-waits', request });
  }

  /** False when it has to wait. */
  #decide({ from, request, pair, known }: WaitingLogin): boolean {
    const underWay = this.#pending.of.bind(this.#pending);
    const admission = this.#throttle.admitBeside(pair, known, { nowMs: Date.now(), underWay });
    if (admission === undefined) return false;
    if (admission.kind === 'admitted') {
      this.#pending.add(pair);
      this.#workers.get(from)?.set(request, pair);
    }
    from.send({ kind: 'login-verdict', request, admission });
    return true;
  }

  /** Its verdict and this may have crossed on their way: then it is under way, and nobody will say how it ended. */
  #abandon(from: LoginRequester, request: number): void {
    const waited = this.#waiting.release((login) => login.from === from && login.request === request);
    if (!waited) this.#settle(from, request, 'withdrawn');
  }

  #settle(from: LoginRequester, request: number, how: Ending): void {
    const open = this.#workers.get(from);
    const pair = open?.get(request);
    if (pair === undefined) return;
    open?.delete(request);
    this.#pending.settle(pair);
    if (how !== 'withdrawn') this.#count(from, { kind: how, pair });
    this.#serve();
  }

  /** Those who waited, in the order in which they came. */
  #serve(): void {
    this.#waiting.release((asked) => this.#decide(asked));
  }

  #count(from: LoginRequester, count: LoginCount): void {
    this.#throttle.count(count, Date.now());
    for (const worker of this.#workers.keys()) if (worker !== from) worker.send(count);
  }
}
