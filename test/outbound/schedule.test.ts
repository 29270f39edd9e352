import { expect } from 'chai';
import { Schedule, type ScheduleOptions } from '../../src/outbound/schedule.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OPTIONS: ScheduleOptions = {
  minimalBackoff: 5 * MINUTE_MS,
  maximalBackoff: 4 * HOUR_MS,
  queueLifetime: 120 * HOUR_MS,
  delayWarning: 4 * HOUR_MS,
};

describe('the schedule of attempts', () => {
  const waits = (random: () => number, attempts: readonly number[]) =>
    attempts.map((each) => new Schedule(OPTIONS, random).nextAttemptAtMs(each, { nowMs: 0, expiresAtMs: Infinity }));

  it('waits twice as long each time, up to the longest wait', () => {
    const minutes = waits(() => 0.5, [1, 2, 3, 4, 5, 6, 7, 100, 1e9]).map((ms) => ms / MINUTE_MS);
    expect(minutes).to.deep.equal([5, 10, 20, 40, 80, 160, 240, 240, 240]);
  });

  it('spreads each wait by a tenth', () => {
    expect(waits(() => 0, [1])).to.deep.equal([4.5 * MINUTE_MS]);
    expect(waits(() => 1, [1])).to.deep.equal([5.5 * MINUTE_MS]);
    expect(
      new Set(
        waits(
          Math.random,
          Array.from({ length: 100 }, () => 1),
        ),
      ).size,
    ).to.be.above(50);
  });

  it('tries nothing behind the expiry, and never in the past', () => {
    const schedule = new Schedule(OPTIONS, () => 0.5);
    expect(schedule.nextAttemptAtMs(9, { nowMs: 1_000, expiresAtMs: 61_000 })).to.equal(61_000);
    expect(schedule.nextAttemptAtMs(9, { nowMs: 1_000, expiresAtMs: 500 })).to.equal(1_000);
  });

  it('takes the first attempt for the first where nothing was counted', () => {
    expect(waits(() => 0.5, [0, -1])).to.deep.equal([5 * MINUTE_MS, 5 * MINUTE_MS]);
  });

  it('says when what is queued now is told late, and given up', () => {
    const deadlines = (more: Partial<ScheduleOptions>) => new Schedule({ ...OPTIONS, ...more }).deadlines(1_000);
    expect(deadlines({})).to.deep.equal({ expiresAtMs: 120 * HOUR_MS + 1_000, delayWarningAtMs: 4 * HOUR_MS + 1_000 });
    expect(deadlines({ delayWarning: 0 })).to.deep.equal({ expiresAtMs: 120 * HOUR_MS + 1_000 });
    expect(deadlines({ delayWarning: 120 * HOUR_MS })).to.not.have.property('delayWarningAtMs');
  });
});
