/**
 * What devices were refused, written a little later: one that is refused in every second costs no commit of its own. What is not
 * written yet when the process dies is lost; nothing but what is shown of the device depends on it.
 */
import type { DeviceId } from '../../devices.js';
import type { Refusals } from '../database/devices.js';
import { unanswered, type Write } from './group.js';

const DELAY_MS = 500;

export class DeviceRefusals {
  readonly #add: (write: Write) => void;
  #latest = new Map<DeviceId, Refusals>();
  #timer: NodeJS.Timeout | undefined;

  constructor(add: (write: Write) => void) {
    this.#add = add;
  }

  note(device: DeviceId, refusal: string): void {
    this.#latest.set(device, { refusal, count: (this.#latest.get(device)?.count ?? 0) + 1 });
    this.#timer ??= setTimeout(() => this.flush(), DELAY_MS);
  }

  /** Adds what waits to the next group. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const refusals = this.#latest;
    if (refusals.size === 0) return;
    this.#latest = new Map();
    const nowMs = Date.now();
    this.#add(
      unanswered((writer) => {
        for (const [device, refused] of refusals) writer.devices.refused(device, refused, nowMs);
      }),
    );
  }
}
