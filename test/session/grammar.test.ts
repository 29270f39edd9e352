import { expect } from 'chai';
import {
  anything,
  because,
  decimal,
  nothing,
  optional,
  parsed,
  unparsed,
  word,
  type Grammar,
} from '../../src/session/grammar.js';
import { messageNumber, numberAndLines, text } from '../../src/pop3/grammar.js';

/** `undefined` as expectation: refused. */
function reads<A>(name: string, grammar: Grammar<A>, cases: readonly (readonly [string, unknown])[]): void {
  describe(`grammar: ${name}`, () => {
    for (const [argument, value] of cases)
      it(value === undefined ? `refuses ${JSON.stringify(argument)}` : `reads ${JSON.stringify(argument)}`, () => {
        const read = grammar(argument);
        if (value === undefined) expect(read.ok).to.equal(false);
        else expect(read).to.deep.equal({ ok: true, value });
      });
  });
}

reads('a word', word, [
  ['alice', 'alice'],
  ['', undefined],
  ['two words', undefined],
  ['two\twords', undefined],
]);

reads('anything', anything, [
  ['', ''],
  [' two  words ', ' two  words '],
]);

reads('a text', text, [
  ['', undefined],
  ['a b', 'a b'],
]);

reads('a message number', messageNumber, [
  ['1', 1],
  ['0', 0],
  ['007', 7],
  ['9999999999', 9_999_999_999],
  ['99999999999', undefined],
  ['', undefined],
  [' 1', undefined],
  ['1 2', undefined],
  ['+1', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['0x1', undefined],
  ['١', undefined],
  ['one', undefined],
]);

reads('a message number and lines', numberAndLines, [
  ['1 0', { number: 1, lines: 0 }],
  ['3  10', { number: 3, lines: 10 }],
  ['3\t10', { number: 3, lines: 10 }],
  ['3 \t 10', { number: 3, lines: 10 }],
  ['1', undefined],
  ['1 0 0', undefined],
  ['1 -1', undefined],
  ['x 1', undefined],
  ['', undefined],
]);

reads('a number that may be absent', optional(messageNumber), [
  ['5', 5],
  ['x', undefined],
]);

describe('grammar: nothing', () => {
  it('takes nothing', () => expect(nothing('').ok).to.equal(true));
  for (const argument of ['x', ' x', '\u00a0']) {
    it(`refuses ${JSON.stringify(argument)}`, () => expect(nothing(argument).ok).to.equal(false));
  }
});

describe('grammar: what is absent', () => {
  it('is undefined, and read', () => expect(optional(word)('')).to.deep.equal(parsed(undefined)));
  it('differs from what is refused', () => expect(unparsed).to.deep.equal({ ok: false }));
  it('may say why', () => expect(because('Say whom')).to.deep.equal({ ok: false, why: 'Say whom' }));
});

describe('grammar: a decimal', () => {
  for (const [digits, most, value] of [
    ['0', 1, 0],
    ['12', 2, 12],
    ['123', 2, undefined],
    ['', 2, undefined],
    ['1 ', 2, undefined],
    ['a', 2, undefined],
    ['٣', 2, undefined],
  ] as const)
    it(`${JSON.stringify(digits)} of at most ${most} digits is ${value ?? 'refused'}`, () =>
      expect(decimal(digits, most)).to.equal(value));
});
