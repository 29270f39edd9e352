/** The spellings of a mailbox under which people log in, and the one that all of them mean. */
import { expect } from 'chai';
import fc from 'fast-check';
import { readLoginName } from '../../../src/store/rules/login-name.js';

describe('a login name', () => {
  for (const [written, local, domain] of [
    ['alice', 'alice', undefined],
    ['alice@example.org', 'alice', 'example.org'],
    ['Alice@EXAMPLE.org', 'Alice', 'example.org'],
    ['  alice@example.org \t', 'alice', 'example.org'],
    ['\u00a0alice\u00a0', 'alice', undefined],
    ['\ufeffalice@example.org', 'alice', 'example.org'],
    ['alice@example.org.', 'alice', 'example.org'],
    ['idn@bücher.example', 'idn', 'xn--bcher-kva.example'],
    ['idn@BÜCHER.Example', 'idn', 'xn--bcher-kva.example'],
    ['idn@bu\u0308cher.example', 'idn', 'xn--bcher-kva.example'],
    ['idn@bücher。example', 'idn', 'xn--bcher-kva.example'],
    ['idn@bücher.example.', 'idn', 'xn--bcher-kva.example'],
    ['idn@XN--BCHER-KVA.example', 'idn', 'xn--bcher-kva.example'],
    ['idn@straße.example', 'idn', 'xn--strae-oqa.example'],
    ['用户@例え.jp', '用户', 'xn--r8jz45g.jp'],
    ['"alice"@example.org', 'alice', 'example.org'],
    ['"al\\ice"@example.org', 'alice', 'example.org'],
    ['"john smith"@Example.org', 'john smith', 'example.org'],
    ['john smith@example.org', 'john smith', 'example.org'],
    ['"a@b"@example.org', 'a@b', 'example.org'],
    ['a@b@example.org', 'a@b', 'example.org'],
    ['"a@b"', 'a@b', undefined],
    ['"\\"x\\""@example.org', '"x"', 'example.org'],
    ['"  "@example.org', '  ', 'example.org'],
    ['"open@example.org', '"open', 'example.org'],
    ['"a"b@example.org', '"a"b', 'example.org'],
    ['alice@', 'alice', ''],
    ['"alice"@', 'alice', ''],
    ['@example.org', '', 'example.org'],
    ['', '', undefined],
    ['  ', '', undefined],
    ['alice@ü b', 'alice', 'ü b'],
    ['alice@[IPv6:::1]', 'alice', '[ipv6:::1]'],
  ] as const)
    it(`'${written}' is ${local} at ${domain ?? 'the first domain'}`, () => {
      expect(readLoginName(written)).to.deep.equal({ local, domain });
    });

  it('is read from anything, and means the same when it is written as it was read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const { local, domain } = readLoginName(text);
        const quoted = `"${local.replace(/["\\]/g, '\\$&')}"${domain === undefined ? '' : `@${domain}`}`;
        expect(readLoginName(quoted).local).to.equal(local);
      }),
    );
  });

  it('takes no longer than its length, whatever it is made of', () => {
    for (const part of ['"', '\\', '"\\', '@', '"@', ' ', 'ü', '\\"', 'xn--', '.'])
      expect(readLoginName(part.repeat(4_000).slice(0, 4_000)).local).to.be.a('string');
  });
});
