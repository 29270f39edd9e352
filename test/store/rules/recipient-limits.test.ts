/** How many recipients an account may still send to, and which slots count. */
import { expect } from 'chai';
import type { OwnLimits } from '../../../src/store/recipient-limits.js';
import { limitsOf, recipientsLeft, slotsAt } from '../../../src/store/rules/recipient-limits.js';

const HOUR_MS = 3_600_000;
const AS_USUAL: OwnLimits = { perHour: 'default', perDay: 'default' };

describe('the slots that recipients are counted in', () => {
  it('cover the whole of the last hour and of the last day, wherever in a slot it is now', () => {
    for (const nowMs of [1_000 * HOUR_MS, 1_000 * HOUR_MS + 1, 1_000 * HOUR_MS + 599_999]) {
      const { present, hour, day } = slotsAt(nowMs);
      expect(slotsAt(nowMs - HOUR_MS).present).to.equal(hour);
      expect(slotsAt(nowMs - 24 * HOUR_MS).present).to.equal(day);
      expect(slotsAt(nowMs).present).to.equal(present);
      expect(slotsAt(nowMs - HOUR_MS - 600_000).present).to.be.below(hour);
    }
  });
});

describe('what is left of a limit', () => {
  it('is never less than nothing', () => {
    const use = { lastHour: 9, lastDay: 90, own: AS_USUAL };
    expect(recipientsLeft(use, { perHour: 5, perDay: 500 })).to.equal(0);
    expect(recipientsLeft(use, { perHour: 10, perDay: 50 })).to.equal(0);
  });

  it('is what is said of the account, and where nothing is, what is said of all', () => {
    const usual = { perHour: 10, perDay: 20 };
    expect(limitsOf(AS_USUAL, usual)).to.deep.equal(usual);
    expect(limitsOf({ perHour: 'none', perDay: 0 }, usual)).to.deep.equal({ perHour: undefined, perDay: 0 });
    expect(limitsOf({ perHour: 11, perDay: 'default' }, {})).to.deep.equal({ perHour: 11, perDay: undefined });
  });
});
