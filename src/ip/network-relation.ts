/** How two networks lie to each other. */
import { BlockList } from 'node:net';
import { readNetwork } from './networks.js';

/** `within`: the first is a part of the second. `around`: the other way about. */
export type NetworkRelation = 'same' | 'within' | 'around' | 'apart';

/** What is no network is apart from all. */
export function relationOf(one: string, other: string): NetworkRelation {
  const [first, second] = [readNetwork(one), readNetwork(other)];
  if (first === undefined || second?.family !== first.family) return 'apart';
  const [wide, narrow] = first.bits <= second.bits ? [first, second] : [second, first];
  const list = new BlockList();
  list.addSubnet(wide.address, wide.bits, wide.family);
  if (!list.check(narrow.address, narrow.family)) return 'apart';
  if (first.bits === second.bits) return 'same';
  return first === narrow ? 'within' : 'around';
}

/** One of the first that is among the others too, however it is written there. */
export function sharedNetwork(networks: readonly string[], others: readonly string[]): string | undefined {
  return networks.find((one) => others.some((other) => relationOf(one, other) === 'same'));
}
