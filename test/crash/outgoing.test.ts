/** The short form of what `npm run crash` does to mail out: a fixed seed, and programs that do not keep their word. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { outgoingRound } from './outgoing-round.js';
import { changedProgram, queuedAfterwards, settledBeforeTheReply, type Change } from './shim.js';

const KILLS = 5;
const TIMEOUT_MS = 150_000;

describe('mail out under kill -9', function () {
  this.timeout(TIMEOUT_MS);

  it('is delivered, or told to its sender once, or in the queue; what was under way may be sent again', async () => {
    const { findings, acknowledged } = await outgoingRound({ seed: 5, kills: KILLS });
    const { lost, torn, duplicate, compared } = findings;
    expect({ lost, torn, duplicate }).to.deep.equal({ lost: [], torn: [], duplicate: [] });
    expect(acknowledged).to.be.at.least(KILLS * 20);
    expect(compared).to.be.above(acknowledged);
  });

  it('loses nothing either when the sender, the store and a worker stand still until the watchdog ends them', async () => {
    const { findings, acknowledged } = await outgoingRound({ seed: 7, stopped: ['sender', 'store', 'worker'] });
    const { lost, torn, duplicate, compared } = findings;
    expect({ lost, torn, duplicate }).to.deep.equal({ lost: [], torn: [], duplicate: [] });
    expect(compared).to.be.above(acknowledged);
  });

  const broken: readonly (readonly [what: string, change: Change])[] = [
    ['one that settles before the reply', settledBeforeTheReply],
    ['one that queues after the transaction', queuedAfterwards],
  ];
  for (const [what, change] of broken)
    it(`is watched: ${what} loses mail`, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'pennypost-changed-'));
      try {
        const { findings } = await outgoingRound({ seed: 6, kills: 3, main: changedProgram(directory, change) });
        expect(findings.lost).to.not.deep.equal([]);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
});
