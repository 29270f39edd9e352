/** What every driver must do for a sender that takes new mail as it is queued (Queue.takeNew), beside the rest of the contract. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import type { Outgoing } from '../../src/store/deliveries.js';
import type { LeasedMessage, LeasedRecipient } from '../../src/store/queue.js';
import { NEW_MAIL_LIMIT } from '../../src/store/rules/queue.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { allPieces } from '../support/sources.js';
import { WallClock } from '../support/wall-clock.js';
import { deliver, type StoreUnderTest } from './contract.js';
import { envelopeOut, TURN_MS } from './queue-contract.js';

const BODY = Buffer.from('Subject: s\r\n\r\ntext');
const LARGE = Buffer.alloc(600 * 1024, 'x\r\n');
const LEASE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DELIVERED = { kind: 'delivered', reply: { code: 250, text: 'taken' } } as const;

export function describeNewMail(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store that gives new mail`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let given: LeasedMessage[] = [];
    const clock = new WallClock();

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      given = [];
      await store.queue.begin('one');
      await take(store);
    });

    afterEach(() => {
      clock.putRight();
      return underTest.cleanup();
    });

    const take = (from: MailStore, to = given) =>
      from.queue.takeNew({ leased: (messages) => void to.push(...messages), lost: () => undefined }, LEASE_MS);
    const queueUp = (to: readonly string[], change: Partial<Outgoing> = {}, body = BODY) =>
      deliver(store, envelopeOut(to, change), body);
    const recipients = () => given.flatMap((message) => message.recipients);
    const names = () => recipients().map(({ recipient }) => recipient);
    const settle = (rows: readonly LeasedRecipient[]) =>
      store.queue.settle(rows.map(({ id }) => ({ id, outcome: DELIVERED })));
    const entries = async () => (await store.queuedMail.list({})).entries;
    const due = async () => (await store.queue.dueDestinations(10)).map(({ destination }) => destination);
    const heard = (count: number) => eventually('new mail to be given', () => recipients().length >= count);

    it('leases it as it is queued, a message for each destination, and gives what is small whole', async () => {
      await queueUp(['a@x.example', 'b@x.example', 'c@y.example'], { envelopeId: 'e', returned: 'headers' });
      await heard(3);
      expect(given.map((message) => message.recipients.length)).to.deep.equal([2, 1]);
      const [message] = given as [LeasedMessage];
      expect(message).to.deep.include({ reversePath: 'alice@example.org', envelopeId: 'e', returned: 'headers' });
      expect(message.recipients[0]).to.include({ recipient: 'a@x.example', attempts: 1, crashes: 0 });
      const stored = Buffer.concat(await allPieces(store.queue.open(message.message)));
      expect(Buffer.from(message.content ?? []).toString()).to.equal(stored.toString());
      expect(message.octets).to.equal(stored.length);
      const found = (await entries()).map(({ isLeased, attempts, state }) => [isLeased, attempts, state]);
      expect(found).to.deep.equal(Array.from({ length: 3 }, () => [true, 1, 'active']));
      expect(await due()).to.deep.equal([]);
      await settle(recipients());
      expect(await entries()).to.deep.equal([]);
    });

    it('gives what is large without its octets', async () => {
      await queueUp(['a@x.example'], {}, LARGE);
      await heard(1);
      expect(given[0]?.content).to.equal(undefined);
      const stored = Buffer.concat(await allPieces(store.queue.open(given[0]?.message ?? 0)));
      expect(stored.length).to.equal(given[0]?.octets);
    });

    it('gives nothing that could not be leased now, and wakes who watches for it', async () => {
      let woken = 0;
      store.queue.watch(() => (woken += 1));
      await store.queuedMail.addSuppression('No@x.example', 'bounced');
      await queueUp(['later@x.example'], { firstAttemptAtMs: Date.now() + HOUR_MS });
      await queueUp(['no@x.example']);
      await queueUp(['behind@x.example']);
      await eventually('who watches to be woken', () => woken > 0);
      expect(await due()).to.deep.equal(['x.example']);
      await store.queue.rest('y.example', Date.now() + HOUR_MS);
      await queueUp(['free@z.example']);
      await heard(1);
      expect(names()).to.deep.equal(['free@z.example']);
    });

    it('gives nothing of a destination that rests', async () => {
      await queueUp(['a@x.example']);
      await heard(1);
      await store.queue.rest('x.example', Date.now() + HOUR_MS);
      await queueUp(['rests@x.example']);
      await queueUp(['free@z.example']);
      await heard(2);
      expect(names()).to.deep.equal(['a@x.example', 'free@z.example']);
    });

    it('gives no more than a sender may have at once, and goes on when that is settled', async () => {
      for (let count = 0; count < NEW_MAIL_LIMIT; count++) await queueUp([`u${count}@x.example`]);
      await heard(NEW_MAIL_LIMIT);
      await queueUp(['waits@y.example']);
      expect(await due()).to.deep.equal(['y.example']);
      const [first] = recipients() as [LeasedRecipient];
      await settle([first]);
      await queueUp(['comes@x.example']);
      await heard(NEW_MAIL_LIMIT + 1);
      expect(names().at(-1)).to.equal('comes@x.example');
    });

    it('gives nothing once it is left, and knows what it gave when the rest is returned', async () => {
      await queueUp(['a@x.example']);
      await store.queue.returnAllBut([]);
      await heard(1);
      expect((await entries())[0]).to.include({ isLeased: true });
      await store.queue.leaveNew();
      await queueUp(['b@x.example']);
      expect(await due()).to.deep.equal(['x.example']);
      await store.queue.returnAllBut([]);
      const found = (await entries()).map(({ isLeased, attempts }) => [isLeased, attempts]);
      expect(found).to.deep.equal([
        [false, 0],
        [false, 0],
      ]);
      expect(names()).to.deep.equal(['a@x.example']);
    });

    it('gives each row to one of two, and to the other when that has gone', async () => {
      const other = await underTest.connect();
      const others: LeasedMessage[] = [];
      await other.queue.begin('two');
      await take(other, others);
      await queueUp(['a@x.example']);
      await eventually('one of them to get it', () => given.length + others.length > 0);
      expect(given.length + others.length).to.equal(1);
      const [holder, living, heardBy] = given.length > 0 ? [store, other, others] : [other, store, given];
      store = living;
      await holder.close();
      await eventually('its end to be seen', async () => (await entries())[0]?.crashes === 1);
      const [again] = await living.queue.lease([{ destination: 'x.example', recipients: 1 }], LEASE_MS);
      await settle(again?.recipients ?? []);
      await queueUp(['b@x.example']);
      await eventually('new mail to go to the other', () => heardBy.length > 0);
    });

    it('gives nothing while a row is tried alone that a sender ended by, or waits for that, until all else has its turn', async () => {
      await queueUp(['bad@x.example']);
      await heard(1);
      const gone = store;
      store = await underTest.connect();
      await gone.close();
      await eventually('the crash to be counted', async () => {
        await store.queue.begin('two');
        return (await entries())[0]?.crashes === 1;
      });
      given = [];
      await take(store);
      await queueUp(['good@y.example']);
      expect(await due()).to.deep.equal(['x.example', 'y.example']);
      await store.queue.lease([{ destination: 'x.example', recipients: 1 }], LEASE_MS);
      await queueUp(['waits@z.example']);
      expect(given).to.deep.equal([]);
      clock.forward(TURN_MS);
      await queueUp(['free@free.example']);
      await heard(1);
      expect(names()).to.deep.equal(['free@free.example']);
    });
  });
}
