/** What `device add` and `device set` take of a device: its flags, and the values behind them. */
import { bytes, InvalidValue, longDurationMs, networks } from '../config/units.js';
import { isAscii } from '../message/domain.js';
import type { Device, MessageRate, NewDevice } from '../store/devices.js';
import { UsageError, type Flag, type Invocation } from './command.js';
import { accountAddress, domain, envelopeAddress } from './operand.js';

/** It stands in Received lines and in the log. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const networkFlag: Flag = {
  name: 'network',
  placeholder: 'NETWORK,…',
  doc: 'Where it connects from: addresses or subnets. Of several devices that of the narrowest network is meant.',
  repeats: true,
};
const fromFlag: Flag = {
  name: 'from',
  placeholder: 'ADDRESS',
  doc: 'The sender of all its mail, in the envelope and in From, whatever it says itself.',
};
const accountFlag: Flag = {
  name: 'account',
  placeholder: 'ADDRESS',
  doc: 'Whose mail it sends: what it may send to other domains counts for this account. Without one it may send to none.',
};
const rateFlag: Flag = {
  name: 'rate',
  placeholder: 'N/TIME',
  doc: 'How many messages it may send in a time, such as 100/h; more are refused for now. Any number unless told.',
};
const sizeFlag: Flag = {
  name: 'max-size',
  placeholder: 'SIZE',
  doc: 'The largest message it may send; as large as the server takes unless told.',
};
const domainsFlag: Flag = {
  name: 'to-domains',
  placeholder: 'DOMAIN,…',
  doc: 'Of other domains, those that it may send to; all unless told.',
  repeats: true,
};

/** Of `device set`. */
export const settingFlags: readonly Flag[] = [networkFlag, fromFlag, accountFlag, rateFlag, sizeFlag, domainsFlag];
/** Of `device add`. */
export const deviceFlags: readonly Flag[] = [{ ...networkFlag, essential: true }, ...settingFlags.slice(1)];

/** Takes a setting away. */
const NONE = 'none';

type Settings = Omit<NewDevice, 'name' | 'networks'>;

/** @throws UsageError */
export function newDevice(invocation: Invocation): NewDevice {
  const text = invocation.text(networkFlag.name);
  if (text === undefined) throw new UsageError('--network is missing: the address that the device connects from');
  return { name: deviceName(invocation.operands[0]), networks: networksOf(text), ...settingsOf(invocation) };
}

/** @throws UsageError */
export function changedDevice(invocation: Invocation, device: Device): NewDevice {
  const { name, from, account, rate, maxOctets, toDomains } = device;
  const text = invocation.text(networkFlag.name);
  if (settingFlags.every((flag) => invocation.text(flag.name) === undefined))
    throw new UsageError(`say what is to be changed: ${settingFlags.map((flag) => `--${flag.name}`).join(', ')}`);
  return {
    ...{ name, from, rate, maxOctets, toDomains, account: account && accountAddress(account.address) },
    networks: text === undefined ? device.networks : networksOf(text),
    ...settingsOf(invocation),
  };
}

/** Those that were said; undefined for what is to be taken away. */
function settingsOf(invocation: Invocation): Settings {
  return {
    ...said(invocation, fromFlag, 'from', sender),
    ...said(invocation, accountFlag, 'account', accountAddress),
    ...said(invocation, rateFlag, 'rate', rateOf),
    ...said(invocation, sizeFlag, 'maxOctets', (text) => valueOf(sizeFlag, bytes, text)),
    ...said(invocation, domainsFlag, 'toDomains', domainsOf),
  };
}

function said<Name extends keyof Settings>(
  invocation: Invocation,
  flag: Flag,
  name: Name,
  parse: (text: string) => Settings[Name],
): Settings {
  const text = invocation.text(flag.name);
  if (text === undefined) return {};
  return { [name]: text.toLowerCase() === NONE ? undefined : parse(text) };
}

function domainsOf(text: string): readonly string[] {
  return text.split(',').map((name) => domain(name.trim()));
}

export function deviceName(text = ''): string {
  if (!NAME.test(text))
    throw new UsageError(
      `'${text}' is no name for a device; one is letters, digits, dots and hyphens, such as scanner`,
    );
  return text;
}

/** It is sent to servers that know no other, and without asking. */
function sender(text: string): string {
  const { text: address } = envelopeAddress(text);
  if (!isAscii(address)) throw new UsageError(`--from takes an address of ASCII letters, not '${text}'`);
  return address;
}

function networksOf(text: string): readonly string[] {
  const found = valueOf(networkFlag, networks, text);
  if (found.length === 0) throw new UsageError('--network takes at least one address or subnet');
  return found;
}

function rateOf(text: string): MessageRate {
  const [, count = '', time = ''] = /^(\d{1,9})\/(.+)$/.exec(text) ?? [];
  const messages = Number(count);
  if (messages === 0) throw new UsageError(`--rate takes a number and a time such as 100/h or 10/5m, not '${text}'`);
  const periodMs = valueOf(rateFlag, longDurationMs, /^\d/.test(time) ? time : `1${time}`);
  return { messages, periodMs: Math.max(1, periodMs) };
}

function valueOf<T>({ name }: Flag, parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new UsageError(`--${name} ${error.message}`);
  }
}
