/** `pennypost device …`: machines and programs that hand mail in at --device-port without a login, and what became of their mail. */
import { bytes, InvalidValue, longDurationMs, networks } from '../config/units.js';
import { isAscii } from '../message/domain.js';
import type { Device, MessageRate, NewDevice } from '../store/devices.js';
import {
  jsonFlag,
  optionFlags,
  UsageError,
  type Command,
  type Flag,
  type Invocation,
  type Operand,
} from './command.js';
import { exit, Refusal } from './exit.js';
import { accountAddress, domain, envelopeAddress } from './operand.js';
import { withExistingStore, withStore } from './storage.js';
import { moment, print, printJson, printTable } from './terminal.js';

const nameOperand: Operand = { name: 'NAME', doc: 'what it is called here, such as scanner; any case' };
/** It stands in Received lines and in the log. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const networkFlag: Flag = {
  name: 'network',
  placeholder: 'NETWORK,…',
  doc: 'Where it connects from: addresses or subnets. Of several devices that of the narrowest network is meant.',
  essential: true,
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

async function add(invocation: Invocation): Promise<number> {
  const device = deviceOf(invocation);
  await withStore(invocation.load().configuration.db, ({ devices }) => devices.addDevice(device));
  await print(`${device.name} may hand mail in from ${device.networks.join(', ')}.\n`);
  return exit.fine;
}

function deviceOf(invocation: Invocation): NewDevice {
  const [from, account, rate, size, domains] = [fromFlag, accountFlag, rateFlag, sizeFlag, domainsFlag].map(
    ({ name }) => invocation.text(name),
  );
  return {
    name: deviceName(invocation.operands[0]),
    networks: networksOf(invocation.text(networkFlag.name)),
    ...(from !== undefined && { from: sender(from) }),
    ...(account !== undefined && { account: accountAddress(account) }),
    ...(rate !== undefined && { rate: rateOf(rate) }),
    ...(size !== undefined && { maxOctets: valueOf(sizeFlag, bytes, size) }),
    ...(domains !== undefined && { toDomains: domains.split(',').map((name) => domain(name.trim())) }),
  };
}

function deviceName(text = ''): string {
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

function networksOf(text: string | undefined): readonly string[] {
  if (text === undefined) throw new UsageError('--network is missing: the address that the device connects from');
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

async function list(invocation: Invocation): Promise<number> {
  const devices = await listed(invocation);
  if (invocation.has(jsonFlag.name)) await printJson(devices.map(shown));
  else
    await printTable(
      ['device', 'networks', 'account', 'last mail', 'today', 'refused', 'last refusal'],
      devices.map(({ name, networks: from, account, activity }) => [
        ...[name, from.join(' '), account?.address ?? '-', moment(activity.lastMailAtMs)],
        ...[activity.acceptedToday, activity.refusedToday, activity.lastRefusal ?? '-'],
      ]),
    );
  return exit.fine;
}

function listed(invocation: Invocation): Promise<readonly Device[]> {
  return withExistingStore(invocation.load().configuration.db, ({ devices }) => devices.listDevices());
}

async function show(invocation: Invocation): Promise<number> {
  const name = deviceName(invocation.operands[0]);
  const device = (await listed(invocation)).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (device === undefined)
    throw new Refusal(`There is no device ${name}; 'pennypost device list' shows those there are.`);
  if (invocation.has(jsonFlag.name)) await printJson(shown(device));
  else await printTable(['what', 'value'], [...settingRows(device), ...activityRows(device)]);
  return exit.fine;
}

function settingRows(device: Device): readonly (readonly string[])[] {
  const { name, networks: from, account, rate, maxOctets, toDomains, createdAtMs } = device;
  const disabled = account?.enabled === false ? ' (disabled: nothing goes to other domains)' : '';
  return [
    ['device', name],
    ['networks', from.join(' ')],
    ['from', device.from ?? 'as it says'],
    ['account', account === undefined ? 'none: nothing goes to other domains' : `${account.address}${disabled}`],
    ['to domains', toDomains?.join(' ') ?? 'any'],
    ['rate', rate === undefined ? 'any' : `${rate.messages} in ${rate.periodMs / 1000} s`],
    ['largest message', maxOctets === undefined ? 'as the server takes' : `${maxOctets} octets`],
    ['added', moment(createdAtMs)],
  ];
}

function activityRows({ activity, rate }: Device): readonly (readonly string[])[] {
  const { lastMended, lastMendedAtMs, lastRefusal, lastRefusedAtMs } = activity;
  const counted = rate === undefined ? '' : `, ${activity.acceptedInPeriod} of its rate`;
  return [
    ['last mail', moment(activity.lastMailAtMs)],
    ['accepted today', `${activity.acceptedToday}${counted}`],
    ['refused today', String(activity.refusedToday)],
    ['last refused', moment(lastRefusedAtMs)],
    ['last refusal', lastRefusal ?? '-'],
    ['last mended', moment(lastMendedAtMs)],
    ['mended', lastMended.length === 0 ? '-' : lastMended.join(' ')],
  ];
}

/** What a login needs is nobody's business. */
function shown(device: Device): object {
  return { ...device, account: device.account?.address };
}

async function remove(invocation: Invocation): Promise<number> {
  const name = deviceName(invocation.operands[0]);
  await withExistingStore(invocation.load().configuration.db, ({ devices }) => devices.removeDevice(name));
  await print(`Removed ${name}: nothing is taken from it any more.\n`);
  return exit.fine;
}

export const deviceCommands: readonly Command[] = [
  {
    words: 'device add',
    summary: 'Let a scanner, NAS or program hand mail in at --device-port, known by its address.',
    operands: [nameOperand],
    flags: [networkFlag, fromFlag, accountFlag, rateFlag, sizeFlag, domainsFlag, ...optionFlags('db')],
    examples: [
      'device add scanner --network 192.168.1.20',
      'device add nas --network 192.168.1.30 --account office@example.org --rate 100/h',
    ],
    run: add,
  },
  {
    words: 'device list',
    summary: 'List the devices, and when each last sent something.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['device list', 'device list --json'],
    run: list,
  },
  {
    words: 'device show',
    summary: 'Show one device: what it may, what it sent, and what it was refused.',
    operands: [nameOperand],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['device show scanner'],
    run: show,
  },
  {
    words: 'device remove',
    summary: 'Take nothing from a device any more.',
    operands: [nameOperand],
    flags: optionFlags('db'),
    examples: ['device remove scanner'],
    run: remove,
  },
];
