/** Commands that do nothing: a hundred are free, then each waits, and who does not wait is told to go. */
import { expect } from 'chai';
import { JunkCount } from '../../src/session/junk.js';

const limits = { quickJunk: 100, junkDelayMs: 5, hastyJunkDelayMs: 100, hastyJunkLimit: 100 };

function delays(junk: JunkCount, times: number, hasty: boolean): readonly number[] {
  return Array.from({ length: times }, () => junk.delayMs(hasty));
}

describe('commands that do nothing', () => {
  it('are free a hundred times', () => {
    expect(new Set(delays(new JunkCount(limits), 100, true))).to.deep.equal(new Set([0]));
  });

  it('wait a moment from then on, and never end a session that waits for each answer', () => {
    const junk = new JunkCount(limits);
    delays(junk, 110, false);
    expect(new Set(delays(junk, 10_000, false))).to.deep.equal(new Set([5]));
    expect(junk.isTooMuch).to.equal(false);
  });

  it('wait long, and then are too much, when more is sent before they are answered', () => {
    const junk = new JunkCount(limits);
    delays(junk, 110, false);
    expect(new Set(delays(junk, 100, true))).to.deep.equal(new Set([100]));
    expect(junk.isTooMuch).to.equal(false);
    junk.delayMs(true);
    expect(junk.isTooMuch).to.equal(true);
  });

  it('are forgiven by useful work', () => {
    const junk = new JunkCount(limits);
    for (let message = 0; message < 1000; message++) {
      expect(delays(junk, 50, true)).to.deep.equal(new Array(50).fill(0));
      junk.forgive();
    }
  });
});
