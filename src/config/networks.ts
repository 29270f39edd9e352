/** Which clients are near enough to be trusted, and which addresses count as one client. */
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/** An IPv6 customer has a /64 and may use any address of it: limits per address count it as one. */
const IPV6_GROUP_FIELDS = 4;
const FIELDS = 8;

export interface Networks {
  includes(address: string): boolean;
}

/** Whether it is an address or a subnet, as `127.0.0.0/8` and `::1` are. */
export function isNetwork(entry: string): boolean {
  return add(new BlockList(), entry);
}

/** What is not a network is left out: the configuration has been checked for that. */
export function parseNetworks(entries: readonly string[]): Networks {
  const list = new BlockList();
  for (const entry of entries) add(list, entry);
  return { includes: (address) => isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') };
}

/** What limits per address count: the address itself, or the /64 of an IPv6 one. */
export function clientOf(address: string): string {
  return isIPv6(address) ? `${expand(address).slice(0, IPV6_GROUP_FIELDS).join(':')}::/64` : address;
}

function add(list: BlockList, entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const widest = family === 'ipv6' ? 128 : 32;
  const bits = prefix === undefined ? widest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
  if (rest.length > 0 || isIP(address) === 0 || !(bits <= widest)) return false;
  list.addSubnet(address, bits, family);
  return true;
}

/** The eight fields of an IPv6 address without leading zeros; an embedded IPv4 address and a zone do not matter for a /64. */
function expand(address: string): readonly string[] {
  const [plain = ''] = address.toLowerCase().split('%');
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after =
    tail === undefined || tail === '' ? [] : tail.split(':').flatMap((field) => (isIPv4(field) ? ['0', '0'] : [field]));
  const zeros = Array.from({ length: Math.max(0, FIELDS - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].map((field) => field.replace(/^0+(?=.)/, ''));
}
