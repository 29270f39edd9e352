/** What a process remembers of the directory. Emptied as a whole whenever that changes or the store goes away. */
import type { ListedDevice } from '../../devices.js';
import { NameCache } from '../database/name-cache.js';

export class Remembered {
  readonly names = new NameCache();
  #devices: readonly ListedDevice[] | undefined;

  devices(read: () => readonly ListedDevice[]): readonly ListedDevice[] {
    return (this.#devices ??= read());
  }

  clear(): void {
    this.names.clear();
    this.#devices = undefined;
  }
}
