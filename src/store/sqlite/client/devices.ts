/**
 * Devices where they are used: changes and refusals go to the store, everything else is read here. What all of them may is remembered
 * until something changes, as names are: for each connection it is asked for again.
 */
import type { Devices } from '../../devices.js';
import { REFUSAL_LIMIT_CHARACTERS } from '../../rules/devices.js';
import { FrameType, jsonFrame } from '../protocol/frames.js';
import type { Reader } from './reader.js';
import type { Remembered } from './remembered.js';
import type { StoreClient } from './store-client.js';

export function devicesOf(client: StoreClient, reader: Reader, remembered: Remembered): Devices {
  return {
    async addDevice(device) {
      await client.change('addDevice', device);
    },
    async setDevice(change) {
      await client.change('setDevice', change);
    },
    async removeDevice(name) {
      await client.change('removeDevice', name);
    },
    listDevices: () => reader.devices(),
    // While the store is away nobody would tell of a change.
    listedDevices: () => (client.isAway ? reader.listedDevices() : remembered.devices(() => reader.listedDevices())),
    findDevice: (id) => reader.device(id),
    recordRefusal(device, refusal) {
      const text = Array.from(refusal).slice(0, REFUSAL_LIMIT_CHARACTERS).join(''); // Never half a character.
      client.tell(jsonFrame(FrameType.Refused, 0, { device, refusal: text }));
    },
  };
}
