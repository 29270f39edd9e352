/** What an operator is to know of a device that is listed: whose networks meet its own, and what of it leads nowhere. */
import { relationOf } from '../ip/network-relation.js';
import type { Device, NewDevice } from '../store/devices.js';
import { Refusal } from './exit.js';
import { envelopeAddress } from './operand.js';
import type { OutboundInForce } from './outbound-configuration.js';
import type { Administration } from './storage.js';

/** A sentence each. @throws Refusal where another device has the same network: nobody could tell them apart */
export async function remarksOn(
  device: NewDevice,
  store: Administration,
  inForce: OutboundInForce,
): Promise<readonly string[]> {
  const others = (await store.devices.listDevices()).filter(
    ({ name }) => name.toLowerCase() !== device.name.toLowerCase(),
  );
  return [...meetings(device, others), ...(await leadingNowhere(device, store)), ...reach(device, inForce)];
}

function meetings({ name, networks }: NewDevice, others: readonly Device[]): readonly string[] {
  return others.flatMap((other) =>
    networks.flatMap((mine) =>
      other.networks.flatMap((theirs) => {
        const relation = relationOf(mine, theirs);
        if (relation === 'same')
          throw new Refusal(
            `${mine} is that of the device ${other.name} already; 'pennypost device set ${other.name} --network' gives that one another.`,
          );
        if (relation === 'apart') return [];
        const [narrow, wide] = relation === 'within' ? [mine, theirs] : [theirs, mine];
        const winner = relation === 'within' ? name : other.name;
        return [`Who comes from ${narrow} is ${winner}, though ${wide} holds it too: the narrowest network counts.`];
      }),
    ),
  );
}

/** The sender hears of what cannot be delivered. */
async function leadingNowhere({ from, account }: NewDevice, store: Administration): Promise<readonly string[]> {
  if (from === undefined) return [];
  const { kind } = await store.resolve(envelopeAddress(from).address);
  if (kind === 'local') return [];
  const target = account === undefined ? 'ACCOUNT' : `${account.local}@${account.domain}`;
  const why = kind === 'remote' ? 'is of no domain of this server' : 'has no mailbox here';
  return [
    `${from} ${why}: reports of what cannot be delivered do not reach anybody here; 'pennypost alias add ${from} ${target}' makes a name of it.`,
  ];
}

function reach({ account }: NewDevice, { outbound, devicePort, whose }: OutboundInForce): readonly string[] {
  return [
    ...(account === undefined ? ['It reaches mailboxes here alone: --account lets it send to other domains.'] : []),
    ...(account !== undefined && outbound === 'off'
      ? [`It reaches mailboxes here alone: outbound mail is off (${whose}).`]
      : []),
    ...(devicePort === 0 ? [`Nobody listens for it: --device-port is 0 (${whose}).`] : []),
  ];
}
