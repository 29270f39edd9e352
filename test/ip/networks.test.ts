/** Networks of both families, and what counts as one client. */
import { expect } from 'chai';
import fc from 'fast-check';
import { around, clientOf, isNetwork, parseNetworks } from '../../src/ip/networks.js';
import { isLoopback, plainAddress } from '../../src/ip/address.js';

const within: readonly (readonly [network: string, inside: readonly string[], outside: readonly string[]])[] = [
  ['127.0.0.1', ['127.0.0.1'], ['127.0.0.2', '::1', '']],
  ['127.0.0.0/8', ['127.0.0.1', '127.255.255.255'], ['128.0.0.1', '126.255.255.255']],
  ['10.1.2.3/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0']],
  ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127']],
  ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::', '::1', 'fe80::1']],
  ['::/0', ['::', '::1', 'ffff::'], ['0.0.0.0', '127.0.0.1']],
  ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['::', '::2', '127.0.0.1']],
  ['FD00::/8', ['fd00::1', 'fdff:ffff::1'], ['fe00::', 'fc00::']],
  ['2001:db8::/65', ['2001:db8::7fff:0:0:0'], ['2001:db8::8000:0:0:0']],
  ['fe80::/10', ['fe80::1', 'febf::1'], ['fec0::1']],
  ['::ffff:192.0.2.0/120', ['192.0.2.7'], ['192.0.3.7', '::1']],
  ['::ffff:192.0.2.7', ['192.0.2.7'], ['192.0.2.8']],
  ['::ffff:c000:207', ['192.0.2.7'], ['192.0.2.8']],
];

describe('networks', () => {
  for (const [network, inside, outside] of within)
    it(`${network} holds ${inside.join(', ')} and not ${outside.join(', ')}`, () => {
      expect(isNetwork(network)).to.equal(true);
      const networks = parseNetworks(['198.51.100.1', network]);
      for (const address of inside) expect(networks.includes(address), address).to.equal(true);
      for (const address of outside) expect(networks.includes(address), address).to.equal(false);
    });

  for (const entry of [
    ...['', 'none', '/', '/8', '10/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/ 8'],
    ...[
      '010.0.0.0',
      '10.0.0.256',
      '::/129',
      '::1/1e1',
      'fe80::1%eth0',
      'fe80::%eth0/10',
      '[::1]',
      'example.org',
      '1::2::3',
    ],
  ])
    it(`'${entry}' is none`, () => expect(isNetwork(entry)).to.equal(false));
});

describe('a client of the limits per address', () => {
  for (const [address, client] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001:0db8:00a0::1', '2001:db8:a0:0::/64'],
    ['1:2:3::', '1:2:3:0::/64'],
    ['1:2:3:4:5:6:192.0.2.7', '1:2:3:4::/64'],
    ['::5:6:7:8', '0:0:0:0::/64'],
  ] as const)
    it(`is ${client} for ${address}`, () => expect(clientOf(address)).to.equal(client));

  it('is one for all of a /64 and another for the next, however an address is written', () => {
    const field = fc.nat(0xffff);
    fc.assert(
      fc.property(fc.tuple(field, field, field, field), field, field, (network, one, two) => {
        const hex = (fields: readonly number[]) => fields.map((each) => each.toString(16)).join(':');
        const client = `${hex(network)}::/64`;
        for (const host of [one, two]) expect(clientOf(`${hex(network)}:0:0:${hex([host, one])}`)).to.equal(client);
        const next = network.with(3, network[3] ^ 1);
        expect(clientOf(`${hex(next)}::1`)).to.not.equal(client);
      }),
    );
  });
});

describe('an address as text', () => {
  for (const [address, plain, loopback] of [
    ['127.0.0.1', '127.0.0.1', true],
    ['127.9.9.9', '127.9.9.9', true],
    ['::ffff:127.0.0.1', '127.0.0.1', true],
    ['::FFFF:192.0.2.7', '192.0.2.7', false],
    ['::1', '::1', true],
    ['::1%lo', '::1', true],
    ['fe80::1%eth0', 'fe80::1', false],
    ['::127.0.0.1', '::127.0.0.1', false],
    ['::12', '::12', false],
    ['12.7.0.1', '12.7.0.1', false],
    ['', '', false],
  ] as const)
    it(`'${address}' is '${plain}'${loopback ? ', on this machine' : ''}`, () => {
      expect(plainAddress(address)).to.equal(plain);
      expect(isLoopback(plain)).to.equal(loopback);
    });
});

describe('what is around a client', () => {
  it('is a /56 and a /48 of IPv6, each for more sessions, and nothing of IPv4', () => {
    expect(around(clientOf('2001:db8:7:12ab::1'))).to.deep.equal([
      { network: '2001:db8:7:12ab::/64', times: 1 },
      { network: '2001:db8:7:1200::/56', times: 2 },
      { network: '2001:db8:7:0::/48', times: 4 },
    ]);
    expect(around(clientOf('192.0.2.7'))).to.deep.equal([{ network: '192.0.2.7', times: 1 }]);
  });
});
