/** What every driver must do about how many recipients elsewhere an account may send to, beside the rest of the contract. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import type { Outgoing } from '../../src/store/deliveries.js';
import type { OwnLimits, RecipientLimits } from '../../src/store/recipient-limits.js';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { at, deliver, fails, localRecipient, withMaildrop, type StoreUnderTest } from './contract.js';
import { envelopeOut } from './queue-contract.js';

const ALICE = at('alice@example.org');
/** One goes in a frame, the other in chunks whose end comes last. */
const SIZES = [100, 600 * 1024];

export function describeLimits(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with limits of recipients`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      for (const address of [ALICE, at('bob@example.org')]) await store.directory.addAccount(address, 'hash');
      alice = (await store.findLogin('alice@example.org'))?.id ?? -1;
    });

    afterEach(() => underTest.cleanup());

    const to = (count: number) => Array.from({ length: count }, (_, at) => `r${at}@x.example`);
    const send = (count: number, limits: RecipientLimits, change: Partial<Outgoing> = {}, octets = 100) =>
      deliver(store, envelopeOut(to(count), { submitter: alice, limits, ...change }), Buffer.alloc(octets, 'x\r\n'));
    const set = (limits: Partial<OwnLimits>) => store.directory.setRecipientLimits(ALICE, limits);
    const queued = async () => (await store.queuedMail.count()).active;
    const use = () => store.directory.findRecipientUse(ALICE);

    for (const octets of SIZES)
      it(`takes ${octets} octets for as many as it may, and nothing of a message for more`, async () => {
        await send(3, { perHour: 5 }, {}, octets);
        await fails('over-limit', send(3, { perHour: 5 }, {}, octets));
        expect(await queued()).to.equal(3);
        await send(2, { perHour: 5 }, {}, octets);
        await fails('over-limit', send(1, { perHour: 5 }, {}, octets));
        expect([await queued(), await use()]).to.deep.equal([
          5,
          { lastHour: 5, lastDay: 5, own: { perHour: 'default', perDay: 'default' } },
        ]);
        await eventually('nothing else to be stored', () => underTest.storedOctets() === 2 * octets);
      });

    it('stores no copy here either of a message that goes too far', async () => {
      const recipients = [localRecipient(alice), ...envelopeOut(to(2)).recipients];
      const envelope = { ...envelopeOut([], { submitter: alice, limits: { perDay: 1 } }), recipients };
      await fails('over-limit', deliver(store, envelope, Buffer.from('x\r\n')));
      expect(await withMaildrop(store, alice, ({ count }) => count)).to.equal(0);
      expect((await use()).lastDay).to.equal(0);
    });

    it('counts what many sessions commit at the same moment, and takes no more of it', async () => {
      const other = await underTest.connect();
      const all = Array.from({ length: 50 }, (_, number) => {
        const envelope = envelopeOut(to(2), { submitter: alice, limits: { perDay: 21 } });
        return deliver(number % 2 === 0 ? store : other, envelope, Buffer.from('x\r\n'));
      });
      const done = await Promise.allSettled(all);
      expect(done.filter(({ status }) => status === 'fulfilled')).to.have.length(10);
      expect([await queued(), await other.recipientsLeft(alice, { perDay: 21 })]).to.deep.equal([20, 1]);
    });

    it('says how many are left, by the hour and by the day, whichever are fewer', async () => {
      expect(await store.recipientsLeft(alice, {})).to.equal(Infinity);
      await send(4, {});
      expect(await store.recipientsLeft(alice, { perHour: 10 })).to.equal(6);
      expect(await store.recipientsLeft(alice, { perHour: 10, perDay: 5 })).to.equal(1);
      expect(await store.recipientsLeft(alice, { perHour: 3 })).to.equal(0);
    });

    it('says how many one message may ever have, whatever was sent', async () => {
      expect(await store.recipientsAtMost(alice, {})).to.equal(Infinity);
      await send(4, {});
      expect(await store.recipientsAtMost(alice, { perHour: 10, perDay: 50 })).to.equal(10);
      await set({ perHour: 'none', perDay: 7 });
      expect(await store.recipientsAtMost(alice, { perHour: 1 })).to.equal(7);
    });

    it('puts the own limits of an account before those of the server', async () => {
      await set({ perHour: 2 });
      await fails('over-limit', send(3, {}));
      await set({ perDay: 'none' });
      expect(await store.recipientsLeft(alice, { perHour: 100, perDay: 1 })).to.equal(2);
      await set({ perHour: 'none' });
      await send(30, { perHour: 1, perDay: 1 });
      expect((await use()).own).to.deep.equal({ perHour: 'none', perDay: 'none' });
      await set({ perHour: 'default', perDay: 0 });
      expect(await store.recipientsLeft(alice, { perHour: 100 })).to.equal(0);
      await set({ perDay: 'default' });
      expect(await store.recipientsLeft(alice, { perHour: 100 })).to.equal(70);
    });

    it('is for each account alone, and for nobody who has not logged in', async () => {
      await send(5, { perHour: 5 });
      const bob = (await store.findLogin('bob@example.org'))?.id ?? -1;
      await send(5, { perHour: 5 }, { submitter: bob });
      await send(20, { perHour: 5 }, { submitter: undefined });
      expect(await queued()).to.equal(30);
    });

    it('holds where messages that wait for a time are to leave, whenever they came and in whatever order', async () => {
      const hours = (count: number) => ({ firstAttemptAtMs: Date.now() + count * 3_600_000 });
      const day = { perDay: 5 };
      await send(3, day, hours(48));
      await fails('over-limit', send(3, day, hours(48)));
      await fails('over-limit', send(3, day, hours(30)));
      await fails('over-limit', send(3, day, hours(66)));
      await send(5, day, hours(96));
      expect((await use()).lastDay).to.equal(0);
      await send(3, day, hours(12));
      expect((await use()).lastDay).to.equal(3);
      await fails('over-limit', send(3, day)); // It would leave within a day of what is held.
      await send(2, day);
    });

    it('is durable', async () => {
      await send(4, {});
      await set({ perDay: 6 });
      await underTest.restart();
      store = await underTest.connect();
      expect(await use()).to.deep.equal({ lastHour: 4, lastDay: 4, own: { perHour: 'default', perDay: 6 } });
      await fails('over-limit', send(3, {}));
    });

    it('knows nothing of an account that is not there', async () => {
      await fails('missing', store.directory.setRecipientLimits(at('nobody@example.org'), { perHour: 1 }));
      await fails(
        'missing',
        Promise.resolve().then(() => store.directory.findRecipientUse(at('nobody@example.org'))),
      );
      await send(3, {});
      await store.directory.removeAccount(ALICE);
      await store.directory.addAccount(ALICE, 'hash');
      expect((await use()).lastDay).to.equal(0);
    });
  });
}
