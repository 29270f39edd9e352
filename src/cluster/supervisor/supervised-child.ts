/**
 * One process of any role, as the supervisor sees it: forked, told to start when it has loaded its module, watched, and ended
 * when its time is over. It may say that it is prepared, has done all that can fail, and then waits for 'go'; at last it
 * is ready. Its end rejects what it had not come to; nothing here starts another.
 */
import type { Configuration } from '../../config/configuration.js';
import type { Log } from '../../log/log.js';
import type { Report, ReportWanted } from '../control/child.js';
import type { ProcessState, ProcessStatus } from '../control/control-messages.js';
import type { Failed, FromChild, Ready, ToChild } from '../control/messages.js';
import type { Role } from '../control/role.js';
import { watchdog } from '../control/watchdog.js';
import type { End, Forked, Forks } from './fork.js';
import { StartError, UNAVAILABLE_STATUS } from './start-error.js';

/** One that is busy for longer is shown without what it counts. */
const REPORT_LIMIT_MS = 2_000;

/** What the supervisor and the processes of a role say to each other besides what all have in common. */
export interface Language {
  readonly start: object;
  readonly to: object;
  readonly ready: Ready;
  readonly said: { readonly kind: string };
}

export interface SupervisedChildOptions<L extends Language> {
  readonly role: Role;
  /** In the log, when its role may have several. */
  readonly number?: number;
  readonly forks: Forks;
  readonly log: Log;
  readonly configuration: Pick<Configuration, 'watchdogTimeout'>;
  /** Asked for when the process can be told. */
  readonly start: (child: SupervisedChild<L>) => L['start'];
  readonly heard: (child: SupervisedChild<L>, message: L['said']) => void;
  readonly ended: (child: SupervisedChild<L>, how: End) => void;
}

export class SupervisedChild<L extends Language> {
  /** It could do all that can fail. @throws StartError */
  readonly prepared: Promise<void>;
  /** What it said of itself when it was. @throws StartError */
  readonly ready: Promise<L['ready']>;
  readonly ended: Promise<void>;
  readonly startedAtMs = Date.now();
  readonly #options: SupervisedChildOptions<L>;
  readonly #process: Forked | undefined;
  readonly #limit: NodeJS.Timeout | undefined;
  #isStarted = false;
  #isReady = false;
  /** What it is told when its time is over. */
  #farewell: ToChild | undefined;
  #isOver = false;
  readonly #asking = new Set<(report: Report | undefined) => void>();
  #bePrepared: () => void = () => undefined;
  #beReady: (ready: L['ready']) => void = () => undefined;
  #fail: (error: StartError) => void = () => undefined;
  #lower: () => void = () => undefined;

