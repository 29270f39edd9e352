/** When a worker takes its disk for slow: by what reads waited for it, not by what they waited for a processor. */
import { expect } from 'chai';
import { DiskPace } from '../../src/store/sqlite/client/disk-pace.js';

describe('the pace of the disk', () => {
  it('is not suspected of anything by fast reads, wherever they were made', () => {
    const pace = new DiskPace();
    pace.note(0.1, undefined, 0);
    pace.note(0.1, 0, 0);
    expect(pace.isSuspect).to.equal(false);
  });

  it('is suspected by one slow read, and slow by two of the next that waited for it', () => {
    const pace = new DiskPace();
    pace.note(8, undefined, 0);
    expect([pace.isSuspect, pace.isSlow(0)]).to.deep.equal([true, false]);
    pace.note(8, 1, 0);
    expect(pace.isSlow(0)).to.equal(false);
    pace.note(0.1, 0, 0);
    pace.note(8, 1, 0);
    expect([pace.isSlow(0), pace.isSlow(5_001)]).to.deep.equal([true, false]);
  });

  it('is cleared when what slow reads waited for was a processor', () => {
    const pace = new DiskPace();
    pace.note(8, undefined, 0);
    for (let read = 0; read < 7; read++) pace.note(8, 7, 0);
    expect([pace.isSuspect, pace.isSlow(0)]).to.deep.equal([false, false]);
  });
});
