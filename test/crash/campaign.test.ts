/** The short form of `npm run crash`: a fixed seed, one round of each fault. */
import { expect } from 'chai';
import { campaign, totals } from './campaign.js';
import { faults } from './faults.js';
import { movedFiles } from './moved-files.js';

describe('a campaign of faults', () => {
  it('loses nothing that was acknowledged and brings back nothing that was removed', async () => {
    const once = [...faults, ...movedFiles].filter(
      ({ name }, at, all) => all.findIndex((other) => other.name === name) === at,
    );
    const rounds = await campaign({ seed: 3, next: (_, round) => once[round - 1], report: () => undefined });
    const found = rounds.flatMap(({ findings: { lost, risen, torn, duplicate } }) => [
      ...[...lost.map((what) => `LOST ${what}`), ...risen.map((what) => `RISEN ${what}`)],
      ...[...torn.map((what) => `TORN ${what}`), ...duplicate.map((what) => `DUPLICATE ${what}`)],
    ]);
    expect(found).to.deep.equal([]);
    expect(totals(rounds)).to.include({ rounds: once.length });
    expect(totals(rounds).acknowledged).to.be.above(200);
    expect(totals(rounds).removed).to.be.above(100);
  }).timeout(120_000);
});
