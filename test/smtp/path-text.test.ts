import { expect } from 'chai';
import { withBrackets } from '../../src/smtp/path-text.js';

describe('how a path is spelled', () => {
  for (const [text, spelled] of [
    ['<a@b>', '<a@b>'],
    ['<a@b> SIZE=1', '<a@b> SIZE=1'],
    ['<a@b>x', '<a@b>x'],
    ['<>', '<>'],
    ['< >', '<>'],
    ['< \t> SIZE=1', '<> SIZE=1'],
    ['< a@b\t>', '<a@b>'],
    ['<a @ b>', '<a@b>'],
    ['<a b@c>', '<a b@c>'],
    ['<"a b" @c>', '<"a b"@c>'],
    ['<"a > b"@c> X', '<"a > b"@c> X'],
    ['<"a\\" > b"@c>', '<"a\\" > b"@c>'],
    ['<" a "@c>', '<" a "@c>'],
    ['<a@b> <c@d>', '<a@b> <c@d>'],
    ['<<a@b>>', '<<a@b>>'],
    ['a@b', '<a@b>'],
    ['a@b SIZE=1', '<a@b> SIZE=1'],
    ['a@b\tSIZE=1', '<a@b>\tSIZE=1'],
    ['"a b"@c X', '<"a b"@c> X'],
    ['a@b>', '<a@b>>'],
    ['a', '<a>'],
    ['<a@b\u00a0>', '<a@b\u00a0>'],
    ['<"a@b">', '<a@b>'],
    ['<" a @ b ">', '<a@b>'],
    ['"a@b" SIZE=1', '<a@b> SIZE=1'],
    ['<"a">', '<"a">'],
    ['"<a@b>"', '<"<a@b>">'],
    ['<"a@b"@c>', '<"a@b"@c>'],
    ['<"a@b"."c@d">', '<"a@b"."c@d">'],
    ['<"a\\@b">', '<"a\\@b">'],
    ['<a@b;>', '<a@b>'],
    ['<a@b , >', '<a@b>'],
    ['<"a@b";>', '<a@b>'],
    ['<a,b@c>', '<a,b@c>'],
    ['<;>', '<;>'],
    ['<a@b>;', '<a@b>'],
    ['<a@b>, SIZE=1', '<a@b> SIZE=1'],
    ['<a@b>;SIZE=1', '<a@b>;SIZE=1'],
    ['<a@b>,<c@d>', '<a@b>,<c@d>'],
    ['<"a;"@b>', '<"a;"@b>'],
    ['a@b;', '<a@b>'],
    ['a@b,c@d', '<a@b,c@d>'],
    ['a@b,\tSIZE=1', '<a@b>\tSIZE=1'],
    [';', '<;>'],
  ] as const)
    it(`makes ${JSON.stringify(spelled)} of ${JSON.stringify(text)}`, () =>
      expect(withBrackets(text)).to.equal(spelled));

  for (const text of ['', '<', '<a@b', '<"a@b>', '<a@b SIZE=1'])
    it(`refuses ${JSON.stringify(text)}`, () => expect(withBrackets(text)).to.equal(undefined));
});
