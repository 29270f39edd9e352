/** `pennypost device …`: machines and programs that hand mail in at --device-port without a login, and what became of their mail. */
import type { Device } from '../store/devices.js';
import { jsonFlag, optionFlags, type Command, type Invocation, type Operand } from './command.js';
import { exit, Refusal } from './exit.js';
import { remarksOn } from './device-remarks.js';
import { deviceChange, deviceFlags, deviceName, newDevice, rateText, settingFlags } from './device-settings.js';
import { outboundInForce } from './outbound-configuration.js';
import { withExistingStore, withStore } from './storage.js';
import { moment, print, printJson, printTable } from './terminal.js';

const nameOperand: Operand = { name: 'NAME', doc: 'what it is called here, such as scanner; any case' };

async function add(invocation: Invocation): Promise<number> {
  const device = newDevice(invocation);
  const inForce = await outboundInForce(invocation);
  const remarks = await withStore(invocation.load().configuration.db, async (administration) => {
    await administration.devices.addDevice(device);
    return remarksOn(device.name, administration, inForce);
  });
  await print(`${device.name} may hand mail in from ${device.networks.join(', ')}.\n${lines(remarks)}`);
  return exit.fine;
}

async function set(invocation: Invocation): Promise<number> {
  const change = deviceChange(invocation);
  const inForce = await outboundInForce(invocation);
  const remarks = await withExistingStore(invocation.load().configuration.db, async (administration) => {
    await administration.devices.setDevice(change);
    return remarksOn(change.name, administration, inForce);
  });
  await print(`${change.name} is changed; sessions that have begun go on as they were.\n${lines(remarks)}`);
  return exit.fine;
}

/** What an operator is to know of it, a line each. */
function lines(remarks: readonly string[]): string {
  return remarks.map((remark) => `${remark}\n`).join('');
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

async function named(invocation: Invocation): Promise<Device> {
  const name = deviceName(invocation.operands[0]);
  const device = (await listed(invocation)).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (device !== undefined) return device;
  throw new Refusal(`There is no device ${name}; 'pennypost device list' shows those there are.`);
}

async function show(invocation: Invocation): Promise<number> {
  const device = await named(invocation);
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
    ['from', device.from ?? (account === undefined ? 'as it says' : `an address of ${account.address}`)],
    ['account', account === undefined ? 'none: nothing goes to other domains' : `${account.address}${disabled}`],
    ['to domains', toDomains?.join(' ') ?? 'any'],
    ['rate', rate === undefined ? 'any' : rateText(rate)],
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
    flags: [...deviceFlags, ...optionFlags('db')],
    examples: [
      'device add scanner --network 192.168.1.20',
      'device add nas --network 192.168.1.30 --account office@example.org --rate 100/h',
    ],
    run: add,
  },
  {
    words: 'device set',
    summary: 'Change what a device may do; what is not named stays, and none takes it away.',
    operands: [nameOperand],
    flags: [...settingFlags, ...optionFlags('db')],
    examples: ['device set scanner --network 192.168.1.21', 'device set nas --rate none --from nas@example.org'],
    run: set,
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
