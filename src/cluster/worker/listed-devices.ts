/** Which of the listed devices has come: that of the narrowest network which holds its address. */
import { narrowestBits } from '../../ip/networks.js';
import type { Device } from '../../store/devices.js';

export function deviceAt(address: string, devices: readonly Device[]): Device | undefined {
  let found: Device | undefined;
  let widest = -1;
  for (const device of devices) {
    const bits = narrowestBits(device.networks, address) ?? -1;
    if (bits <= widest) continue;
    widest = bits;
    found = device;
  }
  return found;
}
