/**
 * Which uses of a password were written lately: a client that logs in every second costs one write a minute.
 * Bounded: what was written longest ago goes first, which costs one write.
 */
import { BoundedMap } from '../../../runtime/bounded-map.js';
import type { Use } from '../../logins.js';

const PERIOD_MS = 60_000;
const ENTRIES_LIMIT = 10_000;

export class RecentUses {
  readonly #writtenAtMs = new BoundedMap<string, number>(ENTRIES_LIMIT);

  /** Whether it is to be written now; then it counts as written. */
  isDue({ account, credential }: Omit<Use, 'from'>, nowMs: number): boolean {
    const name = `${account} ${credential ?? ''}`;
    const atMs = this.#writtenAtMs.get(name);
    if (atMs !== undefined && nowMs >= atMs && nowMs - atMs < PERIOD_MS) return false;
    this.#writtenAtMs.renew(name, nowMs);
    return true;
  }
}
