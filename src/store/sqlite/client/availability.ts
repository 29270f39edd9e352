/** Whether a message could be taken now, as far as a process can tell by itself: its disk, its store, the file at the path. */
import { StoreError } from '../../errors.js';
import type { FileIdentity } from '../../../runtime/file-identity.js';
import type { DiskSpace } from '../database/disk-space.js';
import type { StoreClient } from './store-client.js';

/** A commit that takes longer than this is a disk in trouble: new messages are put off, those under way wait. */
const LAG_LIMIT_MS = 10_000;
/** How long a look at the path of the database is good for. */
const LOOK_MS = 100;

export interface AvailabilityOptions {
  readonly client: StoreClient;
  /** The file that is read here. */
  readonly file: FileIdentity;
  readonly space: DiskSpace;
}

export class Availability {
  readonly #client: StoreClient;
  readonly #file: FileIdentity;
  readonly #space: DiskSpace;
  #lookedAtMs = -Infinity;
  #inPlace = true;

  constructor({ client, file, space }: AvailabilityOptions) {
    this.#client = client;
    this.#file = file;
    this.#space = space;
  }

  get error(): StoreError | undefined {
    if (this.#client.isAway) return new StoreError('unavailable', 'the store is away');
    if (!this.#isInPlace()) return new StoreError('unavailable', 'the database is not at its path');
    if (this.#client.lagMs > LAG_LIMIT_MS) return new StoreError('busy', 'the store is far behind');
    return this.#space.isShort() ? new StoreError('full', 'the disk is nearly full') : undefined;
  }

  /** As it was a moment ago: the store looks again before it acknowledges anything. */
  #isInPlace(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs > LOOK_MS) {
      this.#lookedAtMs = nowMs;
      this.#inPlace = this.#file.lookFilled() === 'same';
    }
    return this.#inPlace;
  }
}
