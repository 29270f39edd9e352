import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { isHelloName } from '../../src/message/domain.js';
import { formatAddress, parseMailbox, formatStoredAddress } from '../../src/message/mailbox.js';
import { readPath } from '../../src/message/path.js';

describe('a mailbox of ours', () => {
  const valid: readonly (readonly [text: string, local: string, domain: string])[] = [
    ['alice@example.org', 'alice', 'example.org'],
    ['Alice@Example.ORG', 'Alice', 'example.org'],
    ['a.b.c@example.org', 'a.b.c', 'example.org'],
    ["!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-", 'example.org'],
    ['alice+detail@example.org', 'alice+detail', 'example.org'],
    ['1@1.example', '1', '1.example'],
    ['alice@localhost', 'alice', 'localhost'],
    ['alice@a-b.c--d.example', 'alice', 'a-b.c--d.example'],
    ['"alice"@example.org', 'alice', 'example.org'],
    ['"a b"@example.org', 'a b', 'example.org'],
    ['"a@b"@example.org', 'a@b', 'example.org'],
    ['"a\\"b"@example.org', 'a"b', 'example.org'],
    ['"a\\\\b"@example.org', 'a\\b', 'example.org'],
    ['"a\\b"@example.org', 'ab', 'example.org'],
    ['"<>(),:;[]"@example.org', '<>(),:;[]', 'example.org'],
    ['".."@example.org', '..', 'example.org'],
    ['" "@example.org', ' ', 'example.org'],
    ['alice@[127.0.0.1]', 'alice', '[127.0.0.1]'],
    ['alice@[IPv6:::1]', 'alice', '[ipv6:::1]'],
    ['alice@[ipv6:2001:DB8::1]', 'alice', '[ipv6:2001:db8::1]'],
    ['alice@[IPv6:::ffff:192.0.2.1]', 'alice', '[ipv6:::ffff:192.0.2.1]'],
    ['élodie@example.org', 'élodie', 'example.org'],
    ['"é l"@example.org', 'é l', 'example.org'],
    ['alice@bücher.example', 'alice', 'xn--bcher-kva.example'],
    ['alice@例え.テスト', 'alice', 'xn--r8jz45g.xn--zckzah'],
    [`${'a'.repeat(64)}@example.org`, 'a'.repeat(64), 'example.org'],
    [`"${'a'.repeat(62)}"@example.org`, 'a'.repeat(62), 'example.org'],
    [`${'é'.repeat(32)}@example.org`, 'é'.repeat(32), 'example.org'],
    [`a@${'b'.repeat(63)}.example`, 'a', `${'b'.repeat(63)}.example`],
  ];
  for (const [text, local, domain] of valid)
    it(`may be ${text}`, () => expect(parseMailbox(text)).to.deep.equal({ local, domain }));

  const invalid: readonly string[] = [
    '',
    '@',
    'alice',
    'alice@',
    '@example.org',
    'alice@@example.org',
    'alice@bob@example.org',
    '.alice@example.org',
    'alice.@example.org',
    'al..ice@example.org',
    'al ice@example.org',
    ' alice@example.org',
    'alice@example.org ',
    'alice @example.org',
    'alice@ example.org',
    'al(ice)@example.org',
    'al,ice@example.org',
    'al\tice@example.org',
    'al\0ice@example.org',
    'alice\u007f@example.org',
    'alice@exa mple.org',
    'alice@example..org',
    'alice@.example.org',
    'alice@example.org.',
    'alice@-example.org',
    'alice@example-.org',
    'alice@exam_ple.org',
    'alice@exam!ple.org',
    '""@example.org',
    '"alice@example.org',
    'alice"@example.org',
    '"al"ice"@example.org',
    '"alice\\"@example.org',
    '"al"ice@example.org',
    'al"i"ce@example.org',
    '"al\nice"@example.org',
    '"al\\\u0000ice"@example.org',
    'alice@127.0.0.1]',
    'alice@[127.0.0.1',
    'alice@[]',
    'alice@[256.0.0.1]',
    'alice@[127.0.0]',
    'alice@[127.0.0.01]',
    'alice@[::1]',
    'alice@[IPv6:]',
    'alice@[IPv6:1:2:3]',
    'alice@[IPv6:12345::]',
    'alice@[IPv6:127.0.0.1]',
    'alice@[IPv6:fe80::1%lo]',
    'alice@[ 127.0.0.1 ]',
    'alice@[tag:content]',
    'alice@[127.0.0.1].org',
    '@relay.example:alice@example.org',
    '<alice@example.org>',
    `${'a'.repeat(65)}@example.org`,
    `"${'a'.repeat(63)}"@example.org`,
    `${'é'.repeat(33)}@example.org`,
    `a@${'b'.repeat(64)}.example`,
    `a@${'aaaaaaaaa.'.repeat(25)}aaaaaa`,
    `a@${'é'.repeat(60)}.example`,
    'a@xn--\u00fc.example',
    // What a mapping turns into something that is not a domain: a fullwidth low line, asterisk, and full stops.
    'a@x＿y.example',
    'a@x＊.example',
    'a@x。',
    'a@x。。y',
    'a@－x.example',
  ];
  for (const text of invalid)
    it(`may not be ${JSON.stringify(text)}`, () => expect(parseMailbox(text)).to.equal(undefined));

  it('has a domain of at most 255 octets', () => {
    const domain = `${'aaaaaaaaa.'.repeat(25)}aaaaa`;
    expect(Buffer.byteLength(domain)).to.equal(255);
    expect(parseMailbox(`a@${domain}`)).to.deep.equal({ local: 'a', domain });
    expect(parseMailbox(`a@${domain}a`)).to.equal(undefined);
  });
});

