/**
 * When a recipient is tried again, told late, and given up. Pure: clock and chance are given to it.
 * Each wait is twice the one before it, up to the longest, and a tenth longer or shorter by chance, so that what failed together
 * does not come back together.
 */
import { deadlines, type DeadlineOptions } from '../message/outgoing.js';

export interface ScheduleOptions extends DeadlineOptions {
  /** Between the first attempt and the second. */
  readonly minimalBackoff: number;
  /** No wait is longer. */
  readonly maximalBackoff: number;
}

const JITTER = 0.1;
/** Doubled more often, every wait would be the longest. */
const DOUBLINGS_LIMIT = 40;

export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #random: () => number;

  /** `random` is from 0 to 1. */
  constructor(options: ScheduleOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** After so many attempts. Never behind `expiresAtMs`, when there is nothing left to be tried. */
  nextAttemptAtMs(attempts: number, { nowMs, expiresAtMs }: { nowMs: number; expiresAtMs: number }): number {
    return Math.max(nowMs, Math.min(nowMs + this.#waitMs(attempts), expiresAtMs));
  }

  /** Of what is queued now. */
  deadlines(nowMs: number): { readonly expiresAtMs: number; readonly delayWarningAtMs?: number } {
    return deadlines(this.#options, nowMs);
  }

  #waitMs(attempts: number): number {
    const { minimalBackoff, maximalBackoff } = this.#options;
    const doublings = Math.min(Math.max(attempts, 1) - 1, DOUBLINGS_LIMIT);
    const waitMs = Math.min(minimalBackoff * 2 ** doublings, maximalBackoff);
    return Math.round(waitMs * (1 - JITTER + 2 * JITTER * this.#random()));
  }
}
