/** What a front may say of its client, and what becomes of the peer. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Peer } from '../../src/session/channel.js';
import {
  attributeNames,
  attributes,
  forwardedPeer,
  mergeForwardedHelo,
  type Attributes,
} from '../../src/smtp/xclient-attributes.js';
import { readXtext } from '../../src/message/xtext.js';
import { peerAt } from '../support/dialogue-channel.js';

function said(text: string): Attributes {
  const read = attributes(text);
  if (!read.ok) throw new Error(`${text} is refused`);
  return read.value;
}

function peer(text: string, before: Peer = peerAt('127.0.0.1')): Peer {
  return forwardedPeer(before, said(text));
}

describe('the peer behind a front', () => {
  it('is the client in every part that was said', () =>
    expect(peer('ADDR=192.0.2.7 PORT=40000 DESTADDR=IPV6:2001:DB8::0:1 DESTPORT=25')).to.deep.equal({
      origin: 'network',
      address: '192.0.2.7',
      port: 40_000,
      localAddress: '2001:db8::1',
      localPort: 25,
      loopback: false,
      via: '127.0.0.1',
    }));

  it('is the front in every part that was not', () =>
    expect(peer('NAME=client.example')).to.deep.equal({ ...peerAt('127.0.0.1'), via: '127.0.0.1' }));

  for (const [front, text, loopback] of [
    ['127.0.0.1', 'ADDR=192.0.2.7', false],
    ['127.0.0.1', 'ADDR=[UNAVAILABLE]', false],
    ['127.0.0.1', 'ADDR=[TEMPUNAVAIL]', false],
    ['127.0.0.1', 'ADDR=127.0.0.2', true],
    ['127.0.0.1', 'ADDR=IPV6:::1', true],
    ['127.0.0.1', 'ADDR=IPV6:::ffff:127.0.0.1', true],
    ['192.0.2.1', 'ADDR=127.0.0.1', false],
    ['192.0.2.1', 'ADDR=IPV6:::1', false],
    ['127.0.0.1', 'PORT=1', true],
  ] as const)
    it(`is ${loopback ? '' : 'not '}on this machine for ${text} from ${front}`, () =>
      expect(peer(text, peerAt(front)).loopback).to.equal(loopback));

  it('does not come near again when the front says so later', () =>
    expect(peer('ADDR=127.0.0.1', peer('ADDR=192.0.2.7'))).to.include({ loopback: false, via: '127.0.0.1' }));

  it('comes from the network when its address was said, and otherwise from where its front comes from', () => {
    const front: Peer = { ...peerAt('127.0.0.1'), origin: 'unix', address: 'unix' };
    expect(peer('ADDR=192.0.2.7', front)).to.include({ origin: 'network', via: 'unix' });
    for (const text of ['ADDR=[UNAVAILABLE]', 'PORT=1'])
      expect(peer(text, front)).to.include({ origin: 'unix', address: 'unix' });
  });

  it('keeps the TLS of the front', () => {
    const security = { version: 'TLSv1.3', cipher: 'x', channelBindings: () => [] };
    expect(peer('ADDR=192.0.2.7', { ...peerAt('192.0.2.1'), security }).security).to.equal(security);
  });

  it('is an IPv4 client when its address is one in the clothes of IPv6', () =>
    expect(peer('ADDR=ipv6:::FFFF:c000:207').address).to.equal('192.0.2.7'));
});

describe('what a session keeps of XCLIENT', () => {
  it('is how the client greeted, until something else is said', () => {
    const first = mergeForwardedHelo(undefined, said('HELO=a.example PROTO=esmtp'));
    expect(first).to.deep.equal({ helo: 'a.example', extended: true });
    expect(mergeForwardedHelo(first, said('PORT=1'))).to.deep.equal(first);
    expect(mergeForwardedHelo(first, said('PROTO=SMTP'))).to.deep.equal({ helo: 'a.example', extended: false });
    expect(mergeForwardedHelo(first, said('HELO=[UNAVAILABLE]'))).to.deep.equal({ extended: true });
    expect(mergeForwardedHelo(first, said('PROTO=[TEMPUNAVAIL]'))).to.deep.equal({ helo: 'a.example' });
  });
});

describe('the attributes of XCLIENT', () => {
  it('are read or refused whole, whatever stands there', () => {
    const name = fc.oneof(fc.constantFrom(...attributeNames), fc.string({ maxLength: 5 }));
    const value = fc.oneof(fc.ipV4(), fc.ipV6(), fc.nat(70_000).map(String), fc.string({ unit: 'binary' }));
    const pair = fc.tuple(name, value).map(([left, right]) => `${left}=${right}`);
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 4 }), (pairs) => {
        const read = attributes(pairs.join(' '));
        if (!read.ok) return;
        for (const [given, meant] of read.value) {
          expect(attributeNames).to.include(given);
          // eslint-disable-next-line no-control-regex -- exactly what may not stand in a header or a log
          if (meant !== undefined) expect(meant).to.not.match(/[\x00-\x20\x7f-\x9f]/);
        }
      }),
    );
  });

  it('of more than 255 characters are refused', () => {
    expect(attributes(`HELO=${'x'.repeat(255)}`).ok).to.equal(true);
    expect(attributes(`HELO=${'x'.repeat(256)}`).ok).to.equal(false);
  });
});

describe('xtext', () => {
  for (const [text, means] of [
    ['', ''],
    ['client.example', 'client.example'],
    ['a+2Bb+3Dc', 'a+b=c'],
    ['+c3+bc', 'ü'],
    ['a+20b', 'a b'],
    ['+', undefined],
    ['+2', undefined],
    ['+2x', undefined],
    ['a b', undefined],
    ['a=b', undefined],
    ['ü', undefined],
    ['\u007f', undefined],
    ['+00', undefined],
    ['+0D+0A', undefined],
    ['+0a', undefined],
    ['+7F', undefined],
    ['+C2+85', undefined],
    ['+E2+80+A8', undefined],
    ['+C0+8A', undefined],
    ['+FF', undefined],
  ] as const)
    it(`'${text}' is ${means === undefined ? 'none' : `'${means}'`}`, () => expect(readXtext(text)).to.equal(means));
});
