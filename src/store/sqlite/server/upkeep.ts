/**
 * When the sweep runs without being called: now and then for what has become old or expires, and when the disk is nearly full, so that what
 * was removed makes room for mail. That somebody can no longer restore it is told.
 */
import type { Sweeper } from './sweeper.js';
import type { Writer } from './writer.js';

/** How often it is looked for what has become old, at most and at least. */
const SWEEP_MS = { most: 1_000, least: 3_600_000 } as const;
/** Of the time that something is kept, it may be kept so much longer. */
const LATENESS = 1 / 100;
/** How often it is looked whether there is room. */
const LOOK_MS = 250;

export interface UpkeepOptions {
  readonly sweeper: Sweeper;
  readonly writer: Writer;
  readonly keepRemovedMs: number | undefined;
  readonly isShort: () => boolean;
  noted(what: string, details: object): void;
}

export class Upkeep {
  readonly #options: UpkeepOptions;
  #sweeping: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  begin(): void {
    const { sweeper, keepRemovedMs = Infinity } = this.#options;
    const periodMs = Math.max(SWEEP_MS.most, Math.min(SWEEP_MS.least, keepRemovedMs * LATENESS));
    sweeper.soon();
    this.#sweeping = setInterval(() => sweeper.soon(), periodMs).unref();
    this.#looking = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#sweeping);
    clearInterval(this.#looking);
    this.#options.sweeper.close();
  }

  #look(): void {
    const { writer, sweeper, isShort } = this.#options;
    const removals = writer.takePurgedEarly();
    if (removals > 0)
      this.#options.noted('the disk is nearly full: what was removed is purged before its time', { removals });
    if (writer.isExpiryDue || (isShort() && hasRemoved(writer))) sweeper.soon();
  }
}

/** A database that cannot be read now has nothing that could be purged now. */
function hasRemoved({ removals }: Writer): boolean {
  try {
    return removals.hasAny;
  } catch {
    return false;
  }
}
