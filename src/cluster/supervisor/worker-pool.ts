/**
 * The workers: as many as the configuration says, started again when they die, replaced all together on a roll.
 * Those of a roll accept nothing, and the old ones go on, until every new one could listen on everything; if one cannot, the
 * new ones end and nothing has changed.
 */
import type { Configuration } from '../../config/options.js';
import type { Log } from '../../log/log.js';
import { isUnix, ListenError, overlapping, samePlace, type ListenerAddress } from '../../net/listener.js';
import { requireFree } from '../../net/port-probe.js';
import type { TlsMaterial } from '../../net/tls.js';
import { letConnect } from '../../net/unix-socket.js';
import { AdmissionDesk } from './admission-desk.js';
import { Backoff } from './backoff.js';
import type { End, Forks } from './fork.js';
import { LoginDesk } from './login-desk.js';
import { isOfLogins, type ServiceGroup, type ToDesk, type ToLoginDesk, type ToWorker } from '../control/messages.js';
import type { WorkerReady, WorkerStart } from '../control/messages.js';
import { placeOf } from '../control/place.js';
import type { Role } from '../control/role.js';
import { addressesOf, groupOf, type ServiceName } from '../control/services.js';
import { StartError, UNAVAILABLE_STATUS } from './start-error.js';
import { SupervisedChild } from './supervised-child.js';

/** How often clients that are gone are forgotten. */
const TIDY_MS = 60_000;

/** What workers are told to be. */
export interface Setup {
  readonly configuration: Configuration;
  readonly tls: TlsMaterial | undefined;
  readonly inherited: readonly ListenerAddress[];
}

export interface WorkerPoolNeeds {
  readonly configuration: () => Configuration;
  readonly tls: () => TlsMaterial | undefined;
  readonly inherited: () => readonly ListenerAddress[];
  readonly role: Role;
  readonly forks: Forks;
  readonly log: Log;
}

interface WorkerLanguage {
  readonly start: WorkerStart;
  readonly to: ToWorker;
  readonly ready: WorkerReady;
  readonly said: ToDesk | ToLoginDesk;
}

type WorkerChild = SupervisedChild<WorkerLanguage>;

/** What a worker may die in, and another takes. */
interface Seat {
  readonly backoff: Backoff;
  child: WorkerChild;
}

export class WorkerPool {
  readonly #needs: WorkerPoolNeeds;
  /** All that live, also those that are not seated yet, or no more. */
  readonly #children = new Set<WorkerChild>();
  readonly #seats = new Map<number, Seat>();
  readonly #desk: AdmissionDesk;
  readonly #logins = new LoginDesk();
  #listeners: readonly ListenerAddress[] = [];
  #ending = false;
  #lastNumber = 0;
  #restarts = 0;

