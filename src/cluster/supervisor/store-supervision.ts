/**
 * Sees to it that the database has a store: ours, or that of another server on the same file.
 * Ours is started again when it dies; when another's goes away, ours takes its place.
 */
import type { Configuration } from '../../config/configuration.js';
import type { Log } from '../../log/log.js';
import { UNMOVED_STATUS, type FirstAccount, type FromChild, type FromStore } from '../control/messages.js';
import type { Ready, StoreStart, ToStore } from '../control/messages.js';
import type { ProcessStatus } from '../control/control-messages.js';
import type { Role } from '../control/role.js';
import { Backoff } from './backoff.js';
import type { End, Forks } from './fork.js';
import { SupervisedChild } from './supervised-child.js';

export interface StoreSupervisionOptions {
  readonly role: Role;
  readonly forks: Forks;
  readonly configuration: () => Configuration;
  readonly log: Log;
  /** A first account was made: at the start, or later, when another server's store went away. */
  readonly announce: (firstAccount: FirstAccount) => void;
  /** Whether there is work for a role that is there on demand. */
  readonly demand: (role: string, isWanted: boolean) => void;
  /** Ends every process of this server that has the database open; resolves when they have ended. */
  readonly releaseDatabase: () => Promise<void>;
}

interface StoreLanguage {
  readonly start: StoreStart;
  readonly to: ToStore;
  readonly ready: Ready;
  readonly said: Exclude<FromStore, FromChild>;
}

type StoreChild = SupervisedChild<StoreLanguage>;

/** Between two attempts to take the place of a store that does not answer: whoever holds the lock may be about to. */
const TAKE_OVER_MS = 200;

export class StoreSupervision {
  readonly #options: StoreSupervisionOptions;
  readonly #log: Log;
  readonly #backoff = new Backoff();
  #child: StoreChild | undefined;
  #ending = false;
  #begun = false;
  #told = false;
  #lettingGo = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: StoreSupervisionOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Resolves when there is a store, whoever it is. @throws StartError */
  async start(): Promise<void> {
    const { role, forks, configuration } = this.#options;
    let held: () => void = () => undefined;
    const isHeld = new Promise<void>((resolve) => (held = resolve));
    const child: StoreChild = new SupervisedChild<StoreLanguage>({
      ...{ role, forks, log: this.#log, configuration: configuration() },
      start: () => ({ kind: 'start', configuration: configuration(), again: this.#begun }),
      heard: (_, message) => {
        if (message.kind === 'first-account') return this.#options.announce(message.firstAccount);
        if (message.kind === 'demand') return this.#options.demand(message.role, message.isWanted);
        this.#joined();
        held();
      },
      ended: (_, how) => this.#died(child, how),
    });
    this.#child = child;
    await Promise.race([child.ready, isHeld]);
    this.#begun = true;
  }

  get restarts(): number {
    return this.#backoff.total;
  }

  /** None when another server's process is the store. */
  async processes(): Promise<readonly ProcessStatus[]> {
    const status = await this.#child?.status(this.restarts);
    return status === undefined ? [] : [status];
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
    await this.#child?.end(0, true);
  }

  #joined(): void {
    this.#child = undefined;
    if (!this.#told) this.#log.info('another process is the store of this database');
    this.#told = true;
  }

  #died(child: StoreChild, how: End): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (this.#ending) return;
    const delayMs = this.#backoff.delayMs(Date.now() - child.startedAtMs);
    this.#log.error({ how, delayMs }, 'the store ended; it is started again');
    if (how === UNMOVED_STATUS) void this.#startAlone(delayMs);
    else this.#startAgain(delayMs);
  }

  /** Not before every process of this server has closed the database. */
  async #startAlone(delayMs: number): Promise<void> {
    this.#lettingGo = true;
    await this.#options.releaseDatabase();
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
