/** The narrowest of many networks, whatever their order, how they are written, and how many there are. */
import { expect } from 'chai';
import { PrefixTable } from '../../src/ip/prefix-table.js';

interface Named {
  readonly name: string;
}

function tableOf(networks: Readonly<Record<string, string>>): PrefixTable<Named> {
  return new PrefixTable(Object.entries(networks).map(([name, network]) => [network, { name }] as const));
}

describe('a table of networks', () => {
  const table = tableOf({
    everybody: '0.0.0.0/0',
    house: '192.0.2.0/24',
    scanner: '192.0.2.7',
    again: '192.0.2.7/32',
    'no bits of the host': '192.0.2.200/25',
    mapped: '::ffff:198.51.100.0/120',
    site: '2001:db8::/32',
    room: '2001:db8:0:1::/64',
    machine: '2001:db8:0:1::192.0.2.1',
    link: 'fe80::/10',
    none: 'not a network',
  });

  const cases: readonly (readonly [address: string, name: string | undefined])[] = [
    ['192.0.2.7', 'scanner'],
    ['192.0.2.8', 'house'],
    ['192.0.2.129', 'no bits of the host'],
    ['192.0.2.127', 'house'],
    ['203.0.113.1', 'everybody'],
    ['255.255.255.255', 'everybody'],
    ['198.51.100.9', 'mapped'],
    ['2001:DB8::1', 'site'],
    ['2001:db8:0:1:ffff::', 'room'],
    ['2001:db8:0:1::c000:201', 'machine'],
    ['fe80::1%eth0', 'link'],
    ['febf::1', 'link'],
    ['fec0::1', undefined],
    ['2001:db9::1', undefined],
    ['unix', undefined],
    ['', undefined],
  ];
  for (const [address, name] of cases)
    it(`has ${String(name)} for '${address}'`, () => expect(table.find(address)?.name).to.equal(name));

  it('is asked in no more time when it has thousands of networks', () => {
    const networks = Array.from({ length: 3_200 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`);
    const large = new PrefixTable(networks.map((network) => [network, { name: network }] as const));
    const beganAtMs = performance.now();
    for (let at = 0; at < 10_000; at++) expect(large.find('10.12.127.9')?.name === '10.12.127.0/24').to.equal(true);
    expect(performance.now() - beganAtMs).to.be.below(2_000); // A list would take half a minute.
  });
});
