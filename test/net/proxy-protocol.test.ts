/** The PROXY protocol's header: what is one, what never becomes one, and that it does not matter how it was cut. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { readProxyHeader, V1_LIMIT_BYTES, V2_LIMIT_BYTES, type ProxyReading } from '../../src/net/proxy-protocol.js';
import { proxyV1, proxyV2, V2 } from '../support/proxy-headers.js';

const BEHIND = Buffer.from('EHLO client.example\r\n');

/** What is known of a stream after each of its bytes, and at last of all of it with something behind. */
function readings(header: Buffer): { readonly before: readonly ProxyReading[]; readonly last: ProxyReading } {
  const before = Array.from(header, (_, length) => readProxyHeader(header.subarray(0, length)));
  const last = readProxyHeader(Buffer.concat([header, BEHIND]));
  expect(readProxyHeader(header), 'the same with nothing behind').to.deep.equal(last);
  return { before, last };
}

function proxied(from: string, fromPort: number, to: string, toPort: number) {
  return { kind: 'proxied', client: { address: from, port: fromPort }, server: { address: to, port: toPort } };
}

const right: readonly (readonly [rule: string, header: Buffer, means: object])[] = [
  [
    'TCP4 of version 1',
    proxyV1('TCP4 192.0.2.7 198.51.100.1 40000 25'),
    proxied('192.0.2.7', 40_000, '198.51.100.1', 25),
  ],
  [
    'the widest of version 1',
    proxyV1('TCP4 255.255.255.255 255.255.255.255 65535 65535'),
    proxied('255.255.255.255', 65_535, '255.255.255.255', 65_535),
  ],
  ['the narrowest of version 1', proxyV1('TCP6 :: :: 0 0'), proxied('::', 0, '::', 0)],
  [
    'TCP6 of version 1, in any way of writing',
    proxyV1('TCP6 2001:DB8:0:0:0:0:0:07 2001:db8::1 1 2'),
    proxied('2001:db8::7', 1, '2001:db8::1', 2),
  ],
  [
    'an IPv4 address in IPv6 of version 1',
    proxyV1('TCP6 ::ffff:192.0.2.7 ::FFFF:c633:6401 1 2'),
    proxied('192.0.2.7', 1, '198.51.100.1', 2),
  ],
  ['UNKNOWN of version 1', proxyV1('UNKNOWN'), { kind: 'unknown' }],
  ['UNKNOWN with anything behind', proxyV1('UNKNOWN 1 %% TCP4'), { kind: 'unknown' }],
  [
    'the longest line of version 1',
    proxyV1(`UNKNOWN ${'f'.repeat(V1_LIMIT_BYTES - 'PROXY UNKNOWN \r\n'.length)}`),
    { kind: 'unknown' },
  ],
  [
    'TCP4 of version 2',
    proxyV2(V2.proxy, V2.tcp4, [192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 0, 25]),
    proxied('192.0.2.7', 40_000, '198.51.100.1', 25),
  ],
  [
    'TCP6 of version 2',
    proxyV2(V2.proxy, V2.tcp6, [...ipv6(0x20, 1, 0x0d, 0xb8, 7), ...ipv6(0xfe, 0x80, 0, 0, 1), 0, 1, 0xff, 0xff]),
    proxied('2001:db8::7', 1, 'fe80::1', 65_535),
  ],
  [
    'an IPv4 address in IPv6 of version 2',
    proxyV2(V2.proxy, V2.tcp6, [...mapped(192, 0, 2, 7), ...mapped(192, 0, 2, 1), 0, 1, 0, 2]),
    proxied('192.0.2.7', 1, '192.0.2.1', 2),
  ],
  [
    'version 2 with more behind the addresses',
    proxyV2(V2.proxy, V2.tcp4, [192, 0, 2, 7, 192, 0, 2, 1, 0, 1, 0, 2, 0x04, 0, 3, 1, 2, 3]),
    proxied('192.0.2.7', 1, '192.0.2.1', 2),
  ],
  [
    'the longest of version 2',
    proxyV2(V2.proxy, V2.tcp4, [192, 0, 2, 7, 192, 0, 2, 1, 0, 1, 0, 2, ...zeros(V2_LIMIT_BYTES - 12)]),
    proxied('192.0.2.7', 1, '192.0.2.1', 2),
  ],
  ['LOCAL of version 2', proxyV2(V2.local, V2.unspecified), { kind: 'local' }],
  ['LOCAL whatever its family', proxyV2(V2.local, 0xee, [1, 2, 3]), { kind: 'local' }],
  ['an unspecified family', proxyV2(V2.proxy, V2.unspecified, [9]), { kind: 'unknown' }],
  ['a Unix socket', proxyV2(V2.proxy, V2.unix, zeros(216)), { kind: 'unknown' }],
];

