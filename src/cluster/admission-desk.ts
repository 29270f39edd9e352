/**
 * Counts sessions for the whole server, in the supervisor: how many there are in all, how many a client has, and how
 * many it began in the last minute. Workers hold slots in advance, so that a connection from a trusted network asks
 * nobody; the count is exact all the same: before anybody is refused, slots that nobody uses are called back.
 * A worker that does not answer is not waited for: what it holds counts as used until it answers or ends.
 */
import type { Configuration } from '../config/options.js';
import type { ToDesk, ToWorker } from './messages.js';

export type AdmissionLimits = Pick<Configuration, 'maxSessions' | 'maxSessionsPerAddress' | 'maxNewSessionsPerMinute'>;

/** A worker as the desk sees it. */
export interface Applicant {
  tell(message: ToWorker): void;
}

interface Client {
  readonly sessions: Map<Applicant, number>;
  /** When its sessions of the last minute began. */
  begunAtMs: number[];
}

/** Slots handed out at once. */
const BATCH = 64;
const MINUTE_MS = 60_000;
/** A worker that gives nothing back for so long is busy or stuck; meanwhile nobody is let in or refused. */
const RECALL_LIMIT_MS = 1_000;

export class AdmissionDesk {
  readonly #limits: () => AdmissionLimits;
  /** Slots, used or not. */
  readonly #held = new Map<Applicant, number>();
  readonly #clients = new Map<string, Client>();
  readonly #waiting: Applicant[] = [];
  /** Workers whose unused slots are on their way back; undefined while nobody was asked. */
  #recalled: Set<Applicant> | undefined;
  /** Workers that have not answered the last recall in time: not asked again, and not waited for, until they do. */
  readonly #silent = new Set<Applicant>();
  #recallLimit: NodeJS.Timeout | undefined;

  constructor(limits: () => AdmissionLimits) {
    this.#limits = limits;
  }

  enrol(worker: Applicant): void {
    this.#held.set(worker, 0);
  }

  /** It ended: everything it held is free. */
  dismiss(worker: Applicant): void {
    this.#held.delete(worker);
    this.#answered(worker);
    for (const client of this.#clients.values()) client.sessions.delete(worker);
    this.#serve();
  }

  hear(worker: Applicant, asked: ToDesk): void {
    switch (asked.kind) {
      case 'slots-wanted':
        this.#waiting.push(worker);
        return this.#serve();
      case 'slots-back':
        this.#hold(worker, -asked.count);
        if (asked.recalled) this.#answered(worker);
        return this.#serve();
      case 'entering':
        return worker.tell({ kind: 'verdict', request: asked.request, verdict: this.#enter(worker, asked.client) });
      case 'left':
        return this.#leave(worker, asked.client);
    }
  }

  /** Forgets clients that have nothing open and began nothing in the last minute. Called now and then. */
  tidy(nowMs: number): void {
    for (const [name, client] of this.#clients) {
      forgetOld(client, nowMs);
      if (client.begunAtMs.length === 0 && openSessions(client) === 0) this.#clients.delete(name);
    }
  }

  /** Grants while there are free slots; refuses only when no unused one is left anywhere. */
  #serve(): void {
    for (let worker = this.#waiting[0]; worker !== undefined; worker = this.#waiting[0]) {
      const count = Math.min(BATCH, Math.ceil(this.#free / this.#held.size));
      if (count <= 0 && this.#isRecalling()) return;
      this.#waiting.shift();
      if (!this.#held.has(worker)) continue; // It ended while it waited.
      this.#hold(worker, Math.max(0, count));
      worker.tell({ kind: 'slots', count: Math.max(0, count) });
    }
    this.#recalled = undefined;
    clearTimeout(this.#recallLimit);
  }

  get #free(): number {
    return this.#limits().maxSessions - [...this.#held.values()].reduce((sum, count) => sum + count, 0);
  }

  #isRecalling(): boolean {
    if (this.#recalled === undefined) {
      this.#recalled = new Set([...this.#held.keys()].filter((worker) => !this.#silent.has(worker)));
      this.#recallLimit = setTimeout(() => this.#waitNoLonger(), RECALL_LIMIT_MS);
      for (const worker of this.#recalled) worker.tell({ kind: 'recall' });
    }
    return this.#recalled.size > 0;
  }

  #answered(worker: Applicant): void {
    this.#recalled?.delete(worker);
    this.#silent.delete(worker);
  }

  #waitNoLonger(): void {
    for (const worker of this.#recalled ?? []) this.#silent.add(worker);
    this.#recalled?.clear();
    this.#serve();
  }

  #hold(worker: Applicant, more: number): void {
    this.#held.set(worker, (this.#held.get(worker) ?? 0) + more);
  }

  #enter(worker: Applicant, name: string): 'welcome' | 'too-many' | 'too-often' {
    const { maxSessionsPerAddress, maxNewSessionsPerMinute } = this.#limits();
    const client = this.#clients.get(name) ?? { sessions: new Map<Applicant, number>(), begunAtMs: [] };
    this.#clients.set(name, client);
    forgetOld(client, Date.now());
    if (client.begunAtMs.length >= maxNewSessionsPerMinute) return 'too-often';
    if (openSessions(client) >= maxSessionsPerAddress) return 'too-many';
    client.begunAtMs.push(Date.now());
    client.sessions.set(worker, (client.sessions.get(worker) ?? 0) + 1);
    return 'welcome';
  }

  #leave(worker: Applicant, name: string): void {
    const client = this.#clients.get(name);
    const count = client?.sessions.get(worker) ?? 0;
    if (count > 0) client?.sessions.set(worker, count - 1);
  }
}

function openSessions({ sessions }: Client): number {
  return [...sessions.values()].reduce((sum, count) => sum + count, 0);
}

/** A moment in the future is one from before the clock was set back: it would never grow old. */
function forgetOld(client: Client, nowMs: number): void {
  client.begunAtMs = client.begunAtMs.filter((atMs) => atMs <= nowMs && nowMs - atMs < MINUTE_MS);
}
