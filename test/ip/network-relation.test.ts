/** How two networks lie to each other. */
import { expect } from 'chai';
import { relationOf, type NetworkRelation } from '../../src/ip/network-relation.js';

describe('two networks', () => {
  const cases: readonly (readonly [one: string, other: string, relation: NetworkRelation])[] = [
    ['192.168.1.20', '192.168.1.20/32', 'same'],
    ['192.168.1.20/24', '192.168.1.0/24', 'same'],
    ['192.168.1.20', '192.168.1.0/24', 'within'],
    ['192.168.0.0/16', '192.168.1.0/24', 'around'],
    ['192.168.1.0/24', '192.168.2.0/24', 'apart'],
    ['fd00::1', 'fd00::/64', 'within'],
    ['::/0', '192.168.1.0/24', 'apart'],
    ['::ffff:192.168.1.0/120', '192.168.1.0/24', 'same'],
    ['nonsense', '::1', 'apart'],
  ];
  for (const [one, other, relation] of cases)
    it(`${one} and ${other} are ${relation}`, () => expect(relationOf(one, other)).to.equal(relation));
});
