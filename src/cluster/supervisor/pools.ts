/**
 * Every process of the server but the store: the workers, and whatever else the table of roles has. They start one role after the
 * other, are replaced together on a reload, all or nothing, and end together.
 */
import type { ProcessStatus } from '../control/control-messages.js';
import type { Roles } from '../control/role.js';
import { PLAIN, RolePool, type Generation, type PoolOptions, type Setup } from './role-pool.js';
import type { ListenerAddress } from '../../net/listener.js';
import type { TlsMaterial } from '../../net/tls.js';
import { LoginLimiter } from './login-limiter.js';
import { WebPool } from './web-pool.js';
import { WorkerPool } from './worker-pool.js';

export interface PoolsOptions extends Omit<PoolOptions, 'role'> {
  readonly roles: Roles;
}

/** A pool of whatever role. */
type Pool = Pick<
  RolePool,
  'role' | 'restarts' | 'wanted' | 'processes' | 'start' | 'prepare' | 'stop' | 'restart' | 'kill'
>;

export class Pools {
  readonly workers: WorkerPool;
  readonly #web: WebPool;
  readonly #others: readonly RolePool[];
  readonly #setup: () => Setup;
  #ending = false;

  constructor({ roles, ...options }: PoolsOptions) {
    const others = Object.values(roles).filter((role) => ![roles.store, roles.worker, roles.web].includes(role));
    const logins = new LoginLimiter();
    this.#setup = options.setup;
    this.workers = new WorkerPool({ role: roles.worker, ...options }, logins);
    this.#web = new WebPool({ role: roles.web, ...options }, logins);
    this.#others = others.map((role) => new RolePool({ role, ...options }, PLAIN));
  }

  get #all(): readonly Pool[] {
    return [this.workers.pool, this.#web.pool, ...this.#others];
  }

  /** Where clients of every kind come in. */
  get listeners(): readonly ListenerAddress[] {
    return [...this.workers.listeners, ...this.#web.listeners];
  }

  /** By role, since the supervisor started. */
  get restarts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#all.map(({ role, restarts }) => [role.name, restarts]));
  }

  /** How many processes of each role there should be. */
  get wanted(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#all.map(({ role, wanted }) => [role.name, wanted]));
  }

  /** Whether there is work for a role that is there on demand. */
  demand(role: string, isWanted: boolean): void {
    for (const pool of this.#others) if (pool.role.name === role) pool.demand(isWanted);
  }

  async processes(): Promise<readonly ProcessStatus[]> {
    return (await Promise.all(this.#all.map((pool) => pool.processes()))).flat();
  }

  /** What nobody here listens on could be listened on. @throws StartError */
  async requireFree(setup: Omit<Setup, 'tls'>): Promise<void> {
    await this.workers.requireFree(setup);
    await this.#web.requireFree(setup);
  }

  /** What new connections are served with from now on; sessions go on. */
  serveWith(tls: TlsMaterial | undefined): void {
    this.workers.serveWith(tls);
    this.#web.serveWith(tls);
  }

  /** Resolves when every process is ready. @throws StartError */
  async start(): Promise<void> {
    await this.requireFree(this.#setup());
    for (const pool of this.#all) await pool.start();
  }

  /**
   * Replaces every process that a reload replaces, and brings their number to what the configuration says. `adopt` is called when
   * the new ones are ready. @throws StartError, and then everything is as it was
   */
  async roll(setup: Setup, adopt: () => void): Promise<void> {
    const young = await this.#prepare(setup);
    if (this.#ending) return;
    try {
      await Promise.all(young.map((generation) => generation.begin()));
    } catch (error) {
      await abandon(young);
      throw error;
    }
    adopt();
    for (const generation of young) generation.takeOver();
  }

  async stop(patienceMs: number): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#all.map((pool) => pool.stop(patienceMs)));
  }

  /** Ends those that have the database open; resolves when they have ended. Others take their place. */
  async releaseDatabase(): Promise<void> {
    await Promise.all(this.#all.filter(({ role }) => role.opensDatabase).map((pool) => pool.restart()));
  }

  kill(): void {
    for (const pool of this.#all) pool.kill();
  }

  /** @throws StartError */
  async #prepare(setup: Setup): Promise<readonly Generation[]> {
    const rolled = this.#all.filter(({ role }) => role.rolled);
    const results = await Promise.allSettled(rolled.map((pool) => pool.prepare(setup)));
    const young = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = results.find((each) => each.status === 'rejected');
    if (failed === undefined) return young;
    await abandon(young);
    throw failed.reason as Error;
  }
}

async function abandon(young: readonly Generation[]): Promise<void> {
  await Promise.all(young.map((generation) => generation.abandon()));
}
