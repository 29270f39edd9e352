/**
 * Logins of the whole server, in the supervisor. Each attempt that is not seen to be right at once is asked for here. It is under
 * way until its worker says how it ended; where those under way might be too many failures already, another waits here until one
 * of them settles. So guesses that come together are checked no more often than those that come one by one, and many who are
 * right at once only wait. Failures are told to the other workers, and go with a new one when it starts; what was under way in a
 * worker that died counts as failed.
 */
import { PendingAttempts } from '../auth/pending-attempts.js';
import { LEAK_MS, Throttle, type Pair, type ThrottleState } from '../auth/throttle.js';
import type { Applicant } from './admission-desk.js';
import type { LoginCount, ToLoginDesk } from './messages.js';

interface Asked {
  readonly from: Applicant;
  readonly request: number;
  readonly pair: Pair;
  readonly known: boolean;
}

/** Beyond it another is refused, and nothing is counted. */
const WAITING_LIMIT = 1_000;
const WAITING_LIMIT_OF_CLIENT = 200;

export class LoginDesk {
  readonly #throttle = new Throttle();
  /** Of each worker, what is under way in it. */
  readonly #workers = new Map<Applicant, Pair[]>();
  readonly #pending = new PendingAttempts();
  #waiting: Asked[] = [];

  /** From now on it hears of every login; what happened before is the answer. */
  enrol(worker: Applicant): ThrottleState {
    this.#workers.set(worker, []);
    return this.#throttle.state;
  }

  dismiss(worker: Applicant): void {
    const open = this.#workers.get(worker) ?? [];
    this.#workers.delete(worker);
    this.#waiting = this.#waiting.filter(({ from }) => from !== worker);
    for (const pair of open) {
      this.#pending.settle(pair);
      this.#count(worker, { kind: 'login-failed', pair });
    }
    this.#serve();
  }

  hear(from: Applicant, told: ToLoginDesk): void {
    if (told.kind === 'login-attempt') this.#ask({ from, ...told });
    else if (told.kind === 'login-settled') this.#settle(from, told);
    else this.#count(from, told);
  }

  /** Called now and then. */
  tidy(nowMs: number): void {
    this.#throttle.tidy(nowMs);
  }

  #ask(asked: Asked): void {
    if (this.#decide(asked)) return;
    const { from, request, pair } = asked;
    const ofClient = this.#waiting.filter((other) => other.pair.client === pair.client).length;
    if (this.#waiting.length >= WAITING_LIMIT || ofClient >= WAITING_LIMIT_OF_CLIENT)
      return from.tell({ kind: 'login-verdict', request, admission: { kind: 'refused', retryAfterMs: LEAK_MS } });
    this.#waiting.push(asked);
    from.tell({ kind: 'login-waits', request });
  }

  /** False when it has to wait. */
  #decide({ from, request, pair, known }: Asked): boolean {
    const underWay = this.#pending.of.bind(this.#pending);
    const admission = this.#throttle.admitBeside(pair, known, { nowMs: Date.now(), underWay });
    if (admission === undefined) return false;
    if (admission.kind === 'admitted') {
      this.#pending.add(pair);
      this.#workers.get(from)?.push(pair);
    }
    from.tell({ kind: 'login-verdict', request, admission });
    return true;
  }

  #settle(from: Applicant, { pair, how }: Extract<ToLoginDesk, { kind: 'login-settled' }>): void {
    const open = this.#workers.get(from) ?? [];
    const at = open.findIndex(({ client, login }) => client === pair.client && login === pair.login);
    if (at === -1) return;
    open.splice(at, 1);
    this.#pending.settle(pair);
    if (how !== 'withdrawn') this.#count(from, { kind: how, pair });
    this.#serve();
  }

  /** Those who waited, in the order in which they came. */
  #serve(): void {
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter((asked) => !this.#decide(asked));
  }

  #count(from: Applicant, count: LoginCount): void {
    this.#throttle.count(count, Date.now());
    for (const worker of this.#workers.keys()) if (worker !== from) worker.tell(count);
  }
}
