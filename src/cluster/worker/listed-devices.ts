/**
 * Which of the listed devices has come: that of the narrowest network which holds its address. The store gives the same list until
 * something changes; the networks, which may be thousands, are put into a table again only where it was they that changed.
 */
import { PrefixTable } from '../../ip/prefix-table.js';
import type { DeviceId, Devices, ListedDevice } from '../../store/devices.js';

interface Known {
  readonly list: readonly ListedDevice[];
  readonly byId: ReadonlyMap<DeviceId, ListedDevice>;
  readonly networks: string;
  readonly table: PrefixTable<Pick<ListedDevice, 'id'>>;
}

export class ListedDevices {
  readonly #devices: Pick<Devices, 'listedDevices'>;
  #known: Known = { list: [], byId: new Map(), networks: '', table: new PrefixTable<ListedDevice>([]) };

  constructor(devices: Pick<Devices, 'listedDevices'>) {
    this.#devices = devices;
  }

  /** @throws StoreError */
  async at(address: string): Promise<ListedDevice | undefined> {
    const list = await this.#devices.listedDevices();
    if (list !== this.#known.list) this.#known = this.#renewed(list);
    const { table, byId } = this.#known;
    const found = table.find(address);
    return found && byId.get(found.id);
  }

  #renewed(list: readonly ListedDevice[]): Known {
    const networks = list.map(({ id, networks: each }) => `${id} ${each.join(' ')}`).join('\n');
    const { table, networks: before } = this.#known;
    const byId = new Map(list.map((device) => [device.id, device]));
    return { list, byId, networks, table: networks === before ? table : tableOf(list) };
  }
}

function tableOf(list: readonly ListedDevice[]): PrefixTable<ListedDevice> {
  return new PrefixTable(list.flatMap((device) => device.networks.map((network) => [network, device] as const)));
}
