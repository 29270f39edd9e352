/**
 * When a session has taken too long. Holds no timer: whoever has many sessions asks each of them now and then
 * (cluster/worker/worker.ts, once a second), which costs less than a timer for each.
 */
import { HURRIED_TIMEOUT_MS, RATE_WINDOW_MS, type SessionLimits } from './limits.js';

/** What the session is waiting for. */
export type Phase = 'greeting' | 'command' | 'data' | 'output' | 'server';

/** Why it must end. */
export type Overdue = 'idle' | 'slow' | 'session';

export class Deadlines {
  readonly #limits: SessionLimits;
  readonly #begunMs: number;
  #heardMs: number;
  #windowMs: number;
  #windowBytes = 0;

  constructor(limits: SessionLimits, nowMs: number) {
    this.#limits = limits;
    this.#begunMs = nowMs;
    this.#heardMs = nowMs;
    this.#windowMs = nowMs;
  }

  /** Bytes came, or were taken. */
  heard(nowMs: number, bytes: number): void {
    this.#heardMs = nowMs;
    this.#windowBytes += bytes;
  }

  /** A body begins: its rate is measured from here. */
  bodyBegins(nowMs: number): void {
    this.#windowMs = nowMs;
    this.#windowBytes = 0;
  }

  get ageMs(): number {
    return performance.now() - this.#begunMs;
  }

  /** Since bytes came, or were taken. */
  get idleMs(): number {
    return performance.now() - this.#heardMs;
  }

  /** Undefined while nothing is overdue. */
  overdue(phase: Phase, nowMs: number, hurried = false): Overdue | undefined {
    if (phase === 'server') return this.#notItsFault(nowMs);
    if (nowMs - this.#begunMs > this.#limits.sessionTimeoutMs) return 'session';
    const patienceMs = this.#patienceMs(phase);
    if (nowMs - this.#heardMs > (hurried ? Math.min(patienceMs, HURRIED_TIMEOUT_MS) : patienceMs)) return 'idle';
    return phase === 'data' && this.#isSlow(nowMs) ? 'slow' : undefined;
  }

  /** While the server itself takes its time, no time passes for the client. */
  #notItsFault(nowMs: number): undefined {
    this.#heardMs = nowMs;
    this.bodyBegins(nowMs);
    return undefined;
  }

  #patienceMs(phase: Exclude<Phase, 'server'>): number {
    const { greetingTimeoutMs, commandTimeoutMs, dataTimeoutMs } = this.#limits;
    return phase === 'greeting' ? greetingTimeoutMs : phase === 'data' ? dataTimeoutMs : commandTimeoutMs;
  }

  #isSlow(nowMs: number): boolean {
    const elapsedMs = nowMs - this.#windowMs;
    if (elapsedMs < RATE_WINDOW_MS) return false;
    const wanted = (this.#limits.minBodyBytesPerSecond * elapsedMs) / 1000;
    const slow = this.#windowBytes < wanted;
    this.bodyBegins(nowMs);
    return slow;
  }
}
