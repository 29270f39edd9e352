/** What `device add` and `device set` take of a device: its flags, and the values behind them. */
import { bytes, longDurationMs, networks, typedDuration } from '../config/units.js';
import { isAscii } from '../message/domain.js';
import type { DeviceChange, MessageRate, NewDevice, OptionalSetting } from '../store/devices.js';
import { UsageError, type Flag, type Invocation } from './command.js';
import { accountAddress, domain, envelopeAddress } from './operand.js';
import { typedFlag } from './typed.js';

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

type Settings = Pick<DeviceChange, OptionalSetting>;

/** @throws UsageError */
export function newDevice(invocation: Invocation): NewDevice {
  const text = invocation.text(networkFlag.name);
  if (text === undefined) throw new UsageError('--network is missing: the address that the device connects from');
  return { name: deviceName(invocation.operands[0]), networks: networksOf(text), ...settingsOf(invocation) };
}

/** Of what is said alone: the store has the rest, as it is when this comes. @throws UsageError */
export function deviceChange(invocation: Invocation): DeviceChange {
  const name = deviceName(invocation.operands[0]);
  if (settingFlags.every((flag) => invocation.text(flag.name) === undefined))
    throw new UsageError(`say what is to be changed: ${settingFlags.map((flag) => `--${flag.name}`).join(', ')}`);
  const text = invocation.text(networkFlag.name);
  const without = OPTIONAL.filter(([, flag]) => isNone(invocation.text(flag.name))).map(([setting]) => setting);
  return { name, networks: text === undefined ? undefined : networksOf(text), ...settingsOf(invocation), without };
}

const OPTIONAL: readonly (readonly [setting: OptionalSetting, flag: Flag])[] = [
  ['from', fromFlag],
  ['account', accountFlag],
  ['rate', rateFlag],
  ['maxOctets', sizeFlag],
  ['toDomains', domainsFlag],
];

/** Those that were said, and are not to be taken away. */
function settingsOf(invocation: Invocation): Settings {
  const said = <T>(flag: Flag, parse: (text: string) => T): T | undefined => {
    const text = invocation.text(flag.name);
    return text === undefined || isNone(text) ? undefined : parse(text);
  };
  return {
    from: said(fromFlag, sender),
    account: said(accountFlag, accountAddress),
    rate: said(rateFlag, rateOf),
    maxOctets: said(sizeFlag, (text) => typedFlag(sizeFlag, text, bytes)),
    toDomains: said(domainsFlag, domainsOf),
  };
}

/** Takes a setting away. */
function isNone(text: string | undefined): boolean {
  return text?.toLowerCase() === 'none';
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
  const found = typedFlag(networkFlag, text, networks);
  if (found.length === 0) throw new UsageError('--network takes at least one address or subnet');
  return found;
}

function rateOf(text: string): MessageRate {
  const [, count = '', time = ''] = /^(\d{1,9})\/(.+)$/.exec(text) ?? [];
  const messages = Number(count);
  if (messages === 0) throw new UsageError(`--rate takes a number and a time such as 100/h or 10/5m, not '${text}'`);
  const periodMs = typedFlag(rateFlag, /^\d/.test(time) ? time : `1${time}`, longDurationMs);
  return { messages, periodMs: Math.max(1, periodMs) };
}

/** As it is typed. */
export function rateText({ messages, periodMs }: MessageRate): string {
  return `${messages}/${typedDuration(periodMs).replace(/^1(?=[a-z])/, '')}`;
}
