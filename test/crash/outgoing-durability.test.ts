/**
 * As durability.test.ts, of mail out: a 250 leaves behind a sync that covers what is queued, and what was delivered and stored as such
 * does not come back into the queue. The same checks find fault with a program that does not keep its word.
 */
import { expect } from 'chai';
import { Chance } from '../support/ledger-chance.js';
import { itNeeds } from '../support/programs.js';
import { checkOrder } from './order.js';
import { cutPowerOfMailOut } from './outgoing-cut.js';
import { recordOutgoing, type OutgoingRecording } from './outgoing-recording.js';
import { queuedAfterwards, synchronousNormal, type Change } from './shim.js';

const MESSAGES = 120;
const MESSAGES_OF_A_CONTROL = 40;
const CUTS = 40;
const SLOW_SYNC_US = 5_000;
const TIMEOUT_MS = 120_000;

describe('durability of mail out, by the system calls', function () {
  this.timeout(TIMEOUT_MS);
  const needed = ['cc'];
  let whole: Promise<OutgoingRecording> | undefined;
  const recording = () => (whole ??= recordOutgoing({ seed: 11, messages: MESSAGES }));
  const broken = (change: Change) =>
    recordOutgoing({ seed: 12, messages: MESSAGES_OF_A_CONTROL, change, syncDelayUs: SLOW_SYNC_US });

  after(() => (whole = undefined));

  itNeeds(needed, 'is: commit of the queue, sync, 250; and commit of the outcome, sync, its answer', async () => {
    const { early, acceptances, withdrawals } = checkOrder(await recording());
    expect(early).to.deep.equal([]);
    expect(acceptances).to.be.at.least(MESSAGES);
    expect(withdrawals).to.be.above(10);
  });

  itNeeds(needed, 'loses no recipient in a power cut, and brings none back whose delivery was stored', async () => {
    const { lost, risen, torn, images, held } = cutPowerOfMailOut(await recording(), CUTS, new Chance(13));
    expect({ lost, risen, torn }).to.deep.equal({ lost: [], risen: [], torn: [] });
    expect(images).to.equal(2 * CUTS);
    expect(held).to.be.above(CUTS * 100);
  });

  itNeeds(needed, 'is watched: with synchronous=NORMAL 250 and outcomes come early, and do not last', async () => {
    const recorded = await broken(synchronousNormal);
    const { early } = checkOrder(recorded);
    for (const reply of ['250', 'the answer to an outcome'])
      expect(early.filter((line) => line.startsWith(reply)).length, reply).to.be.above(0);
    const { lost, risen } = cutPowerOfMailOut(recorded, 2 * CUTS, new Chance(14));
    expect(lost.length + risen.length).to.be.above(0);
  });

  itNeeds(needed, 'is watched: what is queued after the transaction is lost in a power cut', async () => {
    const { lost } = cutPowerOfMailOut(await broken(queuedAfterwards), CUTS / 4, new Chance(15));
    expect(lost.length).to.be.above(0);
  });
});
