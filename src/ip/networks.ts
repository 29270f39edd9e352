/**
 * Which clients a list of networks names, and which addresses count as one client.
 * The families are kept apart: `::/0` is every IPv6 client and no IPv4 one. An IPv4 network in IPv6's clothes
 * (`::ffff:192.0.2.0/120`) is the IPv4 network, since clients of it are shown as IPv4 ones.
 */
import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';

/** An IPv6 customer has a /64 and may use any address of it: limits per address count it as one. */
const IPV6_GROUP_FIELDS = 4;
const FIELDS = 8;
const REMEMBERED = 1024;

export interface Networks {
  includes(address: string): boolean;
}

/** Whether it is an address or a subnet, as `127.0.0.0/8` and `::1` are. */
export function isNetwork(entry: string): boolean {
  return readNetwork(entry) !== undefined;
}

/** Hardly anybody lists fronts or proxies, and every connection is asked about. */
const NOWHERE: Networks = { includes: () => false };

/** What is not a network is left out: the configuration has been checked for that. */
export function parseNetworks(entries: readonly string[]): Networks {
  if (entries.length === 0) return NOWHERE;
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const entry of entries) {
    const network = readNetwork(entry);
    if (network !== undefined) lists[network.family].addSubnet(network.address, network.bits, network.family);
  }
  return remembering((address) =>
    isIPv4(address) ? lists.ipv4.check(address, 'ipv4') : isIPv6(address) && lists.ipv6.check(address, 'ipv6'),
  );
}

/** Every connection asks more than once, and most come from few clients. */
function remembering(includes: (address: string) => boolean): Networks {
  const known = new Map<string, boolean>();
  return {
    includes(address) {
      const remembered = known.get(address);
      if (remembered !== undefined) return remembered;
      if (known.size >= REMEMBERED) known.clear();
      const answer = includes(address);
      known.set(address, answer);
      return answer;
    },
  };
}

/** What limits per address count: the address itself, or the /64 of an IPv6 one. */
export function clientOf(address: string): string {
  return isIPv6(address) ? `${fieldsOf(address).slice(0, IPV6_GROUP_FIELDS).join(':')}::/64` : address;
}

export type Family = 'ipv4' | 'ipv6';

interface Network {
  readonly family: Family;
  readonly address: string;
  readonly bits: number;
}

/** Networks around an IPv6 /64, as providers hand them out, and how many times what one /64 may have is theirs together. */
const AROUND = [
  { bits: 56, times: 2 },
  { bits: 48, times: 4 },
] as const;
const FIELD_BITS = 16;

/** What limits are kept for, for a client as `clientOf` names it: the client itself, and what is around it. */
export function around(client: string): readonly { readonly network: string; readonly times: number }[] {
  const itself = { network: client, times: 1 };
  if (!client.endsWith('::/64')) return [itself];
  const fields = client.slice(0, -'::/64'.length).split(':');
  return [itself, ...AROUND.map(({ bits, times }) => ({ network: networkOf(fields, bits), times }))];
}

function networkOf(fields: readonly string[], bits: number): string {
  const kept = fields.map((field, at) => {
    const dropped = Math.min(FIELD_BITS, Math.max(0, (at + 1) * FIELD_BITS - bits));
    return ((parseInt(field, 16) >> dropped) << dropped).toString(16);
  });
  return `${kept.join(':')}::/${bits}`;
}

/** The bits in front of an IPv4 address that is written as an IPv6 one (RFC 4291 §2.5.5.2). */
const MAPPED_BITS = 96;

/** Undefined for what is no network. */
export function readNetwork(entry: string): Network | undefined {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const widest = family === 'ipv6' ? 128 : 32;
  const bits = prefix === undefined ? widest : bitsOf(prefix);
  if (rest.length > 0 || isIP(address) === 0 || address.includes('%') || !(bits <= widest)) return undefined;
  const mapped = family === 'ipv4' ? undefined : mappedAddress(address);
  if (mapped === undefined || bits < MAPPED_BITS) return { family, address, bits };
  return { family: 'ipv4', address: mapped, bits: bits - MAPPED_BITS };
}

function bitsOf(prefix: string): number {
  return /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
}

function mappedAddress(address: string): string | undefined {
  return /^::ffff:(\d.*\..*)$/.exec(new SocketAddress({ address, family: 'ipv6' }).address)?.[1];
}

/** The eight fields of an IPv6 address, without leading zeros and zone. */
export function fieldsOf(address: string): readonly string[] {
  const [plain = ''] = address.toLowerCase().split('%');
  const [head = '', tail = ''] = plain.split('::');
  const before = fieldsIn(head);
  const after = fieldsIn(tail);
  const zeros = Array.from({ length: Math.max(0, FIELDS - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after];
}

function fieldsIn(part: string): readonly string[] {
  if (part === '') return [];
  return part.split(':').flatMap((field) => (isIPv4(field) ? fieldsOfIPv4(field) : [field.replace(/^0+(?=.)/, '')]));
}

/** As it stands behind the other fields (RFC 4291 §2.2). */
function fieldsOfIPv4(address: string): readonly string[] {
  const [first = 0, second = 0, third = 0, fourth = 0] = address.split('.').map(Number);
  return [first * 256 + second, third * 256 + fourth].map((field) => field.toString(16));
}
