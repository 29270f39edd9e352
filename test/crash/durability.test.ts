/**
 * What the system calls of the server say of its promises: in which order it synced and answered, and what a power cut
 * at any point would have left. The same checks must find fault with a program that does not keep its word.
 */
import { expect } from 'chai';
import { Chance } from '../support/ledger-chance.js';
import { itNeeds } from '../support/programs.js';
import { checkOrder } from './order.js';
import { cutPower } from './power-cut.js';
import { record, type Recording } from './recording.js';
import { answeredBeforeCommit, synchronousNormal, synchronousOff, type Change } from './shim.js';

const MESSAGES = 600;
const MESSAGES_OF_A_CONTROL = 150;
const CUTS = 60;
const SLOW_SYNC_US = 5_000;
const TIMEOUT_MS = 120_000;

describe('durability, by the system calls', function () {
  this.timeout(TIMEOUT_MS);
  const needed = ['cc'];
  const kept = new Map<Change | undefined, Promise<Recording>>();
  const once = (change: Change | undefined, make: () => Promise<Recording>): Promise<Recording> => {
    const made = kept.get(change) ?? make();
    kept.set(change, made);
    return made;
  };
  const recording = (): Promise<Recording> => once(undefined, () => record({ seed: 1, messages: MESSAGES }));
  const broken = (change: Change): Promise<Recording> =>
    once(change, () => record({ seed: 2, messages: MESSAGES_OF_A_CONTROL, change, syncDelayUs: SLOW_SYNC_US }));

  after(() => kept.clear());

  describe('the order', () => {
    itNeeds(needed, 'is: commit, sync, and then 250 or +OK to QUIT', async () => {
      const { early, acceptances, withdrawals, syncs } = checkOrder(await recording());
      expect(early).to.deep.equal([]);
      expect(acceptances).to.be.at.least(MESSAGES);
      expect(withdrawals).to.be.above(MESSAGES / 120);
      expect(syncs).to.be.above(50);
    });

    // QUIT asks the store once more, to free the maildrop, and so waits for a commit that its removal did not wait for.
    const taken: readonly (readonly [what: string, change: Change, early: readonly string[]])[] = [
      ['synchronous=OFF', synchronousOff, ['250', '+OK']],
      ['synchronous=NORMAL', synchronousNormal, ['250', '+OK']],
      ['answers that do not wait for COMMIT', answeredBeforeCommit, ['250']],
    ];
    for (const [what, change, replies] of taken)
      itNeeds(needed, `is checked: ${what} is noticed`, async () => {
        const { early, acceptances, withdrawals } = checkOrder(await broken(change));
        expect(early.filter((line) => line.startsWith('250')).length).to.be.above(acceptances / 10);
        for (const reply of replies) expect(early.filter((line) => line.startsWith(reply)).length).to.be.above(0);
        expect(withdrawals).to.be.above(0);
      });
  });

  describe('a power cut', () => {
    itNeeds(needed, 'at any point loses nothing, tears nothing, and brings nothing back', async () => {
      const { lost, risen, torn, images, held } = cutPower(await recording(), CUTS, new Chance(4));
      expect({ lost, risen, torn }).to.deep.equal({ lost: [], risen: [], torn: [] });
      expect(images).to.equal(2 * CUTS);
      expect(held).to.be.above(CUTS * 100);
    });

    itNeeds(needed, 'is simulated: with synchronous=NORMAL it loses mail', async () => {
      const { lost, torn } = cutPower(await broken(synchronousNormal), CUTS / 4, new Chance(5));
      expect(lost.length).to.be.above(0);
      expect(torn).to.deep.equal([]); // NORMAL forgets, but it does not mix up.
    });
  });
});