describe('a stored address', () => {
  for (const [stored, written] of [
    ['alice@example.org', 'alice@example.org'],
    ['alice+a..b.@example.org', 'alice+a..b.@example.org'],
    ['a b@example.org', '"a b"@example.org'],
    ['a"b\\@x@example.org', '"a\\"b\\\\@x"@example.org'],
    ['alice+>; x <y@example.org', '"alice+>; x <y"@example.org'],
    ['élodie@example.org', 'élodie@example.org'],
  ] as const)
    it(`is written as ${written}`, () => expect(formatStoredAddress(stored)).to.equal(written));
});

describe('a name in EHLO', () => {
  for (const name of ['example.org', 'localhost', 'a', '[127.0.0.1]', '[IPv6:::1]', 'bücher.example'])
    it(`is right as ${name}`, () => expect(isHelloName(name)).to.equal(true));
  for (const name of ['', 'under_score', '127.0.0.1]', '[127.0.0.256]', '-', 'a..b', 'a b', 'a'.repeat(256)])
    it(`is odd as ${JSON.stringify(name)}`, () => expect(isHelloName(name)).to.equal(false));
});

describe('addresses', () => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const domain = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
    fc.ipV4().map((address) => `[${address}]`),
    fc.ipV6().map((address) => `[ipv6:${address.toLowerCase()}]`),
  );
  /** Whatever a quoted string can say, within 62 octets even when everything is escaped. */
  const local = fc
    .array(fc.oneof(fc.constantFrom('"', '\\', '.', ' ', '@', '>', '+'), fc.stringMatching(/^[ -~\u00a0-\u00ff]$/)), {
      minLength: 1,
      maxLength: 31,
    })
    .map((characters) => characters.join(''));

  it('are read as they were written', () => {
    fc.assert(
      fc.property(local, domain, (name, host) => {
        const address = parseMailbox(formatAddress({ local: name, domain: host }));
        expect(address?.local).to.equal(name);
        if (!host.startsWith('[ipv6:')) expect(address?.domain).to.equal(host); // Of the ways to write it, one is kept.
        expect(address && parseMailbox(formatAddress(address))).to.deep.equal(address);
      }),
      { numRuns: 2000 },
    );
  });

  /** Strings that look like addresses more often than not. */
  const likely = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          'a',
          '.',
          '@',
          '"',
          '\\',
          '<',
          '>',
          '[',
          ']',
          ':',
          ',',
          '-',
          'IPv6:',
          '::1',
          '127.0.0.1',
          ' ',
          '+',
        ),
        fc.constantFrom('x.example', 'é', '。', '＿', 'xn--', 'ß', '\u{1f600}', '\u0301', '\ud800', '\0', '\r', '\n'),
        fc.string({ unit: 'binary', maxLength: 2 }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''));
  const text = fc.oneof(
    likely,
    likely.map((part) => `a@${part}`),
    likely.map((part) => `${part}@example.org`),
    fc.string({ unit: 'binary' }),
  );

  it('of any string are one or none: nothing throws, and what is read can be written and read again', () => {
    fc.assert(
      fc.property(text, (given) => {
        readPath(given);
        readPath(`<${given}>`);
        isHelloName(given);
        const address = parseMailbox(given);
        if (address !== undefined) expect(parseMailbox(formatAddress(address))).to.deep.equal(address);
      }),
      { numRuns: 10_000 },
    );
  });
});
