/**
 * The workers: as many as the configuration says, started again when they die, replaced one by one on a roll.
 * A new worker is ready before the one it replaces stops accepting.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Configuration } from '../config/options.js';
import type { Log } from '../log/log.js';
import { isUnix, type ListenerAddress } from '../net/listener.js';
import type { TlsMaterial } from '../net/tls.js';
import { letConnect } from '../net/unix-socket.js';
import { AdmissionDesk, type Applicant } from './admission-desk.js';
import { Backoff } from './backoff.js';
import { begin, type End } from './fork.js';
import { LoginDesk } from './login-desk.js';
import { isOfLogins, type FromWorker, type ServiceGroup, type ToWorker } from './messages.js';
import type { Privileges } from './privileges.js';
import { groupOf, type ServiceName } from './services.js';
import { StartError, UNAVAILABLE_STATUS } from './start-error.js';

/** On top of the time that sessions get: for the goodbye, and the process's own end. */
const END_MARGIN_MS = 1_500;

/** How often clients that are gone are forgotten. */
const TIDY_MS = 60_000;

export interface WorkerPoolNeeds {
  readonly configuration: () => Configuration;
  readonly tls: () => TlsMaterial | undefined;
  readonly inherited: () => readonly ListenerAddress[];
  readonly privileges: Privileges;
  readonly log: Log;
}

interface Seat {
  readonly number: number;
  readonly backoff: Backoff;
  /** Undefined when none could be begun. */
  worker: Worker | undefined;
}

export class WorkerPool {
  readonly #configuration: () => Configuration;
  readonly #tls: () => TlsMaterial | undefined;
  readonly #inherited: () => readonly ListenerAddress[];
  readonly #privileges: Privileges;
  readonly #log: Log;
  readonly #seats = new Map<number, Seat>();
  readonly #desk: AdmissionDesk;
  readonly #logins = new LoginDesk();
  #listeners: readonly ListenerAddress[] = [];
  #ending = false;
  #rolling: Promise<void> = Promise.resolve();
  #lastNumber = 0;
  #restarts = 0;