/** Each is wrong at its last byte here, and was not before. */
const wrong: readonly (readonly [rule: string, bytes: Buffer])[] = [
  ['a command of SMTP', Buffer.from('E')],
  ['a TLS handshake', Buffer.from([0x16])],
  ['a word that begins alike', Buffer.from('PROXX')],
  ['the mark in lower case', Buffer.from('p')],
  ['the mark of version 2 with one byte changed', Buffer.from('\r\n\r\n\0\r\nQUIX', 'latin1')],
  ['a line of version 1 that is too long', Buffer.from(`PROXY UNKNOWN ${'f'.repeat(93)}`)],
  ['a line whose CRLF comes too late', Buffer.from(`PROXY UNKNOWN ${'f'.repeat(92)}\r`)],
  ['version 0', Buffer.concat([proxyV2(0x01, V2.tcp4)])],
  ['version 3', Buffer.concat([proxyV2(0x31, V2.tcp4)])],
  ['a command of version 2 that there is not', proxyV2(0x22, V2.tcp4)],
  ['UDP over IPv4', proxyV2(V2.proxy, 0x12)],
  ['UDP over IPv6', proxyV2(V2.proxy, 0x22)],
  ['a datagram of a Unix socket', proxyV2(V2.proxy, 0x32)],
  ['a family that there is not', proxyV2(V2.proxy, 0x41)],
  ['TCP over an unspecified family', proxyV2(V2.proxy, 0x01)],
  ['a length below that of two IPv4 addresses', proxyV2(V2.proxy, V2.tcp4, zeros(11)).subarray(0, 16)],
  ['a length below that of two IPv6 addresses', proxyV2(V2.proxy, V2.tcp6, zeros(35)).subarray(0, 16)],
  ['a length below that of two paths', proxyV2(V2.proxy, V2.unix, zeros(215)).subarray(0, 16)],
  ['a length above the limit', proxyV2(V2.proxy, V2.tcp4, zeros(V2_LIMIT_BYTES + 1)).subarray(0, 16)],
  ['a LOCAL above the limit', proxyV2(V2.local, V2.tcp4, zeros(V2_LIMIT_BYTES + 1)).subarray(0, 16)],
  ...['\0', '\n', '\x7f', '\xe9', '\t'].map((odd): readonly [string, Buffer] => [
    `${JSON.stringify(odd)} in a line of version 1`,
    Buffer.from(`PROXY UNKNOWN a${odd}`, 'latin1'),
  ]),
  ['a CR without its LF', Buffer.from('PROXY UNKNOWN\rx')],
  ...[
    '',
    ' UNKNOWN',
    'UNKNOWNS',
    'unknown',
    'TCP4',
    'TCP5 192.0.2.7 192.0.2.1 1 2',
    'tcp4 192.0.2.7 192.0.2.1 1 2',
    'UDP4 192.0.2.7 192.0.2.1 1 2',
    'TCP4 192.0.2.7 192.0.2.1 1',
    'TCP4 192.0.2.7 192.0.2.1 1 2 3',
    'TCP4 192.0.2.7 192.0.2.1 1 2 ',
    'TCP4  192.0.2.7 192.0.2.1 1 2',
    'TCP4 192.0.2.7 192.0.2.1 1  2',
    'TCP4 192.0.2.07 192.0.2.1 1 2',
    'TCP4 192.0.2.256 192.0.2.1 1 2',
    'TCP4 192.0.2 192.0.2.1 1 2',
    'TCP4 ::1 192.0.2.1 1 2',
    'TCP4 192.0.2.7 localhost 1 2',
    'TCP6 192.0.2.7 192.0.2.1 1 2',
    'TCP6 ::1 ::1::1 1 2',
    'TCP6 ::1%lo ::1 1 2',
    'TCP6 [::1] ::1 1 2',
    'TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2',
    'TCP6 ::ffff:192.0.2.07 ::1 1 2',
    ...['00', '01', '65536', '99999', '100000', '-1', '+1', '1.0', '1e3', '0x1', 'smtp'].flatMap((port) => [
      `TCP4 192.0.2.7 192.0.2.1 ${port} 2`,
      `TCP4 192.0.2.7 192.0.2.1 1 ${port}`,
    ]),
  ].map((text): readonly [string, Buffer] => [`'PROXY ${text}'`, proxyV1(text)]),
];

