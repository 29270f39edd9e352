/**
 * What is special to the web process: it listens for HTTP and logs people in. It opens its listeners after 'go', when it was seen that
 * they are free, or shares those of the one before it. What nobody asked for may be taken: it listens there when that is free again.
 */
import type { ListenerAddress } from '../../net/listener.js';
import type { TlsMaterial } from '../../net/tls.js';
import type { Ready, ToLoginLimiter, ToWeb, WebListeners, WebStart } from '../control/messages.js';
import { isOptional, webAddressesOf } from '../control/services.js';
import { requireFreeOrHeld } from './free-places.js';
import type { LoginLimiter } from './login-limiter.js';
import { RolePool, type PoolOptions, type Setup } from './role-pool.js';
import type { SupervisedChild } from './supervised-child.js';

interface WebLanguage {
  readonly start: WebStart;
  readonly to: ToWeb;
  readonly ready: Ready;
  readonly said: WebListeners | ToLoginLimiter;
}

type WebChild = SupervisedChild<WebLanguage>;

export class WebPool {
  readonly pool: RolePool<WebLanguage>;
  readonly #options: PoolOptions;
  readonly #loginLimiter: LoginLimiter;
  /** By process: during a reload there are two. */
  readonly #listeners = new Map<WebChild, readonly ListenerAddress[]>();

  constructor(options: PoolOptions, loginLimiter: LoginLimiter) {
    this.#options = options;
    this.#loginLimiter = loginLimiter;
    this.pool = new RolePool<WebLanguage>(options, {
      start: (web, setup) => this.#startOf(web, setup),
      forked: () => undefined,
      heard: (web, message) => this.#hear(web, message),
      ready: () => Promise.resolve(),
      served: () => undefined,
      ended: (web) => this.#ended(web),
    });
  }

  /** Where the youngest that listens does. */
  get listeners(): readonly ListenerAddress[] {
    return [...this.#listeners.values()].at(-1) ?? [];
  }

  /** What nobody here listens on could be listened on, or need not. @throws StartError */
  requireFree({ configuration }: Pick<Setup, 'configuration'>): Promise<void> {
    const wanted = webAddressesOf(configuration).filter((address) => !isOptional(configuration, address));
    return requireFreeOrHeld(wanted, this.listeners, this.#options.forks.privileges);
  }

  /** What new connections are served with from now on. */
  serveWith(tls: TlsMaterial | undefined): void {
    this.pool.send({ kind: 'tls', tls });
  }

  #startOf(web: WebChild, { configuration, tls }: Setup): WebStart {
    return { kind: 'start', configuration, tls, number: web.number, logins: this.#loginLimiter.add(web) };
  }

  #hear(web: WebChild, message: WebListeners | ToLoginLimiter): void {
    if (message.kind === 'web-listeners') this.#listeners.set(web, message.listeners);
    else this.#loginLimiter.receive(web, message);
  }

  #ended(web: WebChild): void {
    this.#listeners.delete(web);
    this.#loginLimiter.remove(web);
  }
}
