/**
 * A thread of the store that takes one task after another, on an event loop and a heap of its own. It is started with its
 * first task, and with the first after it ended; what it was at when it ended is its owner's to know.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { awaitLoading, LOAD_LIMIT_MS, notBegun, type LoadingState } from './loading.js';
import type { ThreadStart } from './thread-start.js';

export interface ThreadOwner<Told> {
  told(message: Told): void;
  /** However it came: by itself, by `end`, or because it could not be started (ThreadNotStarted). */
  ended(error: Error | undefined): void;
}

/** The system gives no more threads, or no memory for one. */
export class ThreadNotStarted extends Error {}

export interface ThreadOptions {
  /** Begins with `threadData` (thread-start.ts). */
  readonly module: URL;
  readonly data: unknown;
  /** Of heap; a thread that needs more ends. */
  readonly memoryMib: number;
  /** Of the space for what is new, which otherwise grows to tens of MiB. */
  readonly youngMib?: number;
}

export class Thread<Task, Told> {
  readonly #options: ThreadOptions;
  readonly #owner: ThreadOwner<Told>;
  #worker: Worker | undefined;
  /** It has said something, or has ended. */
  #loaded: Promise<unknown> = Promise.resolve();

  constructor(options: ThreadOptions, owner: ThreadOwner<Told>) {
    this.#options = options;
    this.#owner = owner;
  }

  hand(task: Task): void {
    try {
      this.#worker ??= this.#start();
      this.#worker.postMessage(task);
    } catch (error) {
      const notStarted = new ThreadNotStarted('no thread could be started', { cause: error });
      setImmediate(() => this.#owner.ended(notStarted));
    }
  }

  /** Whatever it is at, but for its beginning: a thread that is ended while it loads the SQLite driver takes the process with it. */
  async end(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    await Promise.race([this.#loaded, pause(LOAD_LIMIT_MS, undefined, { ref: false })]);
    await worker.terminate();
  }

  #start(): Worker {
    const { module, data, memoryMib, youngMib } = this.#options;
    const loading = notBegun();
    const start: ThreadStart = { data, loading };
    const worker = new Worker(module, {
      workerData: start,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryMib,
        ...(youngMib !== undefined && { maxYoungGenerationSizeMb: youngMib }),
      },
    });
    let failed: Error | undefined;
    worker.unref();
    this.#loaded = this.#awaitLoaded(worker, loading);
    worker.on('message', (message: Told) => this.#owner.told(message));
    worker.on('error', (error: Error) => (failed = error));
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#owner.ended(failed);
    });
    return worker;
  }

  /** Should the process end before, it waits. */
  async #awaitLoaded(worker: Worker, loading: LoadingState): Promise<void> {
    const ending = (): void => awaitLoading(loading);
    process.once('exit', ending);
    await new Promise((resolve) => worker.once('message', resolve).once('exit', resolve));
    process.off('exit', ending);
  }
}
