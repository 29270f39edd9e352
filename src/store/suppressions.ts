/** Addresses to which nothing is sent. */
import type { MaybePromise } from './shapes.js';

export interface Suppression {
  readonly address: string;
  readonly reason: string;
  readonly sinceMs: number;
}

export interface Suppressions {
  /** Whether nothing is to be sent to an address, and why. */
  findSuppression(address: string): MaybePromise<Suppression | undefined>;
}