  constructor(options: SupervisedChildOptions<L>) {
    this.#options = options;
    const failed = new Promise<never>((_, reject) => (this.#fail = reject));
    this.prepared = Promise.race([new Promise<void>((resolve) => (this.#bePrepared = resolve)), failed]);
    this.ready = Promise.race([new Promise<L['ready']>((resolve) => (this.#beReady = resolve)), failed]);
    for (const each of [failed, this.prepared, this.ready]) each.catch(() => undefined); // Whoever waits is told.
    let over: () => void = () => undefined;
    this.ended = new Promise((resolve) => (over = resolve));
    const { role, forks } = options;
    if (role.readyLimitMs !== undefined) this.#limit = setTimeout(() => this.kill(), role.readyLimitMs);
    this.#process = forks.begin(role, (how) => {
      this.#end(how);
      over();
    });
    this.#process?.on('message', (message) => this.#hear(message as FromChild | L['said']));
    if (role.watched.from === 'fork') this.#watch();
  }

  get number(): number {
    return this.#options.number ?? 1;
  }

  /** And has not ended. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** With what it counts, if it says so in time; undefined when there never was a process. */
  async status(restarts: number): Promise<ProcessStatus | undefined> {
    const pid = this.#process?.pid;
    if (pid === undefined) return undefined;
    const report = await this.#report();
    const { counts, samples, problems } = report ?? {};
    return {
      ...{ role: this.#options.role.name, pid, state: this.#state, restarts },
      ...(counts && { counts }),
      ...(samples && { samples }),
      ...(problems && { problems }),
    };
  }

  send(message: L['to']): void {
    this.#send(message);
  }

  /** After `prepared`. */
  release(): void {
    this.#send({ kind: 'go' } satisfies ToChild);
  }

  /** Resolves when it has ended, by itself or, when its time is over, by force. One that drains may take so long, unless it is in a hurry. */
  async end(patienceMs: number, hurry: boolean): Promise<void> {
    const { drains, endLimitMs } = this.#options.role;
    this.#farewell = drains ? { kind: 'drain', patienceMs, hurry } : { kind: 'stop' };
    if (this.#isStarted) this.#send(this.#farewell); // Before its first word it would not hear it.
    const timer = setTimeout(() => this.kill(), (drains ? patienceMs : 0) + endLimitMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  get #state(): ProcessState {
    if (this.#farewell !== undefined || this.#isOver) return 'ending';
    return this.#isReady ? 'ready' : 'starting';
  }

  #report(): Promise<Report | undefined> {
    return new Promise((resolve) => {
      const told = (report: Report | undefined): void => {
        clearTimeout(timer);
        this.#asking.delete(told);
        resolve(report);
      };
      const timer = setTimeout(() => told(undefined), REPORT_LIMIT_MS);
      if (!this.#isStarted || this.#isOver) return told(undefined); // It would not hear it.
      this.#asking.add(told);
      this.#send({ kind: 'report-wanted' } satisfies ReportWanted);
    });
  }

  #reported(report: Report | undefined): void {
    for (const told of [...this.#asking]) told(report);
  }

  #send(message: object): void {
    if (this.#process?.connected) this.#process.send(message);
  }

  #hear(message: FromChild | L['said']): void {
    switch (message.kind) {
      case 'waiting':
        return this.#start();
      case 'prepared':
        return this.#bePrepared();
      case 'ready':
        return this.#becameReady(message as L['ready']);
      case 'failed':
        this.#lower();
        return this.#fail(new StartError((message as Failed).sentence, this.#options.role.failedStatus));
      case 'report':
        return this.#reported(message as Report);
      case 'alive':
        return;
      default:
        return this.#options.heard(this, message);
    }
  }

  #start(): void {
    const { role, forks, start } = this.#options;
    if (this.#isOver) return; // What it said last may come after its end.
    this.#isStarted = true;
    if (this.#farewell !== undefined) return this.#send(this.#farewell); // Nothing was begun, and it ends.
    if (role.forkedBy === 'cluster') this.#lower = forks.privileges.raise(); // Until it is ready: the cluster binds ports here, for it.
    this.#send(start(this));
  }

  #becameReady(ready: L['ready']): void {
    if (this.#isReady || this.#isOver) return;
    this.#isReady = true;
    clearTimeout(this.#limit);
    this.#lower();
    if (this.#options.role.watched.from === 'ready') this.#watch();
    this.#bePrepared();
    this.#beReady(ready);
  }

  #end(how: End): void {
    const { title } = this.#options.role;
    this.#isOver = true;
    this.#isReady = false;
    this.#reported(undefined);
    clearTimeout(this.#limit);
    this.#lower();
    this.#fail(new StartError(`${capitalized(title)} ended (${how}) before it was ready`, UNAVAILABLE_STATUS));
    this.#options.ended(this, how);
  }

  #watch(): void {
    const { role, number, log, configuration } = this.#options;
    const limitMs = role.watched.patience * configuration.watchdogTimeout;
    if (this.#process === undefined) return;
    watchdog(this.#process, limitMs, () =>
      log.error(
        { ...(number !== undefined && { [role.name]: number }), limitMs },
        `${role.title} answers nothing; it is ended`,
      ),
    );
  }
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
