/**
 * Whether the whole server is well, for whoever asks and however many ask: an answer is good for a second, and those who ask meanwhile
 * get the same one. `look` asks the supervisors.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** In sentences; with none the server is ready. */
export type Problems = readonly string[];

const GOOD_FOR_MS = 1_000;
const PAUSE_MS = 500;

export class ServerHealth {
  readonly #look: () => Promise<Problems>;
  #looking: Promise<Problems> | undefined;
  #lookedAtMs = -Infinity;

  constructor(look: () => Promise<Problems>) {
    this.#look = look;
  }

  problems(): Promise<Problems> {
    const isOld = performance.now() - this.#lookedAtMs > GOOD_FOR_MS;
    if (this.#looking === undefined || isOld) {
      this.#lookedAtMs = Infinity; // Until it is there.
      this.#looking = this.#look().finally(() => (this.#lookedAtMs = performance.now()));
    }
    return this.#looking;
  }

  /** Those that are left when there are none, the time is over, or nobody waits any more. */
  async settled(limitMs: number, signal: AbortSignal): Promise<Problems> {
    const untilMs = performance.now() + limitMs;
    for (;;) {
      const problems = await this.problems();
      if (problems.length === 0 || signal.aborted || performance.now() + PAUSE_MS > untilMs) return problems;
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
