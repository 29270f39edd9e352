import { expect } from 'chai';
import { RecentUses } from '../../src/store/sqlite/server/recent-uses.js';

const NOW = 1_700_000_000_000;
const MINUTE_MS = 60_000;

describe('recent uses', () => {
  it('are due once a minute for each password', () => {
    const uses = new RecentUses();
    expect(uses.isDue({ account: 1 }, NOW)).to.equal(true);
    expect(uses.isDue({ account: 1 }, NOW + MINUTE_MS - 1)).to.equal(false);
    expect(uses.isDue({ account: 1, credential: 1 }, NOW)).to.equal(true);
    expect(uses.isDue({ account: 2 }, NOW)).to.equal(true);
    expect(uses.isDue({ account: 1 }, NOW + MINUTE_MS)).to.equal(true);
    expect(uses.isDue({ account: 1 }, NOW + 2 * MINUTE_MS - 1)).to.equal(false);
  });

  it('are due again when the clock was set back', () => {
    const uses = new RecentUses();
    uses.isDue({ account: 1 }, NOW);
    expect(uses.isDue({ account: 1 }, NOW - 1)).to.equal(true);
  });

  it('are bounded: what was written longest ago is due again', () => {
    const uses = new RecentUses();
    for (let account = 0; account <= 10_000; account++) uses.isDue({ account }, NOW);
    expect(uses.isDue({ account: 10_000 }, NOW)).to.equal(false);
    expect(uses.isDue({ account: 0 }, NOW)).to.equal(true);
  });
});