  constructor({ configuration, tls, inherited, privileges, log }: WorkerPoolNeeds) {
    this.#configuration = configuration;
    this.#tls = tls;
    this.#inherited = inherited;
    this.#privileges = privileges;
    this.#log = log;
    this.#desk = new AdmissionDesk({ limits: configuration, groups: () => this.#groups });
    setInterval(() => this.#tidy(), TIDY_MS).unref();
  }

  /** Where the workers listen. */
  get listeners(): readonly ListenerAddress[] {
    return this.#listeners;
  }

  get #groups(): ReadonlySet<ServiceGroup> {
    return new Set(this.#listeners.map(({ protocol }) => groupOf(protocol as ServiceName)));
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves when every worker listens. @throws StartError */
  async start(): Promise<void> {
    await this.#fill(this.#configuration().workers);
  }

  /** Replaces every worker, one by one, and brings their number to what the configuration says. */
  roll(): Promise<void> {
    this.#rolling = this.#rolling.then(() => this.#replaceAll());
    return this.#rolling;
  }

  /** Lets sessions finish for so long, then ends what is left. */
  async stop(patienceMs: number): Promise<void> {
    this.#ending = true;
    await Promise.all(allWorkers().map((worker) => drain(worker, patienceMs, true)));
  }

  /** What new connections are served with from now on; sessions go on. */
  serveWith(tls: TlsMaterial | undefined): void {
    for (const worker of allWorkers()) if (worker.isConnected()) worker.send({ kind: 'tls', tls } satisfies ToWorker);
  }

  /** Ends every worker at once, without a goodbye; resolves when they have ended. Others take their seats. */
  async restart(): Promise<void> {
    const ended = allWorkers().map((worker) => endOf(worker));
    this.kill();
    await Promise.all(ended);
  }

  kill(): void {
    for (const worker of allWorkers()) worker.process.kill('SIGKILL');
  }

  #tidy(): void {
    this.#desk.tidy(Date.now());
    this.#logins.tidy(Date.now());
  }

  async #fill(count: number): Promise<void> {
    const missing = Array.from({ length: Math.max(0, count - this.#seats.size) }, () => ++this.#lastNumber);
    await Promise.all(missing.map((number) => this.#take({ number, backoff: new Backoff() })));
  }

  async #replaceAll(): Promise<void> {
    try {
      const numbers = [...this.#seats.keys()];
      const { workers, reloadTimeout } = this.#configuration();
      await this.#fill(workers);
      for (const [at, number] of numbers.entries()) await this.#replace(number, at < workers, reloadTimeout);
      this.#log.info('every worker is new');
    } catch (error) {
      this.#log.error(`The workers were not all replaced: ${(error as Error).message}`);
    }
  }

  async #replace(number: number, refill: boolean, patienceMs: number): Promise<void> {
    if (this.#ending) return;
    if (refill) await this.#take({ number: ++this.#lastNumber, backoff: new Backoff() });
    const seat = this.#seats.get(number);
    this.#seats.delete(number);
    if (seat?.worker !== undefined) void drain(seat.worker, patienceMs, false);
  }

  /** Forks a worker for a seat; resolves when it listens. @throws StartError */
  #take({ number, backoff }: Omit<Seat, 'worker'>): Promise<void> {
    let lower: () => void = () => undefined;
    const startedAtMs = Date.now();
    return new Promise((resolve, reject) => {
      const worker = begin(forkWorker(this.#privileges), processOf, (how) => {
        lower();
        this.#desk.dismiss(applicant);
        this.#logins.dismiss(applicant);
        reject(new StartError(`A worker ended (${how}) before it was ready`, UNAVAILABLE_STATUS));
        if (worker !== undefined) forgetUnbegun(worker);
        if (this.#seats.get(number) === seat) this.#died(seat, Date.now() - startedAtMs, how);
      });
      const seat: Seat = { number, backoff, worker };
      this.#seats.set(number, seat);
      const applicant = { tell: (message: ToWorker) => worker?.isConnected() && worker.send(message) };
      this.#desk.enrol(applicant);
      worker?.on('message', (message: FromWorker) => {
        if (message.kind === 'waiting') {
          lower = this.#privileges.raise(); // Until it listens: the cluster binds ports here, for the worker.
          this.#begin(applicant, number);
        } else if (message.kind === 'failed') {
          lower();
          reject(new StartError(message.sentence, UNAVAILABLE_STATUS));
        } else if (message.kind === 'listening') {
          this.#opened(message.listeners).finally(lower).then(resolve, reject);
        } else if (isOfLogins(message)) this.#logins.hear(applicant, message);
        else this.#desk.hear(applicant, message);
      });
    });
  }

  #begin(worker: Applicant, number: number): void {
    worker.tell({
      kind: 'start',
      configuration: this.#configuration(),
      number,
      tls: this.#tls(),
      logins: this.#logins.enrol(worker),
      inherited: this.#inherited(),
    });
    this.#desk.brief(worker);
  }

  /** The sockets were bound in this process, for the worker: so it is the one that may say who connects. */
  #opened(listeners: readonly ListenerAddress[]): Promise<void> {
    this.#listeners = listeners;
    return Promise.all(listeners.filter(isUnix).map((each) => letConnect(each, this.#privileges.identity))).then(
      () => undefined,
      (error: unknown) => Promise.reject(new StartError((error as Error).message, UNAVAILABLE_STATUS)),
    );
  }

  #died(seat: Seat, livedMs: number, how: End): void {
    if (this.#ending) return;
    this.#restarts += 1;
    const delayMs = seat.backoff.delayMs(livedMs);
    this.#log.error({ worker: seat.number, how, delayMs }, 'a worker ended; another is started');
    setTimeout(() => {
      if (!this.#ending && this.#seats.get(seat.number) === seat)
        this.#take(seat).catch((error: unknown) => this.#log.error((error as Error).message));
    }, delayMs);
  }
}

function forkWorker(privileges: Privileges): () => Worker {
  return () => {
    const worker = privileges.during(() => cluster.fork());
    worker.on('error', () => undefined); // The cluster repeats those of its process, which are seen to there.
    return worker;
  };
}

function processOf(worker: Worker): Worker['process'] {
  return worker.process;
}

/** The cluster keeps one that was never begun for as long as it lives, since its end is never told. */
function forgetUnbegun({ id, process }: Worker): void {
  if (process.pid === undefined) delete cluster.workers?.[id];
}

/** Those that are there, whatever they are doing: also some that have lost their seat. */
function allWorkers(): readonly Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}

function endOf(worker: Worker): Promise<void> {
  return worker.isDead() ? Promise.resolve() : new Promise((resolve) => worker.once('exit', () => resolve()));
}

/** Resolves when the worker has ended, by itself or, when its time is over, by force. */
async function drain(worker: Worker, patienceMs: number, hurry: boolean): Promise<void> {
  if (worker.isDead()) return;
  const ended = endOf(worker);
  worker.send({ kind: 'drain', patienceMs, hurry } satisfies ToWorker);
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), patienceMs + END_MARGIN_MS);
  await ended;
  clearTimeout(timer);
}
