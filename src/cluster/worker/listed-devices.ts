/**
 * Which of the listed devices has come: that of the narrowest network which holds its address. Their networks are put into a table once for
 * each list that the store gives, which is the same one until something changes.
 */
import { PrefixTable } from '../../ip/prefix-table.js';
import type { Devices, ListedDevice } from '../../store/devices.js';

export class ListedDevices {
  readonly #devices: Pick<Devices, 'listedDevices'>;
  #list: readonly ListedDevice[] = [];
  #table = new PrefixTable<ListedDevice>([]);

  constructor(devices: Pick<Devices, 'listedDevices'>) {
    this.#devices = devices;
  }

  /** @throws StoreError */
  async at(address: string): Promise<ListedDevice | undefined> {
    const list = await this.#devices.listedDevices();
    if (list !== this.#list) {
      this.#list = list;
      this.#table = new PrefixTable(
        list.flatMap((device) => device.networks.map((network) => [network, device] as const)),
      );
    }
    return this.#table.find(address);
  }
}
