/**
 * What is special to the workers: they listen, and are told who may come in and log in. Prepared, a worker has opened what nobody
 * listens on yet; after 'go' it shares what others listen on too, and accepts. So one that cannot listen on everything has accepted
 * nothing. How they are started again and replaced is that of every role (role-pool.ts).
 */
import { isUnix, type ListenerAddress } from '../../net/listener.js';
import type { TlsMaterial } from '../../net/tls.js';
import { letConnect } from '../../net/unix-socket.js';
import { ConnectionLimiter } from './connection-limiter.js';
import { requireFreeOrHeld } from './free-places.js';
import type { LoginLimiter } from './login-limiter.js';
import {
  isOfLogins,
  type ServiceGroup,
  type ToConnectionLimiter,
  type ToLoginLimiter,
  type ToWorker,
} from '../control/messages.js';
import type { WorkerReady, WorkerStart } from '../control/messages.js';
import { addressesOf, groupOf, type ServiceName } from '../control/services.js';
import { RolePool, type PoolOptions, type Setup } from './role-pool.js';
import { StartError, UNAVAILABLE_STATUS } from './start-error.js';
import type { SupervisedChild } from './supervised-child.js';

/** How often clients that are gone are forgotten. */
const TIDY_MS = 60_000;

interface WorkerLanguage {
  readonly start: WorkerStart;
  readonly to: ToWorker;
  readonly ready: WorkerReady;
  readonly said: ToConnectionLimiter | ToLoginLimiter;
}

type WorkerChild = SupervisedChild<WorkerLanguage>;

export class WorkerPool {
  readonly pool: RolePool<WorkerLanguage>;
  readonly #options: PoolOptions;
  readonly #limiter: ConnectionLimiter;
  readonly #loginLimiter: LoginLimiter;
  #listeners: readonly ListenerAddress[] = [];

  constructor(options: PoolOptions, loginLimiter: LoginLimiter) {
    this.#options = options;
    this.#loginLimiter = loginLimiter;
    this.#limiter = new ConnectionLimiter({ limits: options.configuration, groups: () => this.#groups });
    this.pool = new RolePool<WorkerLanguage>(options, {
      start: (worker, setup) => this.#startOf(worker, setup),
      forked: (worker) => this.#limiter.add(worker),
      heard: (worker, message) => this.#hear(worker, message),
      ready: (worker, { listeners }) => this.#listens(worker, listeners),
      served: ({ listeners }) => (this.#listeners = listeners),
      ended: (worker) => this.#ended(worker),
    });
    setInterval(() => this.#tidy(), TIDY_MS).unref();
  }

  /** Where the workers listen. */
  get listeners(): readonly ListenerAddress[] {
    return this.#listeners;
  }

  get #groups(): ReadonlySet<ServiceGroup> {
    return new Set(this.#listeners.map(({ protocol }) => groupOf(protocol as ServiceName)));
  }

  /** What nobody here listens on could be listened on. @throws StartError */
  requireFree({ configuration, inherited }: Omit<Setup, 'tls'>): Promise<void> {
    return requireFreeOrHeld(addressesOf(configuration, inherited), this.#held, this.#options.forks.privileges);
  }

  /** What new connections are served with from now on; sessions go on. */
  serveWith(tls: TlsMaterial | undefined): void {
    this.pool.send({ kind: 'tls', tls });
  }

  #tidy(): void {
    this.#limiter.tidy(Date.now());
    this.#loginLimiter.tidy(Date.now());
  }

  /** What a new worker shares with those that are there. */
  get #held(): readonly ListenerAddress[] {
    return this.pool.isAnyReady ? this.#listeners : [];
  }

  #startOf(child: WorkerChild, setup: Setup): WorkerStart {
    return { kind: 'start', ...setup, number: child.number, logins: this.#loginLimiter.add(child), held: this.#held };
  }

  #hear(child: WorkerChild, message: ToConnectionLimiter | ToLoginLimiter): void {
    if (isOfLogins(message)) this.#loginLimiter.receive(child, message);
    else this.#limiter.receive(child, message);
  }

  /** The sockets were bound in this process, for the worker: so it is the one that may say who connects. @throws StartError */
  async #listens(child: WorkerChild, listeners: readonly ListenerAddress[]): Promise<void> {
    this.#limiter.ready(child);
    try {
      await Promise.all(listeners.filter(isUnix).map((each) => letConnect(each, this.#options.forks.privileges.user)));
    } catch (error) {
      throw new StartError((error as Error).message, UNAVAILABLE_STATUS);
    }
  }

  #ended(child: WorkerChild): void {
    this.#limiter.remove(child);
    this.#loginLimiter.remove(child);
  }
}
