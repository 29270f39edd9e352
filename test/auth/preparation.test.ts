import { expect } from 'chai';
import { preparedToCompare, preparedToStore, UnfitPassword } from '../../src/auth/preparation.js';

describe('SASLprep of a password', () => {
  for (const [rule, given, prepared] of [
    ['leaves ASCII alone, case and all', 'Correct Horse!', 'Correct Horse!'],
    ['composes (RFC 4013 §3, KC)', '\u00aa \u2168', 'a IX'],
    ['drops the soft hyphen (RFC 4013 §3)', 'I\u00adX', 'IX'],
    ['makes every space a space', 'a\u00a0b\u3000c', 'a b c'],
  ] as const)
    it(rule, () => {
      expect(preparedToStore(given)).to.equal(prepared);
      expect(preparedToCompare(given)).to.equal(prepared);
    });

  for (const [what, unfit, why] of [
    ['a control character (RFC 4013 §3)', 'a\u0007b', /prohibits/],
    ['both directions of writing (RFC 4013 §3)', '\u06271', /prohibits/],
    ['a character newer than its table (RFC 4013 §2.5)', '\u{1f600}', /emoji/],
    ['nothing that counts', '\u00ad', /empty|prohibits/],
  ] as const)
    it(`refuses to store ${what}, and still compares it`, () => {
      expect(() => preparedToStore(unfit)).to.throw(UnfitPassword, why);
      expect(preparedToCompare(unfit)).to.be.a('string');
    });

  it('never repeats the password in its refusal', () => {
    expect(() => preparedToStore('hunter2\u0007'))
      .to.throw(UnfitPassword)
      .with.property('message')
      .not.include('hunter2');
  });
});
