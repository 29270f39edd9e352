/** Which device has come, while the list of them changes. */
import { expect } from 'chai';
import { ListedDevices } from '../../src/cluster/worker/listed-devices.js';
import type { ListedDevice } from '../../src/store/devices.js';

function device(id: number, name: string, ...networks: readonly string[]): ListedDevice {
  return { id, name, networks, account: undefined };
}

describe('the devices of a worker', () => {
  let list: readonly ListedDevice[] = [];
  const listed = new ListedDevices({ listedDevices: () => list });
  const nameAt = async (address: string) => (await listed.at(address))?.name;

  it('are found by their narrowest network, and as the list says at that moment', async () => {
    expect(await nameAt('192.0.2.7')).to.equal(undefined);
    list = [device(1, 'house', '192.0.2.0/24'), device(2, 'scanner', '192.0.2.7', '2001:db8::/64')];
    expect([await nameAt('192.0.2.7'), await nameAt('192.0.2.8')]).to.deep.equal(['scanner', 'house']);
    list = [device(1, 'home', '192.0.2.0/24'), device(2, 'scanner', '192.0.2.7', '2001:db8::/64')]; // The same networks.
    expect([await nameAt('192.0.2.8'), await nameAt('2001:db8::1')]).to.deep.equal(['home', 'scanner']);
    list = [device(1, 'home', '192.0.2.0/24'), device(3, 'scanner', '192.0.2.9')];
    expect([await nameAt('192.0.2.7'), await nameAt('192.0.2.9'), await nameAt('2001:db8::1')]).to.deep.equal([
      ...['home', 'scanner', undefined],
    ]);
    list = [];
    expect(await nameAt('192.0.2.9')).to.equal(undefined);
  });
});
