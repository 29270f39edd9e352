/** What an envelope may name: other people's addresses, as they are. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { PATH_LIMIT_BYTES, readPath } from '../../src/message/path.js';

/** `is` undefined: of no domain. */
type Row = readonly [path: string, local: string, domain?: string];

const LONG_DOMAIN = `${'aaaaaaaaa.'.repeat(25)}aaaaa`;

describe('a path', () => {
  const mailboxes: readonly Row[] = [
    ['alice@example.org', 'alice', 'example.org'],
    ['Alice@Example.ORG', 'Alice', 'example.org'],
    // Variable return paths, rewritten senders and tags.
    [
      'bounces+1-ab12-someone.with.a.long.name=sub.department.example.org@em1234.example',
      'bounces+1-ab12-someone.with.a.long.name=sub.department.example.org',
      'em1234.example',
    ],
    [`SRS0=${'x'.repeat(245)}@a.example`, `SRS0=${'x'.repeat(245)}`, 'a.example'],
    [`${'x'.repeat(1900)}@a.example`, 'x'.repeat(1900), 'a.example'],
    ['SRS1=HH=b.example==HH=TT=c.example=alice@a.example', 'SRS1=HH=b.example==HH=TT=c.example=alice', 'a.example'],
    ['prvs=0123abcd=alice@example.org', 'prvs=0123abcd=alice', 'example.org'],
    ['btv1==abc==alice@example.org', 'btv1==abc==alice', 'example.org'],
    ["!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-", 'example.org'],
    ['host!alice%a.example@example.org', 'host!alice%a.example', 'example.org'],
    // Dots in odd places.
    ['ilo-server.@example.org', 'ilo-server.', 'example.org'],
    ['taro..yamada@docomo.example', 'taro..yamada', 'docomo.example'],
    ['.alice@example.org', '.alice', 'example.org'],
    ['...@example.org', '...', 'example.org'],
    // Nothing, and what should have been quoted.
    ['""@example.org', '', 'example.org'],
    ['@example.org', '', 'example.org'],
    ['alice@@example.org', 'alice@', 'example.org'],
    ['a:b@example.org', 'a:b', 'example.org'],
    ['relay.example:alice@example.org', 'relay.example:alice', 'example.org'],
    ['a\\>b@example.org', 'a>b', 'example.org'],
    ['al\\ice@example.org', 'alice', 'example.org'],
    // Quoted, as a whole and in parts.
    ['"a b"@example.org', 'a b', 'example.org'],
    ['"a>b"@example.org', 'a>b', 'example.org'],
    ['"a<b"@example.org', 'a<b', 'example.org'],
    ['"a\\">b"@example.org', 'a">b', 'example.org'],
    ['"a@b"@example.org', 'a@b', 'example.org'],
    ['"a"."b"@example.org', 'a.b', 'example.org'],
    ['a."b c".d@example.org', 'a.b c.d', 'example.org'],
    // Domains that only a machine could love.
    ['root@web_1.example.org', 'root', 'web_1.example.org'],
    ['root@_x_._y.example', 'root', '_x_._y.example'],
    ['cron@host.example.org.', 'cron', 'host.example.org'],
    ['root@localhost.', 'root', 'localhost'],
    ['ups@192.0.2.7', 'ups', '192.0.2.7'],
    [`a@${'b'.repeat(63)}.example`, 'a', `${'b'.repeat(63)}.example`],
    [`a@${LONG_DOMAIN}`, 'a', LONG_DOMAIN],
    ['alice@[127.0.0.1]', 'alice', '[127.0.0.1]'],
    ['alice@[ipv6:2001:DB8::1]', 'alice', '[ipv6:2001:db8::1]'],
    ['élodie@bücher.example.', 'élodie', 'xn--bcher-kva.example'],
    // None.
    ['Postmaster', 'Postmaster'],
    ['root', 'root'],
    ['"a b"', 'a b'],
  ];
  for (const [path, local, domain] of mailboxes)
    it(`may be <${path}>, and stays as it is`, () => {
      const read = readPath(`<${path}> SIZE=1`);
      expect(read).to.deep.equal({
        path: { text: path, mailbox: { local, domain }, international: /[^ -~]/.test(path) },
        rest: ' SIZE=1',
      });
    });

  it('may be nobody, who is told of nothing', () => {
    for (const text of ['<>', '<<>>', '<Mailer <>>'])
      expect(readPath(text)?.path, text).to.deep.equal({ text: '', mailbox: undefined, international: false });
  });

  for (const text of [
    '<@relay.example:alice@example.org>',
    '<@a.example,@b_2.example.:alice@example.org>',
    '<@[192.0.2.1],@[IPv6:::1]:alice@example.org>',
    '<@:alice@example.org>',
    '<<alice@example.org>>',
    '< <alice@example.org> >',
    '<Alice A. <alice@example.org>>',
    '<"A, <Alice>" <alice@example.org>>',
    '<Élodie <alice@example.org>>',
  ])
    it(`is what ${text} leads to`, () =>
      expect(readPath(text)).to.deep.equal({
        path: { text: 'alice@example.org', mailbox: { local: 'alice', domain: 'example.org' }, international: false },
        rest: '',
      }));

  for (const [text, rest] of [
    ['<alice@example.org>', ''],
    ['<alice@example.org>x', 'x'],
    ['<alice@example.org>>', '>'],
    ['<> BODY=7BIT', ' BODY=7BIT'],
  ] as const)
    it(`ends in ${text} with its bracket`, () => expect(readPath(text)?.rest).to.equal(rest));

  for (const text of [
    '',
    'alice@example.org',
    ' <alice@example.org>',
    '<alice@example.org',
    '<alice@example.org\\>',
    '<"alice@example.org>',
    '<"ali"ce@example.org>',
    '<al"ice@example.org>',
    '<alice@>',
    '<@>',
    '<alice@.>',
    '<al ice@example.org>',
    '<alice,bob@example.org>',
    '<alice@example.org,bob@example.org>',
    '<alice;bob@example.org>',
    '<al(ice)@example.org>',
    '<al[ice]@example.org>',
    '<<<alice@example.org>>>',
    '<a@b.example <c@d.example> <alice@example.org>>',
    '<alice@example..org>',
    '<alice@.example.org>',
    '<alice@example.org..>',
    '<alice@-example.org>',
    '<alice@example-.org>',
    '<alice@exa!mple.org>',
    '<alice@exa mple.org>',
    '<alice@example.org:25>',
    '<alice@[127.0.0.1>',
    '<alice@[256.0.0.1]>',
    '<alice@[tag:content]>',
    '<alice@[127.0.0.1].org>',
    '<alice@x＿y＊.example>',
    '<alice@é%2e.example>',
    '<@relay.example:>',
    '<@relay.example @b.example:alice@example.org>',
    `<a@${'b'.repeat(64)}.example>`,
    `<a@${LONG_DOMAIN}a>`,
  ])
    it(`may not be ${JSON.stringify(text)}`, () => expect(readPath(text)).to.equal(undefined));

  it('holds nothing that moves a cursor or ends a line, quoted or not, in a route or in a name neither', () => {
    const codes = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, at) => 127 + at), 0x2028, 0x2029];
    for (const character of codes.map((code) => String.fromCharCode(code)))
      for (const text of [
        `<al${character}ice@example.org>`,
        `<"al${character}ice"@example.org>`,
        `<"al\\${character}ice"@example.org>`,
        `<al\\${character}ice@example.org>`,
        `<alice@exa${character}mple.org>`,
        `<@a${character}b.example:alice@example.org>`,
        `<@[${character}]:alice@example.org>`,
        `<Al${character}ice <alice@example.org>>`,
        `<"Al${character}ice" <alice@example.org>>`,
      ])
        expect(readPath(text), JSON.stringify(text)).to.equal(undefined);
  });

  it(`has up to ${PATH_LIMIT_BYTES} octets with its brackets`, () => {
    const path = (octets: number) => `<${'é'.repeat(4)}${'a'.repeat(octets - 20)}@b.example>`;
    expect(Buffer.byteLength(path(PATH_LIMIT_BYTES))).to.equal(PATH_LIMIT_BYTES);
    expect(readPath(path(PATH_LIMIT_BYTES))?.rest).to.equal('');
    expect(readPath(path(PATH_LIMIT_BYTES + 1))).to.equal(undefined);
  });

  /** Strings that look like paths more often than not. */
  const likely = fc
    .array(
      fc.oneof(
        fc.constantFrom('a', '.', '@', '"', '\\', '<', '>', '[', ']', ':', ',', '-', '_', 'IPv6:', '::1', ' ', '+'),
        fc.constantFrom('x.example', '@x.example', 'é', '。', '＿', 'xn--', '\u{1f600}', '\ud800', '\0', '\r', '\n'),
        fc.string({ unit: 'binary', maxLength: 2 }),
      ),
      { maxLength: 12 },
    )
    .map((parts) => `<${parts.join('')}>`);

  it('of any string is one or none, and one that was read is read again as the same', () => {
    fc.assert(
      fc.property(likely, (given) => {
        const path = readPath(given)?.path;
        if (path === undefined) return;
        expect(path.text).to.match(/^[^\p{Cc}\u2028\u2029]*$/u);
        expect(readPath(`<${path.text}>`)?.path.mailbox).to.deep.equal(path.mailbox);
      }),
      { numRuns: 20_000 },
    );
  });
});
