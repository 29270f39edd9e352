/**
 * One worker, as the supervisor sees it. Begun, it opens what nobody listens on yet, and is prepared; let go, it shares what
 * others listen on too, and accepts. So a worker that cannot listen on everything has accepted nothing.
 * Its end rejects what it had not come to; nothing here starts another.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Log } from '../../log/log.js';
import type { ListenerAddress } from '../../net/listener.js';
import type { Applicant } from './admission-desk.js';
import { begin, type End } from './fork.js';
import type { FromWorker, ToDesk, ToLoginDesk, ToWorker, WorkerStart } from '../control/messages.js';
import { holdPipe } from '../control/orphan-watch.js';
import type { Privileges } from './privileges.js';
import { StartError, UNAVAILABLE_STATUS } from './start-error.js';
import { watchdog } from '../control/watchdog.js';

/** On top of the time that sessions get: for the goodbye, and the process's own end. */
const END_MARGIN_MS = 1_500;

/** A worker that does not listen by then, for whatever reason, is ended. */
const LISTEN_LIMIT_MS = 60_000;
/**
 * glibc learns from the 16 MiB of a password hash that such blocks are common, and keeps one for each thread of libuv's pool, for
 * good. With a threshold that was set it learns nothing: what is above it goes back to the system at once. Others know no such name.
 */
const ENVIRONMENT = { MALLOC_MMAP_THRESHOLD_: String(1024 * 1024) };

export interface WorkerChildNeeds {
  readonly number: number;
  readonly privileges: Privileges;
  readonly log: Log;
  readonly watchdogTimeout: number;
  /** Asked for when the worker can be told. */
  readonly start: (worker: WorkerChild) => WorkerStart;
  readonly heard: (worker: WorkerChild, message: ToDesk | ToLoginDesk) => void;
  readonly ended: (worker: WorkerChild, how: End) => void;
}

export class WorkerChild implements Applicant {
  /** It could listen on everything. @throws StartError */
  readonly prepared: Promise<void>;
  /** Where it listens. @throws StartError */
  readonly listening: Promise<readonly ListenerAddress[]>;
  readonly ended: Promise<void>;
  readonly startedAtMs = Date.now();
  readonly #needs: WorkerChildNeeds;
  readonly #worker: Worker | undefined;
  readonly #limit: NodeJS.Timeout;
  #isStarted = false;
  #isListening = false;
  #isPrepared: () => void = () => undefined;
  #listens: (listeners: readonly ListenerAddress[]) => void = () => undefined;
  #fail: (error: StartError) => void = () => undefined;
  #lower: () => void = () => undefined;

  constructor(needs: WorkerChildNeeds) {
    this.#needs = needs;
    const failed = new Promise<never>((_, reject) => (this.#fail = reject));
    this.prepared = Promise.race([new Promise<void>((resolve) => (this.#isPrepared = resolve)), failed]);
    this.listening = Promise.race([
      new Promise<readonly ListenerAddress[]>((resolve) => (this.#listens = resolve)),
      failed,
    ]);
    for (const each of [failed, this.prepared, this.listening]) each.catch(() => undefined); // Whoever waits is told.
    let over: () => void = () => undefined;
    this.ended = new Promise((resolve) => (over = resolve));
    this.#limit = setTimeout(() => this.kill(), LISTEN_LIMIT_MS);
    this.#worker = begin(
      () => fork(needs.privileges),
      ({ process }) => process,
      (how) => {
        this.#end(how);
        over();
      },
    );
    this.#worker?.on('message', (message: FromWorker) => this.#hear(message));
    this.#watch();
  }

  get number(): number {
    return this.#needs.number;
  }

  get isListening(): boolean {
    return this.#isListening;
  }

  tell(message: ToWorker): void {
    if (this.#worker?.isConnected()) this.#worker.send(message);
  }

  /** After `prepared`. */
  letGo(): void {
    this.tell({ kind: 'go' });
  }

  /** Resolves when it has ended, by itself or, when its time is over, by force. */
  async drain(patienceMs: number, hurry: boolean): Promise<void> {
    if (!this.#isStarted) this.kill(); // It would not hear it.
    this.tell({ kind: 'drain', patienceMs, hurry });
    const timer = setTimeout(() => this.kill(), patienceMs + END_MARGIN_MS);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#worker?.process.kill('SIGKILL');
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'waiting':
        this.#isStarted = true;
        this.#lower = this.#needs.privileges.raise(); // Until it listens: the cluster binds ports here, for the worker.
        return this.tell(this.#needs.start(this));
      case 'prepared':
        return this.#isPrepared();
      case 'listening':
        this.#isListening = true;
        clearTimeout(this.#limit);
        this.#lower();
        return this.#listens(message.listeners);
      case 'failed':
        this.#lower();
        return this.#fail(new StartError(message.sentence, UNAVAILABLE_STATUS));
      case 'alive':
        return;
      default:
        return this.#needs.heard(this, message);
    }
  }

  #end(how: End): void {
    this.#isListening = false;
    clearTimeout(this.#limit);
    this.#lower();
    this.#fail(new StartError(`A worker ended (${how}) before it was ready`, UNAVAILABLE_STATUS));
    if (this.#worker !== undefined) forgetUnbegun(this.#worker);
    this.#needs.ended(this, how);
  }

  #watch(): void {
    const { number, log, watchdogTimeout: limitMs } = this.#needs;
    if (this.#worker === undefined) return;
    watchdog(this.#worker.process, limitMs, () =>
      log.error({ worker: number, limitMs }, 'a worker answers nothing; it is ended'),
    );
  }
}

function fork(privileges: Privileges): Worker {
  const worker = privileges.during(() => cluster.fork(ENVIRONMENT));
  holdPipe(worker.process);
  worker.on('error', () => undefined); // The cluster repeats those of its process, which are seen to there.
  return worker;
}

/** The cluster keeps one that was never begun for as long as it lives, since its end is never told. */
function forgetUnbegun({ id, process }: Worker): void {
  if (process.pid === undefined) delete cluster.workers?.[id];
}