  constructor(needs: WorkerPoolNeeds) {
    this.#needs = needs;
    this.#desk = new AdmissionDesk({ limits: needs.configuration, groups: () => this.#groups });
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
    const setup = this.#setup;
    await this.requireFree(setup);
    const children = await this.#prepare(setup);
    const listeners = await Promise.all(children.map((child) => this.#begin(child)));
    for (const [at, child] of children.entries()) this.#sit(child, listeners[at] ?? []);
  }

  /** What nobody here listens on could be listened on. @throws StartError */
  async requireFree({ configuration, inherited }: Omit<Setup, 'tls'>): Promise<void> {
    const lower = this.#needs.forks.privileges.raise();
    try {
      await requireFree(addressesOf(configuration, inherited).filter((address) => !this.#isHeld(address)));
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      const own = this.#held.find((address) => overlapping(address, error.address));
      const why = own === undefined ? '' : ` (it is this server, on ${placeOf(own)}: that needs a restart)`;
      throw new StartError(error.message + why, UNAVAILABLE_STATUS);
    } finally {
      lower();
    }
  }

  /**
   * Replaces every worker, and brings their number to what the configuration says. `adopt` is called when the new ones listen.
   * @throws StartError, and then everything is as it was
   */
  async roll(setup: Setup, adopt: () => void): Promise<void> {
    const young = await this.#prepare(setup);
    if (this.#ending) return;
    const old = [...this.#seats.values()];
    const listening = await Promise.allSettled(young.map((child) => this.#begin(child)));
    const found = listening.find((each) => each.status === 'fulfilled');
    if (found === undefined) throw new StartError('No new worker lived to listen', UNAVAILABLE_STATUS);
    this.#seats.clear();
    adopt();
    for (const child of young) this.#sit(child, found.value);
    for (const { child } of old) void child.end(setup.configuration.reloadTimeout, false);
  }

  /** Lets sessions finish for so long, then ends what is left. */
  async stop(patienceMs: number): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#children].map((child) => child.end(patienceMs, true)));
  }

  /** What new connections are served with from now on; sessions go on. */
  serveWith(tls: TlsMaterial | undefined): void {
    for (const child of this.#children) child.tell({ kind: 'tls', tls });
  }

  /** Ends every worker at once, without a goodbye; resolves when they have ended. Others take their seats. */
  async restart(): Promise<void> {
    const ended = [...this.#children].map((child) => child.ended);
    this.kill();
    await Promise.all(ended);
  }

  kill(): void {
    for (const child of this.#children) child.kill();
  }

  #tidy(): void {
    this.#desk.tidy(Date.now());
    this.#logins.tidy(Date.now());
  }

  get #setup(): Setup {
    const { configuration, tls, inherited } = this.#needs;
    return { configuration: configuration(), tls: tls(), inherited: inherited() };
  }

  /** What a new worker shares with those that are there. */
  get #held(): readonly ListenerAddress[] {
    return [...this.#children].some(({ isReady }) => isReady) ? this.#listeners : [];
  }

  #isHeld(address: ListenerAddress): boolean {
    return this.#held.some((held) => samePlace(held, address));
  }

  /** As many as are wanted, of which each could listen on everything, or none at all. @throws StartError */
  async #prepare(setup: Setup): Promise<readonly WorkerChild[]> {
    if (this.#ending) return [];
    const children = Array.from({ length: this.#needs.role.count(setup.configuration) }, () =>
      this.#fork(++this.#lastNumber, setup),
    );
    try {
      await Promise.all(children.map((child) => child.prepared));
      return children;
    } catch (error) {
      for (const child of children) child.kill();
      await Promise.all(children.map((child) => child.ended));
      throw error;
    }
  }

  #fork(number: number, setup: Setup): WorkerChild {
    const { role, forks, log } = this.#needs;
    const child = new SupervisedChild<WorkerLanguage>({
      ...{ role, number, forks, log, configuration: setup.configuration },
      start: (worker) => this.#startOf(worker, setup),
      heard: (worker, message) => this.#hear(worker, message),
      ended: (worker, how) => this.#ended(worker, how),
    });
    this.#children.add(child);
    this.#desk.enrol(child);
    return child;
  }

  #startOf(child: WorkerChild, setup: Setup): WorkerStart {
    return { kind: 'start', ...setup, number: child.number, logins: this.#logins.enrol(child), held: this.#held };
  }

  #hear(child: WorkerChild, message: ToDesk | ToLoginDesk): void {
    if (isOfLogins(message)) this.#logins.hear(child, message);
    else this.#desk.hear(child, message);
  }

  /** The sockets were bound in this process, for the worker: so it is the one that may say who connects. @throws StartError */
  async #begin(child: WorkerChild): Promise<readonly ListenerAddress[]> {
    child.letGo();
    const { listeners } = await child.ready;
    this.#desk.brief(child);
    try {
      await Promise.all(
        listeners.filter(isUnix).map((each) => letConnect(each, this.#needs.forks.privileges.identity)),
      );
      return listeners;
    } catch (error) {
      throw new StartError((error as Error).message, UNAVAILABLE_STATUS);
    }
  }

  #sit(child: WorkerChild, listeners: readonly ListenerAddress[], backoff = new Backoff()): void {
    this.#listeners = listeners;
    this.#seats.set(child.number, { backoff, child });
    if (!this.#children.has(child)) this.#startAgain(child, 'too soon'); // It has ended meanwhile.
  }

  #ended(child: WorkerChild, how: End): void {
    this.#children.delete(child);
    this.#desk.dismiss(child);
    this.#logins.dismiss(child);
    this.#startAgain(child, how);
  }

  #startAgain(child: WorkerChild, how: End): void {
    const seat = this.#seats.get(child.number);
    if (this.#ending || seat?.child !== child) return;
    this.#restarts += 1;
    const delayMs = seat.backoff.delayMs(Date.now() - child.startedAtMs);
    this.#needs.log.error({ worker: child.number, how, delayMs }, 'a worker ended; another is started');
    setTimeout(() => void this.#fill(seat, child.number), delayMs);
  }

  /** The one before has died. */
  async #fill(seat: Seat, number: number): Promise<void> {
    if (this.#ending || this.#seats.get(number) !== seat) return;
    seat.child = this.#fork(number, this.#setup);
    try {
      await seat.child.prepared;
      await this.#begin(seat.child);
    } catch (error) {
      this.#needs.log.error((error as Error).message);
    }
  }
}
