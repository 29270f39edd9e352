/**
 * Sees to it that the database has a store: ours, or that of another server on the same file.
 * Ours is started again when it dies; when another's goes away, ours takes its place.
 */
import { fork, type ChildProcess } from 'node:child_process';
import type { Configuration } from '../../config/options.js';
import type { Log } from '../../log/log.js';
import { Backoff } from './backoff.js';
import { begin, CHILD_STDIO, type End } from './fork.js';
import { UNMOVED_STATUS, type FirstAccount, type FromStore, type ToStore } from '../control/messages.js';
import { holdPipe } from '../control/orphan-watch.js';
import type { Privileges } from './privileges.js';
import { MISCONFIGURED_STATUS, StartError, UNAVAILABLE_STATUS } from './start-error.js';
import { watchdog } from '../control/watchdog.js';

/** Its last commit may take this long; then it is ended, which loses nothing that was acknowledged. */
const STOP_TIMEOUT_MS = 3_000;

export interface StoreKeeperNeeds {
  /** The file that a child runs. */
  readonly process: string;
  readonly privileges: Privileges;
  readonly configuration: () => Configuration;
  readonly log: Log;
  /** Passes on what the process says. */
  readonly relay: (child: ChildProcess) => void;
  /** A first account was made: at the start, or later, when another server's store went away. */
  readonly announce: (firstAccount: FirstAccount) => void;
  /** Ends every process of this server that has the database open; resolves when they have ended. */
  readonly letGo: () => Promise<void>;
}

/** Between two attempts to take the place of a store that does not answer: whoever holds the lock may be about to. */
const TAKE_OVER_MS = 200;

/** The store may stand still for longer than a worker: in a sync of a slow disk. */
const STORE_PATIENCE = 2;

export class StoreKeeper {
  readonly #process: string;
  readonly #privileges: Privileges;
  readonly #configuration: () => Configuration;
  readonly #log: Log;
  readonly #relay: StoreKeeperNeeds['relay'];
  readonly #announce: (firstAccount: FirstAccount) => void;
  readonly #letGo: () => Promise<void>;
  readonly #backoff = new Backoff();
  #child: ChildProcess | undefined;
  #ending = false;
  #begun = false;
  #told = false;
  #lettingGo = false;
  #retry: NodeJS.Timeout | undefined;

  constructor({ process, privileges, configuration, log, relay, announce, letGo }: StoreKeeperNeeds) {
    this.#process = process;
    this.#privileges = privileges;
    this.#configuration = configuration;
    this.#log = log;
    this.#relay = relay;
    this.#announce = announce;
    this.#letGo = letGo;
  }

  /** Resolves when there is a store, whoever it is. @throws StartError */
  start(): Promise<void> {
    const startedAtMs = Date.now();
    return new Promise((resolve, reject) => {
      const child = begin(
        () => this.#fork(),
        itself,
        (how) => {
          reject(new StartError(`The store process ended (${how}) before it was ready`, UNAVAILABLE_STATUS));
          this.#died(child, Date.now() - startedAtMs, how);
        },
      );
      this.#child = child;
      child?.on('message', (message: FromStore) => {
        if (message.kind === 'waiting') this.#tellBegin(child);
        else if (message.kind === 'failed') reject(new StartError(message.sentence, MISCONFIGURED_STATUS));
        else if (message.kind === 'held' || message.kind === 'ready') {
          if (message.kind === 'held') this.#joined();
          else this.#isReady(child, message.firstAccount);
          this.#begun = true;
          resolve();
        }
      });
    });
  }

  get restarts(): number {
    return this.#backoff.total;
  }

  /** No store answers. If it was ours, its end is noticed by itself. */
  away(): void {
    if (this.#lettingGo || this.#child !== undefined || this.#retry !== undefined) return;
    this.#startAgain(TAKE_OVER_MS);
  }

  /** Its end is no accident from now on. */
  expectEnd(): void {
    this.#ending = true;
    clearTimeout(this.#retry);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (child.connected) child.send({ kind: 'stop' } satisfies ToStore);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  #fork(): ChildProcess {
    const argv = ['store', ...this.#privileges.childArguments];
    const child = this.#privileges.during(() => fork(this.#process, argv, { stdio: [...CHILD_STDIO] }));
    this.#relay(child);
    holdPipe(child);
    return child;
  }

  /** Not watched before: how long it takes to open a database depends on the database. */
  #isReady(child: ChildProcess, firstAccount: FirstAccount | undefined): void {
    if (firstAccount !== undefined) this.#announce(firstAccount);
    const limitMs = STORE_PATIENCE * this.#configuration().watchdogTimeout;
    watchdog(child, limitMs, () => this.#log.error({ limitMs }, 'the store answers nothing; it is ended'));
  }

  #tellBegin(child: ChildProcess): void {
    child.send({ kind: 'start', configuration: this.#configuration(), again: this.#begun } satisfies ToStore);
  }

  #joined(): void {
    this.#child = undefined;
    if (!this.#told) this.#log.info('another process is the store of this database');
    this.#told = true;
  }

  #died(child: ChildProcess | undefined, livedMs: number, how: End): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (this.#ending) return;
    const delayMs = this.#backoff.delayMs(livedMs);
    this.#log.error({ how, delayMs }, 'the store ended; it is started again');
    if (how === UNMOVED_STATUS) void this.#startAlone(delayMs);
    else this.#startAgain(delayMs);
  }

  /** Not before every process of this server has let go of the database. */
  async #startAlone(delayMs: number): Promise<void> {
    this.#lettingGo = true;
    await this.#letGo();
    this.#lettingGo = false;
    this.#startAgain(delayMs);
  }

  #startAgain(delayMs: number): void {
    if (this.#ending) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.start().catch((error: unknown) =>
        this.#log.error({ why: (error as Error).message }, 'the store did not start'),
      );
    }, delayMs);
  }
}

function itself(child: ChildProcess): ChildProcess {
  return child;
}
