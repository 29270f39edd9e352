/** Devices of the store in memory, by the rules of every driver. */
import { isDeepStrictEqual } from 'node:util';
import type { Device, DeviceSettings, DeviceUse, Devices, ListedDevice } from '../../../src/store/devices.js';
import {
  changedSettings,
  countsAt,
  DEVICES_LIMIT,
  isOverRate,
  isSameName,
  NO_COUNTS,
  REFUSAL_LIMIT_CHARACTERS,
  requireOwnNetworks,
  withAccepted,
  withRefused,
  type DeviceCounts,
} from '../../../src/store/rules/devices.js';
import { addressText } from '../../../src/store/rules/names.js';
import { missing, refusals, refuse } from '../../../src/store/rules/refusals.js';
import type { Address } from '../../../src/store/shapes.js';
import type { Account, MemoryData } from './data.js';
import type { MemoryStore } from './store.js';

export interface DeviceData extends Pick<Device, 'id' | 'createdAtMs'> {
  readonly settings: DeviceSettings;
  readonly account: Account | undefined;
  counts: DeviceCounts;
  last: Pick<Device['activity'], 'lastMailAtMs' | 'lastMended' | 'lastMendedAtMs' | 'lastRefusal' | 'lastRefusedAtMs'>;
}

const NOTHING_YET: DeviceData['last'] = {
  ...{ lastMailAtMs: undefined, lastMended: [], lastMendedAtMs: undefined },
  ...{ lastRefusal: undefined, lastRefusedAtMs: undefined },
};

export function devicesOf(store: MemoryStore): Devices {
  const { data } = store;
  const change = async (act: () => void): Promise<void> => {
    await store.answers(() => {
      store.requireLife();
      act();
    });
  };
  const all = () => [...data.devices.values()].map(({ settings }) => settings);
  const named = (name: string) => [...data.devices.values()].find(({ settings }) => isSameName(settings.name, name));
  const ownerOf = (address: Address): Account =>
    data.byAddress.get(addressText(address)) ?? missing(refusals.noAccount(addressText(address)));
  return {
    addDevice: ({ account, ...settings }) =>
      change(() => {
        const { name, networks } = settings;
        if (named(name) !== undefined) refuse(refusals.deviceExists(name));
        if (data.devices.size >= DEVICES_LIMIT) refuse(refusals.tooManyDevices(data.devices.size));
        requireOwnNetworks(name, networks, all());
        const known = { id: data.nextId(), createdAtMs: Date.now(), counts: NO_COUNTS, last: NOTHING_YET };
        data.devices.set(known.id, { ...known, settings, account: account && ownerOf(account) });
      }),
    setDevice: (changed) =>
      change(() => {
        const { name, networks = [], account, without = [] } = changed;
        const known = named(name) ?? missing(refusals.noDevice(name));
        requireOwnNetworks(name, networks, all());
        const kept = without.includes('account') ? undefined : known.account;
        const owner = account === undefined ? kept : ownerOf(account);
        data.devices.set(known.id, { ...known, settings: changedSettings(known.settings, changed), account: owner });
      }),
    removeDevice: (name) =>
      change(() => void data.devices.delete((named(name) ?? missing(refusals.noDevice(name))).id)),
    listDevices: () => store.answers(() => [...data.devices.values()].map((one) => deviceOf(one, data))),
    listedDevices: () => store.answers(() => listed(data)),
    findDevice: (id) =>
      store.answers(() => {
        const found = data.devices.get(id);
        return found && deviceOf(found, data);
      }),
    recordRefusal(id, refusal) {
      const device = data.devices.get(id);
      if (device === undefined) return;
      const nowMs = Date.now();
      device.counts = withRefused(device.counts, 1, nowMs);
      const lastRefusal = Array.from(refusal).slice(0, REFUSAL_LIMIT_CHARACTERS).join('');
      device.last = { ...device.last, lastRefusal, lastRefusedAtMs: nowMs };
    },
  };
}

/** Before anything of a message is stored. @throws StoreError */
export function isDeviceOverRate(use: DeviceUse | undefined, data: MemoryData): boolean {
  if (use === undefined) return false;
  const device = data.devices.get(use.id) ?? refuse(refusals.deviceIsGone);
  const { rate } = device.settings;
  return isOverRate(countsAt(device.counts, rate, Date.now()).acceptedInPeriod, rate);
}

export function countDevice({ id, mended }: DeviceUse, data: MemoryData): void {
  const device = data.devices.get(id);
  if (device === undefined) return;
  const nowMs = Date.now();
  device.counts = withAccepted(device.counts, device.settings.rate, nowMs);
  const repaired = mended.length === 0 ? {} : { lastMended: [...mended], lastMendedAtMs: nowMs };
  device.last = { ...device.last, lastMailAtMs: nowMs, ...repaired };
}

/** The list that was answered last, while all is as it says. */
const lists = new WeakMap<MemoryData, readonly ListedDevice[]>();

function listed(data: MemoryData): readonly ListedDevice[] {
  const now = [...data.devices.values()].map((one): ListedDevice => {
    const { id, name, networks, from, rate, maxOctets, toDomains, account } = deviceOf(one, data);
    return { id, name, networks, from, rate, maxOctets, toDomains, account };
  });
  const before = lists.get(data);
  if (before !== undefined && isDeepStrictEqual(before, now)) return before;
  lists.set(data, now);
  return now;
}

function deviceOf({ id, settings, account, createdAtMs, counts, last }: DeviceData, data: MemoryData): Device {
  const owner = account && data.byId.get(account.id);
  return {
    ...{ from: undefined, rate: undefined, maxOctets: undefined, toDomains: undefined },
    ...{ ...settings, id, createdAtMs },
    activity: { ...countsAt(counts, settings.rate, Date.now()), ...last },
    account: owner && {
      ...{ address: owner.address, enabled: owner.enabled },
      grant: { account: owner.id, scope: 'smtp', passwordVersion: owner.passwordVersion },
    },
  };
}
