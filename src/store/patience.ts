/** What a store cannot take just now is given to it again, until it does: nothing of an outcome is lost because the store was away. */
import { setTimeout } from 'node:timers/promises';
import { StoreError } from './errors.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/** @throws whatever `act` throws that would be thrown again, or the last failure after `signal` */
export async function untilTaken<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return await act();
    } catch (error) {
      if (!isPassing(error) || signal.aborted) throw error;
    }
    await setTimeout(waitMs, undefined, { signal }).catch(() => undefined); // Then one last time.
  }
}

export function isPassing(error: unknown): boolean {
  return error instanceof StoreError && ['busy', 'full', 'unavailable'].includes(error.kind);
}