function ipv6(a: number, b: number, c: number, d: number, last: number): readonly number[] {
  return [a, b, c, d, ...zeros(11), last];
}

function mapped(...address: readonly number[]): readonly number[] {
  return [...zeros(10), 0xff, 0xff, ...address];
}

function zeros(count: number): readonly number[] {
  return Array.from({ length: count }, () => 0);
}

describe('the PROXY header', () => {
  for (const [rule, header, means] of right)
    it(`${rule} is read, and not before its last byte`, () => {
      const { before, last } = readings(header);
      expect(last).to.deep.equal({ ...means, bytes: header.length });
      expect(new Set(before)).to.deep.equal(new Set(['more']));
    });

  for (const [rule, bytes] of wrong)
    it(`${rule} is refused, at the first byte that shows it`, () => {
      const { before, last } = readings(bytes);
      expect(last).to.equal('wrong');
      expect(new Set(before.filter((reading) => reading !== 'more'))).to.deep.equal(new Set());
    });

  it('is what it says, for any addresses and ports, in both versions and both families', () => {
    const port = fc.nat(0xffff);
    const endpoints = fc.oneof(
      fc.tuple(fc.constant('TCP4' as const), fc.ipV4(), fc.ipV4(), port, port),
      fc.tuple(fc.constant('TCP6' as const), fc.ipV6(), fc.ipV6(), port, port),
    );
    fc.assert(
      fc.property(endpoints, ([family, from, to, fromPort, toPort]) => {
        const line = `${family} ${from} ${to} ${fromPort} ${toPort}`;
        const reading = readProxyHeader(proxyV1(line));
        if (typeof reading === 'string' || reading.kind !== 'proxied') return expect.fail(`not read: ${line}`);
        expect([reading.client.port, reading.server.port]).to.deep.equal([fromPort, toPort]);
        const again = readProxyHeader(V2.of(reading.client, reading.server));
        expect(again).to.deep.include({ client: reading.client, server: reading.server });
      }),
    );
  });

  it('never takes bytes that it was not given, and never changes its mind', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.concat([Buffer.from('PROXY '), bytes])),
      fc
        .tuple(fc.constantFrom(0x20, 0x21, 0x11, 0x22), fc.constantFrom(0, 0x11, 0x21, 0x31, 0x12), fc.nat(40))
        .map(([command, family, length]) => proxyV2(command, family, zeros(length))),
    );
    fc.assert(
      fc.property(noise, (bytes) => {
        let settled: ProxyReading | undefined;
        for (let length = 0; length <= bytes.length; length++) {
          const reading = readProxyHeader(bytes.subarray(0, length));
          if (settled !== undefined) expect(reading).to.deep.equal(settled);
          else if (reading !== 'more') settled = reading;
          if (typeof reading !== 'string') expect(reading.bytes).to.be.at.most(length);
        }
      }),
    );
  });
});
