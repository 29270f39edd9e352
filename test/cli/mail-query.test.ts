/** What people type to search for mail: each query is understood, or refused with a sentence that names the fix. */
import { expect } from 'chai';
import { readMailQuery } from '../../src/cli/mail-query.js';
import { UsageError } from '../../src/cli/command.js';

describe('a query for mail', () => {
  const understood: readonly (readonly [string, object])[] = [
    ['invoice', { all: [[{ text: 'invoice' }]], none: [] }],
    ['  a   b ', { all: [[{ text: 'a' }], [{ text: 'b' }]], none: [] }],
    ['"terms of payment"', { all: [[{ text: 'terms of payment' }]], none: [] }],
    [
      'From:bob SUBJECT:"a b"',
      { all: [[{ field: 'from', text: 'bob' }], [{ field: 'subject', text: 'a b' }]], none: [] },
    ],
    [
      'a OR b OR to:c d',
      { all: [[{ text: 'a' }, { text: 'b' }, { field: 'to', text: 'c' }], [{ text: 'd' }]], none: [] },
    ],
    ['a "OR" or', { all: [[{ text: 'a' }], [{ text: 'OR' }], [{ text: 'or' }]], none: [] }],
    ['-spam -cc:eve x-y', { all: [[{ text: 'x-y' }]], none: [{ text: 'spam' }, { field: 'cc', text: 'eve' }] }],
    ['after:2026-01-31', { all: [], none: [], fromMs: Date.UTC(2026, 0, 31) }],
    ['before:2026', { all: [], none: [], beforeMs: Date.UTC(2026, 0, 1) }],
    ['after:2026-02 a', { all: [[{ text: 'a' }]], none: [], fromMs: Date.UTC(2026, 1, 1) }],
    ['before:2026-01-31T12:30Z', { all: [], none: [], beforeMs: Date.UTC(2026, 0, 31, 12, 30) }],
    ['larger:1KiB smaller:2MiB', { all: [], none: [], moreThanOctets: 1024, lessThanOctets: 2 * 1024 * 1024 }],
    ['has:attachment', { all: [], none: [], hasAttachment: true }],
    ['-has:Attachments', { all: [], none: [], hasAttachment: false }],
  ];
  for (const [text, query] of understood)
    it(`is understood: ${text}`, () => expect(readMailQuery(text)).to.deep.equal(query));

  it('has addresses of the web in quotation marks', () => {
    expect(readMailQuery('12:30 "http://x.example/"').all).to.have.length(2);
    expect(() => readMailQuery('https://x.example/')).to.throw(UsageError, /put it in quotation marks/);
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /nothing to search for/],
    ['   ', /nothing to search for/],
    ['"a', /has no partner/],
    ['form:bob', /'form:' is no field: there are from:, to:/],
    ['from: bob', /nothing stands behind 'from:'/],
    ['from:""', /neither a letter nor a digit/],
    ['!!!', /neither a letter nor a digit/],
    ['-', /neither a letter nor a digit/],
    ['invoic*', /leave the \* out/],
    ['OR a', /OR stands between/],
    ['a OR', /OR stands between/],
    ['a OR OR b', /OR stands between/],
    ['a OR -b', /OR stands between/],
    ['a OR has:attachment', /OR stands between/],
    ['after:yesterday', /'yesterday' is no date for after:/],
    ['after:2026-02-30', /no date/],
    ['after:2026-13', /no date/],
    ['-after:2026', /after: is the other of before:/],
    ['larger:big', /'big' is no size for larger:/],
    ['has:wings', /has:attachment can/],
    ['x'.repeat(1001), /at most 1000 characters/],
    ['x '.repeat(51), /at most 50 terms/],
  ];
  for (const [text, sentence] of refused)
    it(`is refused with the fix: ${text.slice(0, 20)}`, () =>
      expect(() => readMailQuery(text)).to.throw(UsageError, sentence));

  it('of any characters is understood or refused, in no time', () => {
    const pieces = [
      '"',
      '-',
      ':',
      'from:',
      'after:',
      'OR',
      ' ',
      '*',
      '(',
      ')',
      '\0',
      '\u001b',
      '😀',
      'ä',
      '%',
      "'",
      '{',
      '^',
    ];
    let seed = 1;
    const dice = (sides: number) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % sides;
    for (let count = 0; count < 5_000; count++) {
      const text = Array.from({ length: dice(12) }, () => pieces[dice(pieces.length)]).join('');
      try {
        readMailQuery(text);
      } catch (error) {
        expect(error).to.be.instanceOf(UsageError);
      }
    }
  });
});
