/**
 * Runs the collectors of a store when they are due, several at a time, each claimed so that no other process fetches it. One that is
 * slow or fails concerns no other. Killed, it leaves claims that end by themselves, and the next run goes on where it was.
 */
import { collect, type CollectOptions } from './run.js';
import type { Collector, CollectorId, CollectorLogin, CollectorRun, Collectors } from '../store/collectors.js';
import { untilTaken } from '../store/patience.js';
import { collectorDueAtMs } from '../store/rules/collectors.js';

/** At a time; others that are due wait for one to end. Each holds a list of what is there, and 8 MiB of messages at most. */
const RUNS = 10;
/** A run that takes longer, as with a server that drips, makes room for others and goes on at the next. */
const RUN_MS = 3_600_000;
/** The clock may be stepped, and what somebody writes may not be told. */
const LOOK_MS = 60_000;
/** After what could not be run. */
const AGAIN_MS = 5_000;
const CLAIM_MS = 180_000;
const CLAIM_AGAIN_MS = 60_000;

export interface FetcherOptions extends Pick<CollectOptions, 'store' | 'mailboxes' | 'maxOctets'> {
  /** A name that no other process has. */
  readonly name: string;
  readonly collectors: Collectors;
  /** A run has ended. */
  readonly ran: (collector: Collector, run: CollectorRun) => void;
  readonly leftOut: (collector: Collector, place: string, why: string) => void;
  /** The store or a bug: it is tried again. */
  readonly trouble: (error: unknown) => void;
}

interface Running {
  readonly version: number;
  /** Somebody has changed or removed the collector. */
  readonly stopped: AbortController;
  readonly ended: Promise<void>;
}

export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #running = new Map<CollectorId, Running>();
  /** When it ends, runs are broken off. */
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #looksAgain = false;
  #isDraining = false;
  #failing: readonly Collector[] = [];
  fetched = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Those whose last run failed. */
  get failing(): readonly Collector[] {
    return this.#failing;
  }

  /** Something may be due, or was changed. */
  look(): void {
    this.#looksAgain = this.#looking !== undefined;
    if (this.#looksAgain || this.#isDraining) return;
    this.#looking = this.#start()
      .catch((error: unknown) => {
        this.#options.trouble(error);
        this.#lookIn(LOOK_MS);
      })
      .then(() => {
        this.#looking = undefined;
        if (this.#looksAgain) this.look();
      });
  }

  /** Begins nothing more, and breaks off what runs: what came is durable, and whoever fetches next goes on at once. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    clearTimeout(this.#timer);
    this.#ending.abort();
    await this.#looking;
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #start(): Promise<void> {
    const all = await this.#options.collectors.listCollectors();
    const versions = new Map(all.map(({ id, version }) => [id, version]));
    for (const [id, { version, stopped }] of this.#running) if (versions.get(id) !== version) stopped.abort();
    this.#failing = all.filter(({ failure }) => failure !== undefined);
    const nowMs = Date.now();
    const waiting = all
      .filter(({ id }) => !this.#running.has(id))
      .map((collector) => ({ collector, inMs: collectorDueAtMs(collector, nowMs) - nowMs }));
    const due = waiting
      .filter(({ inMs }) => inMs <= 0)
      .map(({ collector }) => collector)
      .sort((one, other) => one.nextRunAtMs - other.nextRunAtMs);
    for (const collector of due.slice(0, RUNS - this.#running.size)) this.#begin(collector);
    this.#lookIn(Math.min(LOOK_MS, ...waiting.map(({ inMs }) => inMs).filter((ms) => ms > 0)));
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#isDraining) this.#timer = setTimeout(() => this.look(), ms);
  }

  #begin(collector: Collector): void {
    if (this.#isDraining) return;
    const stopped = new AbortController();
    const ended = this.#run(collector, stopped.signal)
      .catch((error: unknown) => this.#options.trouble(error))
      .then((ran) => {
        this.#running.delete(collector.id);
        if (ran === undefined) this.#lookIn(AGAIN_MS);
        else this.look();
      });
    this.#running.set(collector.id, { version: collector.version, stopped, ended });
  }

  /** Undefined when another process fetches it just now, or it is gone. */
  async #run({ id, version }: Collector, stopped: AbortSignal): Promise<CollectorRun | undefined> {
    const { collectors, name } = this.#options;
    const collector = await collectors.findCollector(id);
    if (collector?.version !== version) return undefined;
    const run = await claimed(collector, { collectors, name, act: () => this.#collect(collector, stopped) });
    if (run === undefined) return undefined;
    this.fetched += run.fetched;
    this.#options.ran(collector, run);
    return run;
  }

  #collect(collector: CollectorLogin, stopped: AbortSignal): Promise<CollectorRun> {
    const { store, mailboxes, maxOctets } = this.#options;
    const late = AbortSignal.timeout(RUN_MS);
    return collect(collector, {
      ...{ store, mailboxes, maxOctets, leftOut: (place, why) => this.#options.leftOut(collector, place, why) },
      signal: AbortSignal.any([this.#ending.signal, late, stopped]),
    });
  }
}

export interface Claimed {
  readonly collectors: Collectors;
  /** Whose claim it is. */
  readonly name: string;
  readonly act: () => Promise<CollectorRun>;
}

/** Claims a collector for as long as `act` takes, and settles what came of it; undefined when another process has it. @throws StoreError */
export async function claimed(
  { id, version }: Collector,
  { collectors, name: by, act }: Claimed,
): Promise<CollectorRun | undefined> {
  const claim = () => collectors.claimCollector(id, version, { by, forMs: CLAIM_MS });
  if ((await claim()) === 0) return undefined;
  const timer = setInterval(() => {
    claim().catch(() => undefined); // A store that is away answers the next time.
  }, CLAIM_AGAIN_MS);
  try {
    const run = await act();
    await untilTaken(() => collectors.settleCollector(id, version, run), AbortSignal.timeout(CLAIM_MS));
    return run;
  } finally {
    clearInterval(timer);
  }
}
