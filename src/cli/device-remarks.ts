/** What an operator is to know of a device that is listed: whose networks meet its own, and what of it leads nowhere. */
import { relationOf } from '../ip/network-relation.js';
import type { Device } from '../store/devices.js';
import { envelopeAddress } from './operand.js';
import type { OutboundInForce } from './outbound-configuration.js';
import type { Administration } from './storage.js';

/** A sentence each, of the device as it is stored. */
export async function remarksOn(
  name: string,
  store: Administration,
  inForce: OutboundInForce,
): Promise<readonly string[]> {
  const all = await store.devices.listDevices();
  const device = all.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (device === undefined) return []; // Somebody has removed it since.
  const others = all.filter((one) => one !== device);
  return [...meetings(device, others), ...(await leadingNowhere(device, store)), ...reach(device, inForce)];
}

function meetings({ name, networks }: Device, others: readonly Device[]): readonly string[] {
  return others.flatMap((other) =>
    networks.flatMap((mine) =>
      other.networks.flatMap((theirs) => {
        const relation = relationOf(mine, theirs);
        if (relation === 'apart' || relation === 'same') return [];
        const [narrow, wide] = relation === 'within' ? [mine, theirs] : [theirs, mine];
        const winner = relation === 'within' ? name : other.name;
        return [`Who comes from ${narrow} is ${winner}, though ${wide} holds it too: the narrowest network counts.`];
      }),
    ),
  );
}

/** The sender hears of what cannot be delivered. */
async function leadingNowhere({ from, account }: Device, store: Administration): Promise<readonly string[]> {
  if (from === undefined) return [];
  const { kind } = await store.resolve(envelopeAddress(from).address);
  if (kind === 'local') return [];
  const target = account?.address ?? 'ACCOUNT';
  const why = kind === 'remote' ? 'is of no domain of this server' : 'has no mailbox here';
  return [
    `${from} ${why}: reports of what cannot be delivered do not reach anybody here; 'pennypost alias add ${from} ${target}' makes a name of it.`,
  ];
}

function reach({ account }: Device, { outbound, devicePort, whose }: OutboundInForce): readonly string[] {
  return [
    ...(account === undefined ? ['It reaches mailboxes here alone: --account lets it send to other domains.'] : []),
    ...(account !== undefined && outbound === 'off'
      ? [`It reaches mailboxes here alone: outbound mail is off (${whose}).`]
      : []),
    ...(account?.enabled === false
      ? [
          `It reaches mailboxes here alone: ${account.address} is disabled; 'pennypost account enable ${account.address}' changes that.`,
        ]
      : []),
    ...(devicePort === 0 ? [`Nobody listens for it: --device-port is 0 (${whose}).`] : []),
  ];
}
