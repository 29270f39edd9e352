/**
 * The steps of the sweep (sweep.ts) that are about removals: the ranges of a large one are taken over into `removed`, what was
 * kept long enough is purged, the oldest first, and what was given up is forgotten. While the disk is nearly full, nothing is
 * kept, whatever its time: mail that comes is worth more than mail that somebody has removed. What was removed while the clock was
 * ahead counts as removed now.
 */
import { RemovalState, type RemovalWrites } from '../database/removal-writes.js';
import type { RangeRow } from '../database/reads.js';

const RANGES_AT_ONCE = 100;

export interface PurgeOptions {
  readonly writes: RemovalWrites;
  readonly keepRemovedMs: number;
  /** Whether the disk is nearly full. */
  readonly isShort: () => boolean;
  /** Removals that are written by this store have this number or a higher one. */
  readonly firstRemoval: number;
  /** Deletes some messages of a range; false when there are none. */
  readonly deleteMessages: (account: number, range: RangeRow) => boolean;
  /** Joins what messages of a range have parted that are deleted, some at a time; false when nothing is left. */
  readonly join: (account: number, range: RangeRow) => boolean;
}

export class Purge {
  readonly #do: RemovalWrites;
  readonly #options: PurgeOptions;
  #early = 0;

  constructor(options: PurgeOptions) {
    this.#do = options.writes;
    this.#options = options;
  }

  /** Each of these takes one step, and is false when nothing of its kind is left. */
  settle(): boolean {
    const [removal, account, atMs] = this.#do.oldestCommitted.get() ?? [];
    if (removal === undefined || account === undefined || atMs === undefined) return false;
    const ranges = this.#do.removing.all(removal, RANGES_AT_ONCE);
    for (const [first, last] of ranges) this.#do.addRemoved.run(account, first, last, removal);
    const end = ranges.at(-1);
    if (end === undefined) this.#do.settle.run(RemovalState.Settled, atMs, removal);
    else this.#do.dropRemoving.run(removal, end[0]);
    return true;
  }

  purge(): boolean {
    const nowMs = Date.now();
    const dueMs = nowMs - this.#options.keepRemovedMs;
    const [removal, account, atMs] =
      this.#do.oldestDue.get(this.#options.isShort() ? Number.MAX_SAFE_INTEGER : dueMs) ?? [];
    if (removal === undefined || account === undefined || atMs === undefined) return false;
    const purgedToMs = Math.min(atMs, nowMs);
    this.#do.purgedTo.run(purgedToMs, account, purgedToMs);
    const [range] = this.#do.removedBy.all(removal, 1);
    if (range === undefined) {
      this.#do.drop.run(removal);
      if (atMs > dueMs) this.#early += 1;
    } else if (!this.#deleteSome(account, range)) this.#do.dropRemoved.run(account, range[0]);
    return true;
  }

  forgetGivenUp(): boolean {
    const removal = this.#do.oldestGivenUp.get(this.#options.firstRemoval);
    if (removal === undefined) return false;
    const end = this.#do.removing.all(removal, RANGES_AT_ONCE).at(-1);
    if (end === undefined) this.#do.drop.run(removal);
    else this.#do.dropRemoving.run(removal, end[0]);
    return true;
  }

  /** Of an account that has no messages any more. */
  forget(account: number): boolean {
    const ranges = this.#do.removedOf.all(account, RANGES_AT_ONCE);
    for (const [first] of ranges) this.#do.dropRemoved.run(account, first);
    for (const removal of new Set(ranges.map(([, , each]) => each)))
      if (this.#do.removedBy.get(removal, 1) === undefined) this.#do.drop.run(removal);
    return ranges.length > 0;
  }

  /** How many removals were purged before their time since this was last asked. */
  takeEarly(): number {
    const early = this.#early;
    this.#early = 0;
    return early;
  }

  /** Of a range that is purged; false when nothing is left to do. */
  #deleteSome(account: number, range: RangeRow): boolean {
    const { deleteMessages, join } = this.#options;
    return deleteMessages(account, range) || join(account, range);
  }
}
