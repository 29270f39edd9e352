import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  dateTime,
  onwardTrace,
  protocolName,
  traceHeaders,
  type CommonTrace,
  type Copy,
} from '../../src/message/received.js';

const TRACE: CommonTrace & Copy = {
  reversePath: 'bob@sender.example',
  deliveredTo: 'alice@example.org',
  client: { helo: 'client.example', address: '192.0.2.7' },
  protocol: 'ESMTP',
  hostname: 'mx.example.org',
  id: 'abc-1',
  forPath: 'staff@example.org',
  atMs: Date.UTC(2026, 1, 3, 4, 5, 6, 789),
};

function written(change: Partial<CommonTrace & Copy> = {}): string {
  const trace = { ...TRACE, ...change };
  return Buffer.from(traceHeaders(trace)(trace)).toString();
}

describe('the trace headers', () => {
  it('are Return-Path, Delivered-To and Received, each ended by CRLF', () => {
    expect(written()).to.equal(
      'Return-Path: <bob@sender.example>\r\n' +
        'Delivered-To: alice@example.org\r\n' +
        'Received: from client.example ([192.0.2.7])\r\n' +
        '\tby mx.example.org (Pennypost) with ESMTP id abc-1\r\n' +
        '\tfor <staff@example.org>; Tue, 03 Feb 2026 04:05:06 +0000\r\n',
    );
  });

  it('of what is sent on are Received alone, and name a recipient that is the only one', () => {
    const date = 'Tue, 03 Feb 2026 04:05:06 +0000\r\n';
    const onward = (forPath?: string) => Buffer.from(onwardTrace(TRACE, forPath)).toString();
    expect(onward('staff@example.org')).to.match(/ id abc-1\r\n\tfor <staff@example\.org>; Tue, [^\r]*\r\n$/);
    expect(onward()).to.equal(
      'Received: from client.example ([192.0.2.7])\r\n' +
        `\tby mx.example.org (Pennypost) with ESMTP id abc-1;\r\n\t${date}`,
    );
  });

  it('keep the null reverse-path', () => expect(written({ reversePath: '' })).to.match(/^Return-Path: <>\r\n/));

  it('hide where a client that logged in was', () =>
    expect(written({ client: undefined, protocol: 'ESMTPSA' })).to.contain(
      'Received: from mx.example.org (logged in)\r\n\tby mx.example.org (Pennypost) with ESMTPSA id abc-1\r\n',
    ));

  it('tell version and cipher of TLS', () =>
    expect(written({ security: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' } })).to.contain(
      ' with ESMTP (TLSv1.3 TLS_AES_128_GCM_SHA256) id abc-1\r\n',
    ));

  for (const [name, ...circumstances] of [
    ['SMTP'],
    ['SMTP', 'secured'],
    ['ESMTP', 'extended'],
    ['ESMTPS', 'extended', 'secured'],
    ['ESMTPA', 'extended', 'authenticated'],
    ['ESMTPSA', 'extended', 'secured', 'authenticated'],
    ['UTF8SMTP', 'extended', 'international'],
    ['UTF8SMTPS', 'extended', 'international', 'secured'],
    ['UTF8SMTPA', 'extended', 'international', 'authenticated'],
    ['UTF8SMTPSA', 'extended', 'international', 'secured', 'authenticated'],
  ] as const)
    it(`call the protocol ${name} when it is ${circumstances.join(', ') || 'none of all'}`, () => {
      const is = (word: string) => (circumstances as readonly string[]).includes(word);
      const protocol = protocolName({
        hello: { extended: is('extended') },
        international: is('international'),
        secured: is('secured'),
        authenticated: is('authenticated'),
      });
      expect(protocol).to.equal(name);
    });

  it('show an IPv6 client with its tag', () =>
    expect(written({ client: { helo: 'client.example', address: '2001:db8::1' } })).to.contain(
      ' ([IPv6:2001:db8::1])\r\n',
    ));

  it('show a client that came by a Unix socket in a comment', () =>
    expect(written({ client: { helo: 'client.example', address: 'unix' } })).to.contain(
      'Received: from client.example (unix)\r\n',
    ));

  for (const [helo, shown] of [
    ['client.example', 'client.example'],
    ['[127.0.0.1]', '[127.0.0.1]'],
    ['[IPv6:::1]', '[IPv6:::1]'],
    ['under_score-1', 'under_score-1'],
    ['büro.example', 'xn--bro-hoa.example'],
    ['a_ü b', 'a_??b'],
    ['\u{1f4ee}', 'xn--ku8h'],
    ['a(b)c', 'a?b?c'],
    ['a;b<c>"d"\\e', 'a?b?c??d??e'],
    ['a\u0085b\u009fc', 'a?b?c'],
    ['a\tb', 'a?b'],
    ['a@b', 'a?b'],
  ] as const)
    it(`show a client that calls itself ${JSON.stringify(helo)}`, () =>
      expect(written({ client: { helo, address: '192.0.2.7' } })).to.contain(
        `Received: from ${shown} ([192.0.2.7])\r\n`,
      ));

  it('show a name in UTF-8 where SMTPUTF8 was asked for, and nothing of it that is no letter, mark or digit', () => {
    const client = { helo: 'b\u00fcro\u202e\u2028.example', address: '192.0.2.7' };
    expect(written({ client, international: true })).to.contain('Received: from b\u00fcro??.example ([192.0.2.7])');
  });

  it('are ASCII without SMTPUTF8, whatever a client calls itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (helo) => {
        expect(written({ client: { helo, address: '192.0.2.7' } })).to.match(/^[\r\n\t -~]*$/);
      }),
    );
  });

  it('are five lines whatever a client calls itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (helo) => {
        const text = written({ client: { helo, address: '192.0.2.7' } });
        expect(text.split('\r\n')).to.have.length(6);
        // eslint-disable-next-line no-control-regex -- exactly what may not stand in a header
        expect(text.replaceAll('\r\n', '').replaceAll('\t', '')).to.not.match(/[\x00-\x1f\x7f-\x9f]/);
        expect(text.split('(')).to.have.length(3);
      }),
    );
  });
});

describe('a date in a header', () => {
  it('is RFC 5322 §3.3, in UTC', () => {
    expect(dateTime(0)).to.equal('Thu, 01 Jan 1970 00:00:00 +0000');
    expect(dateTime(Date.UTC(2024, 1, 29, 23, 59, 59, 999))).to.equal('Thu, 29 Feb 2024 23:59:59 +0000');
  });
});
