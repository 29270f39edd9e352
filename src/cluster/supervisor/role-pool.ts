/**
 * The processes of one role: as many as its row says, started again when they die, replaced all together on a roll. Those of a
 * roll begin nothing, and the old ones go on, until every new one has done all that can fail; if one cannot, the new ones end and
 * nothing has changed. What a role has besides, such as listeners, is its specialty (worker-pool.ts).
 */
import type { Configuration } from '../../config/configuration.js';
import type { Log } from '../../log/log.js';
import type { ListenerAddress } from '../../net/listener.js';
import type { TlsMaterial } from '../../net/tls.js';
import type { ProcessStatus } from '../control/control-messages.js';
import type { Start } from '../control/messages.js';
import type { Role } from '../control/role.js';
import { Backoff } from './backoff.js';
import type { End, Forks } from './fork.js';
import { StartError, UNAVAILABLE_STATUS } from './start-error.js';
import { SupervisedChild, type Language } from './supervised-child.js';

/** What processes are told to be. */
export interface Setup {
  readonly configuration: Configuration;
  readonly tls: TlsMaterial | undefined;
  readonly inherited: readonly ListenerAddress[];
}

export interface PoolOptions {
  readonly role: Role;
  readonly forks: Forks;
  readonly log: Log;
  readonly configuration: () => Configuration;
  /** Of one that takes the place of one that died. */
  readonly setup: () => Setup;
}

/** What a role has besides what all roles have. */
export interface Specialty<L extends Language> {
  readonly start: (child: SupervisedChild<L>, setup: Setup) => L['start'];
  readonly forked: (child: SupervisedChild<L>) => void;
  readonly heard: (child: SupervisedChild<L>, message: L['said']) => void;
  /** @throws StartError */
  readonly ready: (child: SupervisedChild<L>, ready: L['ready']) => Promise<void>;
  /** Processes that became ready are in service. */
  readonly served: (ready: L['ready']) => void;
  readonly ended: (child: SupervisedChild<L>) => void;
}

/** Those of a role that are to take the place of the old ones. */
export interface Generation {
  /** Lets them go. @throws StartError when not one of them lives to be ready */
  begin(): Promise<void>;
  /** The old ones drain. */
  takeOver(): void;
  /** Ends them; resolves when they have ended. */
  abandon(): Promise<void>;
}

/** What a process may die in, and another takes. */
interface Slot<L extends Language> {
  readonly backoff: Backoff;
  child: SupervisedChild<L>;
}

interface PlainLanguage extends Language {
  readonly start: Start;
}

/** Of a role that is told nothing but the configuration, and says nothing that concerns others. */
export const PLAIN: Specialty<PlainLanguage> = {
  start: ({ number }, { configuration }) => ({ kind: 'start', configuration, number }),
  forked: () => undefined,
  heard: () => undefined,
  ready: () => Promise.resolve(),
  served: () => undefined,
  ended: () => undefined,
};

export class RolePool<L extends Language = PlainLanguage> {
  readonly role: Role;
  readonly #options: PoolOptions;
  readonly #specialty: Specialty<L>;
  /** All that live, also those that are not in service yet, or no more. */
  readonly #children = new Set<SupervisedChild<L>>();
  readonly #slots = new Map<number, Slot<L>>();
  #ending = false;
  #isServing = false;
  #isWanted: boolean;
  #lastNumber = 0;
  #restarts = 0;

