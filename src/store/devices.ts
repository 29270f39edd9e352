/** Devices: machines and programs that hand mail in without a login, known by the networks they come from. */
import type { Grant } from './logins.js';
import type { Address, MaybePromise } from './shapes.js';

export type DeviceId = number;

/** So many messages in a time that begins with the first of them. */
export interface MessageRate {
  readonly messages: number;
  readonly periodMs: number;
}

export interface DeviceSettings {
  /** Unique, whatever the case. */
  readonly name: string;
  /** Addresses and subnets. */
  readonly networks: readonly string[];
  /** The sender of all its mail, whatever it says itself. */
  readonly from?: string | undefined;
  readonly rate?: MessageRate | undefined;
  readonly maxOctets?: number | undefined;
  /** Of other domains, those that it may send to; without, any. */
  readonly toDomains?: readonly string[] | undefined;
}

export interface NewDevice extends DeviceSettings {
  /** Whose mail it sends; without, it sends to nobody in other domains. */
  readonly account?: Address | undefined;
}

/** What a device can do without. */
export type OptionalSetting = 'from' | 'account' | 'rate' | 'maxOctets' | 'toDomains';

/** What is not named stays. */
export interface DeviceChange extends Pick<NewDevice, 'name' | OptionalSetting> {
  readonly networks?: readonly string[] | undefined;
  /** What is taken away. */
  readonly without?: readonly OptionalSetting[] | undefined;
}

/** What a device may: all of it changes with the directory alone. */
export interface ListedDevice extends DeviceSettings {
  readonly id: DeviceId;
  /** Undefined too when it was removed. */
  readonly account: DeviceAccount | undefined;
}

export interface Device extends ListedDevice {
  readonly createdAtMs: number;
  readonly activity: DeviceActivity;
}

export interface DeviceAccount {
  readonly address: string;
  readonly enabled: boolean;
  /** As a login by its main password has. */
  readonly grant: Grant;
}

/** What became of its mail. Days are the server's. */
export interface DeviceActivity {
  /** Messages that were accepted in the time that its rate is counted in now; none without a rate. */
  readonly acceptedInPeriod: number;
  readonly acceptedToday: number;
  /** How often something was refused, or a connection broke: what follows from it in the same session is not counted. */
  readonly refusedToday: number;
  readonly lastMailAtMs: number | undefined;
  /** The last message that was not as it should be, and what was made right in it. */
  readonly lastMendedAtMs: number | undefined;
  readonly lastMended: readonly string[];
  readonly lastRefusedAtMs: number | undefined;
  /** The reply, or how the connection broke. */
  readonly lastRefusal: string | undefined;
}

/** The device that a message came from. */
export interface DeviceUse {
  readonly id: DeviceId;
  /** What was made right in it; looked at when the message is committed. */
  readonly mended: readonly string[];
}

/**
 * Changes are durable when their promises resolve, and refused as those of the directory are. There are at most a few hundred, each with
 * a few networks (rules/devices.ts).
 */
export interface Devices {
  /** 'refused' too when another device has one of its networks: nobody could tell them apart. */
  addDevice(device: NewDevice): Promise<void>;
  /** In one transaction, so of several at once none undoes another. Its id and what became of its mail stay. Refused as `addDevice`. */
  setDevice(change: DeviceChange): Promise<void>;
  removeDevice(name: string): Promise<void>;
  /** All of them, as they are at this moment. */
  listDevices(): MaybePromise<readonly Device[]>;
  /** What all of them may. The same list is answered until something changes: what was made of it may be kept as long. */
  listedDevices(): MaybePromise<readonly ListedDevice[]>;
  findDevice(id: DeviceId): MaybePromise<Device | undefined>;
  /** Told, not asked: written a little later, the last of several; lost when the store is away. */
  recordRefusal(device: DeviceId, refusal: string): void;
}
