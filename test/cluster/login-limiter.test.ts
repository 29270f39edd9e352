/** Logins that wait at the supervisor's limiter: how many, and that nobody's place is lost with the worker that asked. */
import { expect } from 'chai';
import { rules, type Pair } from '../../src/auth/throttle.js';
import { LoginLimiter } from '../../src/cluster/supervisor/login-limiter.js';
import type { FromLoginLimiter, ToLoginLimiter, ToWorker } from '../../src/cluster/control/messages.js';
import { SharedThrottle } from '../../src/cluster/worker/shared-throttle.js';
import { WAITING_LIMIT, WAITING_LIMIT_OF_CLIENT } from '../../src/cluster/supervisor/waiting-logins.js';

const OFFICE = '192.0.2.1';
const alice = { client: OFFICE, login: 'alice@localhost' };
const bob = { client: OFFICE, login: 'bob@localhost' };

/** A worker as the limiter sees it: what it asks, and what it was told of each request. */
class Asking {
  readonly #limiter: LoginLimiter;
  readonly #told = new Map<number, string>();
  #last = 0;

  constructor(limiter: LoginLimiter) {
    this.#limiter = limiter;
    limiter.add(this);
  }

  send(message: ToWorker): void {
    if (message.kind === 'login-waits') this.#told.set(message.request, 'waits');
    if (message.kind === 'login-verdict') this.#told.set(message.request, message.admission.kind);
  }

  ask(times: number, pair: Pair): void {
    for (let count = 0; count < times; count++)
      this.#limiter.receive(this, { kind: 'login-attempt', request: ++this.#last, pair, known: false });
  }

  say(kind: 'login-abandoned' | 'withdrawn', request: number): void {
    this.#limiter.receive(
      this,
      kind === 'withdrawn' ? { kind: 'login-settled', request, how: kind } : { kind, request },
    );
  }

  count(what: 'waits' | 'admitted' | 'refused'): number {
    return [...this.#told.values()].filter((told) => told === what).length;
  }
}

describe('logins at the limiter', () => {
  let limiter: LoginLimiter;
  let worker: Asking;
  let other: Asking;

  beforeEach(() => {
    limiter = new LoginLimiter();
    worker = new Asking(limiter);
    other = new Asking(limiter);
  });

  it('of one client wait in so many places, and those of all in so many more', () => {
    worker.ask(rules.pair.refuse + WAITING_LIMIT_OF_CLIENT + 1, alice);
    expect(worker.count('admitted')).to.equal(rules.pair.refuse);
    expect(worker.count('waits')).to.equal(WAITING_LIMIT_OF_CLIENT);
    expect(worker.count('refused')).to.equal(1);
    for (let number = 0; number < 10; number++)
      other.ask(rules.pair.refuse + WAITING_LIMIT_OF_CLIENT, {
        client: `198.51.100.${number}`,
        login: `${number}@localhost`,
      });
    expect(worker.count('waits') + other.count('waits')).to.equal(WAITING_LIMIT);
  });

  it('give their places back when the worker that asked has died, also while fifty wait', () => {
    worker.ask(rules.pair.refuse + 50, alice);
    other.ask(WAITING_LIMIT_OF_CLIENT - 50, alice);
    other.ask(1, alice);
    expect(other.count('refused')).to.equal(1);
    limiter.remove(worker);
    expect(other.count('waits')).to.equal(0); // What was under way counts as failed, and they hear so.
    const refused = other.count('refused');
    other.ask(rules.pair.refuse + WAITING_LIMIT_OF_CLIENT, bob);
    expect(other.count('refused')).to.equal(refused);
    expect(other.count('admitted')).to.equal(rules.pair.refuse);
    expect(other.count('waits')).to.equal(WAITING_LIMIT_OF_CLIENT);
  });

  it('come next when one settles, or when nobody waits for one any more', () => {
    worker.ask(rules.pair.refuse, alice);
    other.ask(3, alice);
    other.say('login-abandoned', 1);
    expect(other.count('admitted')).to.equal(0);
    worker.say('withdrawn', 1);
    worker.say('login-abandoned', 2);
    worker.say('login-abandoned', 2);
    expect(other.count('admitted')).to.equal(2);
    worker.ask(1, alice);
    expect(worker.count('waits')).to.equal(1);
  });

  it('are decided without a limiter that does not answer, which then keeps nothing of them', async () => {
    const unheard: ToLoginLimiter[] = [];
    const late = { send: (told: ToWorker) => throttle.receive(told as FromLoginLimiter) };
    const throttle = new SharedThrottle(limiter.add(late), (told) => void unheard.push(told));
    const admissions = await Promise.all(
      Array.from({ length: rules.pair.refuse }, () => throttle.attempt(alice, false)),
    );
    expect(new Set(admissions.map(({ kind }) => kind))).to.deep.equal(new Set(['admitted']));
    for (const told of unheard) limiter.receive(late, told);
    throttle.withdrawn(alice);
    worker.ask(rules.pair.refuse, alice);
    expect(worker.count('admitted')).to.equal(rules.pair.refuse);
  });
});