  constructor(options: PoolOptions, specialty: Specialty<L>) {
    this.role = options.role;
    this.#isWanted = options.role.onDemand !== true;
    this.#options = options;
    this.#specialty = specialty;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** How many there should be. */
  get wanted(): number {
    return this.#slots.size;
  }

  /** All that live, also those that drain. */
  async processes(): Promise<readonly ProcessStatus[]> {
    const all = await Promise.all([...this.#children].map((child) => child.status(this.#restartsOf(child))));
    return all.filter((each) => each !== undefined);
  }

  get isAnyReady(): boolean {
    return [...this.#children].some(({ isReady }) => isReady);
  }

  /** Resolves when every process is ready. @throws StartError */
  async start(): Promise<void> {
    const children = await this.#prepare(this.#options.setup());
    const ready = await Promise.all(children.map((child) => this.#begin(child)));
    for (const each of ready) this.#specialty.served(each);
    for (const child of children) this.#sit(child);
    this.#isServing = true;
    this.#follow();
  }

  /** Of a role that is there on demand. */
  demand(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (this.#isServing) this.#follow();
  }

  /** As many as are wanted from now on. @throws StartError, and then everything is as it was */
  async prepare(setup: Setup): Promise<Generation> {
    const young = await this.#prepare(setup);
    let found: L['ready'] | undefined;
    return {
      begin: async () => {
        const results = await Promise.allSettled(young.map((child) => this.#begin(child)));
        found = results.find((each) => each.status === 'fulfilled')?.value;
        if (found === undefined && young.length > 0)
          throw new StartError(`No new ${this.role.name} lived to be ready`, UNAVAILABLE_STATUS);
      },
      takeOver: () => {
        const old = [...this.#slots.values()];
        this.#slots.clear();
        if (found !== undefined) this.#specialty.served(found);
        for (const child of young) this.#sit(child);
        const patienceMs = this.role.reloadPatienceMs ?? setup.configuration.reloadTimeout;
        for (const { child } of old) void child.end(patienceMs, false);
        this.#follow();
      },
      abandon: () => killed(young),
    };
  }

  /** Lets them finish for so long, then ends what is left. */
  async stop(patienceMs: number): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#children].map((child) => child.end(patienceMs, true)));
  }

  /** Ends every process at once, without a goodbye; resolves when they have ended. Others take their places. */
  restart(): Promise<void> {
    return killed([...this.#children]);
  }

  send(message: L['to']): void {
    for (const child of this.#children) child.send(message);
  }

  kill(): void {
    for (const child of this.#children) child.kill();
  }

  /** As many as are wanted, of which each has done all that can fail, or none at all. @throws StartError */
  async #prepare(setup: Setup): Promise<readonly SupervisedChild<L>[]> {
    if (this.#ending) return [];
    const count = this.#isWanted ? this.role.count(setup.configuration) : 0;
    const children = Array.from({ length: count }, () => this.#fork(++this.#lastNumber, setup));
    try {
      await Promise.all(children.map((child) => child.prepared));
      return children;
    } catch (error) {
      await killed(children);
      throw error;
    }
  }

  /** What is wanted may have changed since it was prepared. */
  #follow(): void {
    if (this.role.onDemand !== true || this.#ending || this.#isWanted === this.#slots.size > 0) return;
    const { configuration } = this.#options.setup();
    const old = [...this.#slots.values()];
    this.#slots.clear();
    for (const { child } of old) void child.end(configuration.reloadTimeout, false);
    const count = this.#isWanted ? this.role.count(configuration) : 0;
    for (let made = 0; made < count; made++) {
      const child = this.#fork(++this.#lastNumber, this.#options.setup());
      this.#sit(child);
      void this.#serve(child);
    }
  }

  #fork(number: number, setup: Setup): SupervisedChild<L> {
    const { role, forks, log } = this.#options;
    const child = new SupervisedChild<L>({
      ...{ role, number, forks, log, configuration: setup.configuration },
      start: (begun) => this.#specialty.start(begun, setup),
      heard: this.#specialty.heard,
      ended: (over, how) => this.#ended(over, how),
    });
    this.#children.add(child);
    this.#specialty.forked(child);
    return child;
  }

  /** @throws StartError */
  async #begin(child: SupervisedChild<L>): Promise<L['ready']> {
    child.release();
    const ready = await child.ready;
    await this.#specialty.ready(child, ready);
    return ready;
  }

  #restartsOf(child: SupervisedChild<L>): number {
    const slot = this.#slots.get(child.number);
    return slot?.child === child ? slot.backoff.total : 0;
  }

  #sit(child: SupervisedChild<L>): void {
    this.#slots.set(child.number, { backoff: new Backoff(), child });
    if (!this.#children.has(child)) this.#startAgain(child, 'too soon'); // It has ended meanwhile.
  }

  #ended(child: SupervisedChild<L>, how: End): void {
    this.#children.delete(child);
    this.#specialty.ended(child);
    this.#startAgain(child, how);
  }

  #startAgain(child: SupervisedChild<L>, how: End): void {
    const slot = this.#slots.get(child.number);
    if (this.#ending || slot?.child !== child) return;
    this.#restarts += 1;
    const delayMs = slot.backoff.delayMs(Date.now() - child.startedAtMs);
    const { log, role } = this.#options;
    log.error({ [role.name]: child.number, how, delayMs }, `${role.title} ended; another is started`);
    setTimeout(() => void this.#fill(slot, child.number), delayMs);
  }

  /** The one before has died. */
  async #fill(slot: Slot<L>, number: number): Promise<void> {
    if (this.#ending || this.#slots.get(number) !== slot) return;
    slot.child = this.#fork(number, this.#options.setup());
    await this.#serve(slot.child);
  }

  async #serve(child: SupervisedChild<L>): Promise<void> {
    try {
      await child.prepared;
      await this.#begin(child);
    } catch (error) {
      this.#options.log.error((error as Error).message);
    }
  }
}

async function killed<L extends Language>(children: readonly SupervisedChild<L>[]): Promise<void> {
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => child.ended));
}
