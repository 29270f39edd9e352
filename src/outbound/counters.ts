/** What a sender has come to since it began: recipients, by outcome. */
import type { Settlement } from '../store/queue.js';

export interface Counters {
  delivered: number;
  deferred: number;
  failed: number;
}

export function count(counters: Counters, settlements: readonly Settlement[]): void {
  for (const { outcome } of settlements) if (outcome.kind in counters) counters[outcome.kind as keyof Counters] += 1;
}
