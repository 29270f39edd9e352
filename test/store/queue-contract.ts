/** What every driver must do about mail on its way out, beside the rest of the contract. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import type { Envelope, EnvelopeRecipient, Outgoing } from '../../src/store/deliveries.js';
import type { LeasedMessage, LeasedRecipient, Outcome, Settlement } from '../../src/store/queue.js';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { everything } from '../support/maildrops.js';
import { allPieces } from '../support/sources.js';
import { WallClock } from '../support/wall-clock.js';
import { at, deliver, fails, localRecipient, withMaildrop, type StoreUnderTest } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const TRACE = 'Received: from a by b\r\n';
const BODY = Buffer.from('Subject: s\r\n\r\ntext\r\n');
const LARGE = Buffer.alloc(600 * 1024, 'x\r\n');
const LEASE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** As long as rows with a crash keep all else waiting. */
export const TURN_MS = 4_000;
/** As long as one that is slow keeps the next waiting. */
const SLOW_MS = 60_000;
const REPLY = { code: 250, enhanced: '2.0.0', text: 'taken', host: 'mx.example.net', tls: 'TLSv1.3' };
const NO_SUCH_USER = { code: 550, enhanced: '5.1.1', text: 'nobody here', command: 'RCPT' };

function outgoing(change: Partial<Outgoing> = {}): Outgoing {
  const nowMs = Date.now();
  return {
    ...{ trace: Buffer.from(TRACE), firstAttemptAtMs: nowMs, expiresAtMs: nowMs + 120 * HOUR_MS },
    ...{ bodyKind: '7bit', smtputf8: false, requireTls: false },
    ...change,
  };
}

function remote(recipient: string): EnvelopeRecipient {
  return { kind: 'remote', recipient, destination: recipient.slice(recipient.lastIndexOf('@') + 1) };
}

export function envelopeOut(to: readonly string[], change: Partial<Outgoing> = {}): Envelope {
  return {
    reversePath: 'alice@example.org',
    recipients: to.map(remote),
    receivedAtMs: Date.now(),
    outgoing: outgoing(change),
  };
}

export function describeQueue(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with a queue`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;
    const clock = new WallClock();

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      await store.directory.addAccount(at('alice@example.org'), HASH);
      alice = (await store.findLogin('alice@example.org'))?.id ?? -1;
      await store.queue.begin('one');
    });

    afterEach(async () => {
      clock.putRight();
      try {
        expect(underTest.miscounted()).to.deep.equal([]);
      } finally {
        await underTest.cleanup();
      }
    });

    async function queueUp(to: readonly string[], change: Partial<Outgoing> = {}, body = BODY): Promise<void> {
      await deliver(store, envelopeOut(to, change), body);
    }

    async function leaseAll(destination = 'x.example', from = store): Promise<readonly LeasedMessage[]> {
      return from.queue.lease([{ destination, recipients: 100 }], LEASE_MS);
    }

    async function leaseOne(destination = 'x.example', from = store): Promise<LeasedRecipient> {
      const [recipient] = recipientsOf(await leaseAll(destination, from));
      if (recipient === undefined) throw new Error('Nothing is due');
      return recipient;
    }

    const leaseBoth = () =>
      store.queue.lease(
        ['x.example', 'y.example'].map((destination) => ({ destination, recipients: 100 })),
        LEASE_MS,
      );
    const recipientsOf = (messages: readonly LeasedMessage[]) => messages.flatMap(({ recipients }) => recipients);
    const settlement = ({ id }: { readonly id: number }, outcome: Outcome): Settlement => ({ id, outcome });
    const deferred = (nextAttemptAtMs: number): Outcome => ({ kind: 'deferred', reply: NO_SUCH_USER, nextAttemptAtMs });
    const counts = async () => {
      const { active, deferred: later, hold, corrupt } = await store.queuedMail.count();
      return [active, later, hold, corrupt];
    };
    const entries = async () => (await store.queuedMail.list({})).entries;
    const countOf = (account: AccountId) => withMaildrop(store, account, ({ count }) => count);
    const due = async (from = store) => (await from.queue.dueDestinations(10)).map(({ destination }) => destination);

    /** The process of the sender is gone, and another has begun. */
    async function nextSender(gone: MailStore, sender: string): Promise<MailStore> {
      await gone.close();
      const next = await underTest.connect();
      await eventually('the end of the last to be seen', async () => {
        await next.queue.begin(sender);
        return (await next.queuedMail.list({})).entries.every(({ isLeased }) => !isLeased);
      });
      return next;
    }

    describe('enqueueing', () => {
      for (const body of [BODY, LARGE])
        it(`puts ${body.length} octets into maildrop and queue at once, and each whole`, async () => {
          const recipients = [localRecipient(alice), remote('bob@x.example'), remote('carol@y.example')];
          const delivery = store.deliver({ ...envelopeOut([]), recipients });
          await delivery.write(body);
          expect([await due(), await countOf(alice)]).to.deep.equal([[], 0]);
          expect(await delivery.commit()).to.deep.equal([]);
          expect(await countOf(alice)).to.equal(1);
          expect((await due()).toSorted()).to.deep.equal(['x.example', 'y.example']);
          const [message] = await leaseAll();
          const sent = Buffer.concat([Buffer.from(TRACE), body]);
          expect(message).to.include({ reversePath: 'alice@example.org', octets: sent.length, bodyKind: '7bit' });
          expect(Buffer.concat(await allPieces(store.queue.open(message?.message ?? 0))).equals(sent)).to.equal(true);
        });

      it('ends a body without a last CRLF with one, and says where the header ends', async () => {
        await queueUp(['bob@x.example'], {}, Buffer.from('Subject: s\r\n\r\ntext'));
        const [message] = await leaseAll();
        const octets = Buffer.concat(await allPieces(store.queue.open(message?.message ?? 0)));
        expect(octets.toString()).to.equal(`${TRACE}Subject: s\r\n\r\ntext\r\n`);
        expect(octets.subarray(0, message?.headerOctets).toString()).to.equal(`${TRACE}Subject: s\r\n\r\n`);
        expect(message?.octets).to.equal(octets.length);
      });

      it('keeps what was asked of it, by message and by recipient', async () => {
        const asked = { notify: ['success', 'failure'] as const, originalRecipient: 'rfc822;b+40x.example' };
        const [recipient] = envelopeOut(['bób@x.example']).recipients;
        const change = { submitter: alice, bodyKind: '8bitmime', smtputf8: true, requireTls: true } as const;
        const envelope = envelopeOut([], { ...change, returned: 'headers', envelopeId: 'QQ+2B314' });
        await deliver(store, { ...envelope, recipients: [{ ...recipient, ...asked } as EnvelopeRecipient] }, BODY);
        const [message] = await leaseAll();
        expect(message).to.deep.include({ ...change, returned: 'headers', envelopeId: 'QQ+2B314' });
        const { expiresAtMs } = envelope.outgoing as Outgoing;
        expect(message?.recipients[0]).to.deep.include({
          ...asked,
          recipient: 'bób@x.example',
          attempts: 1,
          expiresAtMs,
        });
      });

      it('queues nothing where a maildrop is gone or has no room for any', async () => {
        const recipients = [localRecipient(alice), remote('bob@x.example')];
        const delivery = store.deliver({ ...envelopeOut([]), recipients });
        await delivery.write(LARGE);
        await store.directory.removeAccount(at('alice@example.org'));
        await fails('missing', delivery.commit());
        expect(await due()).to.deep.equal([]);
        await eventually('nothing to be stored', () => underTest.storedOctets() === 0);
      });

      it('counts a remote recipient as one that has room', async () => {
        await store.directory.setQuota(at('alice@example.org'), { octets: 10 });
        const recipients = [localRecipient(alice), remote('bob@x.example')];
        await deliver(store, { ...envelopeOut([]), recipients }, BODY);
        expect([await countOf(alice), await due()]).to.deep.equal([1, ['x.example']]);
        await fails('over-quota-meanwhile', deliver(store, { ...envelopeOut([]), recipients }, BODY));
        const delivery = store.deliver({ ...envelopeOut([]), recipients, perRecipient: true });
        await delivery.write(BODY);
        expect(await delivery.commit()).to.deep.equal([0]);
        expect((await entries()).length).to.equal(2);
      });

      it('is durable, and what was held back is due when it should be', async () => {
        await queueUp(['bob@x.example', 'carol@y.example']);
        await queueUp(['dave@z.example'], { firstAttemptAtMs: Date.now() + HOUR_MS });
        await underTest.restart();
        store = await underTest.connect();
        expect((await due()).toSorted()).to.deep.equal(['x.example', 'y.example']);
        expect(await counts()).to.deep.equal([2, 1, 0, 0]);
        expect(await store.queue.nextDueAtMs()).to.be.at.most(Date.now());
      });
    });

    describe('leases', () => {
      it('give each row once, the longest due first, and those of one message beside each other', async () => {
        const nowMs = Date.now();
        await queueUp(['late@x.example'], { firstAttemptAtMs: nowMs - 1000 });
        await queueUp(['a@x.example', 'b@x.example', 'c@y.example'], { firstAttemptAtMs: nowMs - 2000 });
        const first = await store.queue.lease([{ destination: 'x.example', recipients: 2 }], LEASE_MS);
        expect(first.map(({ recipients }) => recipients.map(({ recipient }) => recipient))).to.deep.equal([
          ['a@x.example', 'b@x.example'],
        ]);
        expect(recipientsOf(await leaseAll()).map(({ recipient }) => recipient)).to.deep.equal(['late@x.example']);
        expect(await leaseAll()).to.deep.equal([]);
        expect(await due()).to.deep.equal(['y.example']);
        expect(recipientsOf(await leaseAll('nowhere.example'))).to.deep.equal([]);
      });

      it('count an attempt, which an outcome without one takes back', async () => {
        await queueUp(['bob@x.example']);
        const leased = await leaseOne();
        expect(leased.attempts).to.equal(1);
        expect((await entries())[0]).to.deep.include({ isLeased: true, attempts: 1, state: 'active' });
        await store.queue.settle([settlement(leased, { kind: 'returned' })]);
        expect((await entries())[0]).to.deep.include({ isLeased: false, attempts: 0, state: 'active' });
        expect((await leaseOne()).attempts).to.equal(1);
      });

      it('whose answer was lost return at once and uncounted, and none that the sender knows of', async () => {
        await queueUp(['a@x.example', 'b@x.example', 'c@y.example']);
        const [known] = recipientsOf(await leaseAll()) as [LeasedRecipient];
        const other = await underTest.connect();
        await other.queue.begin('two');
        await leaseAll('y.example', other);
        await store.queue.returnAllBut([known.id, 4711]);
        const found = (await entries()).map(({ isLeased, attempts, crashes, state }) => [
          isLeased,
          attempts,
          crashes,
          state,
        ]);
        expect(found).to.deep.equal([
          [true, 1, 0, 'active'],
          [false, 0, 0, 'active'],
          [true, 1, 0, 'active'],
        ]);
        expect((await leaseOne()).recipient).to.equal('b@x.example');
      });

      it('end: the row is due again', async () => {
        await queueUp(['bob@x.example']);
        await store.queue.lease([{ destination: 'x.example', recipients: 1 }], 0);
        expect((await leaseOne()).attempts).to.equal(2);
      });

      it('page through destinations in the order in which they became due', async () => {
        const nowMs = Date.now();
        for (const [number, name] of ['c', 'a', 'b', 'd'].entries())
          await queueUp([`x@${name}.example`], { firstAttemptAtMs: nowMs - 1000 + Math.min(number, 2) });
        const first = await store.queue.dueDestinations(2);
        const rest = await store.queue.dueDestinations(10, first[1]);
        expect([...first, ...rest].map(({ destination }) => destination)).to.deep.equal(
          ['c', 'a', 'b', 'd'].map((name) => `${name}.example`),
        );
      });

      it('wake who watches when something comes', async () => {
        let woken = 0;
        const stop = store.queue.watch(() => (woken += 1));
        const other = await underTest.connect();
        await deliver(other, envelopeOut(['bob@x.example']), BODY);
        await eventually('the sender to be woken', () => woken > 0);
        stop();
      });
    });

    describe('outcomes', () => {
      it('end a row or let it wait, and are told afterwards', async () => {
        await queueUp(['a@x.example', 'b@x.example', 'c@x.example', 'd@x.example']);
        const [a, b, c, d] = recipientsOf(await leaseAll()) as [
          LeasedRecipient,
          LeasedRecipient,
          LeasedRecipient,
          LeasedRecipient,
        ];
        const later = Date.now() + HOUR_MS;
        await store.queue.settle([
          { id: a.id, outcome: { kind: 'delivered', reply: REPLY }, startedAtMs: 1_000, durationMs: 12.5 },
          settlement(b, deferred(later)),
          settlement(c, { kind: 'failed', reply: NO_SUCH_USER }),
          settlement(d, { kind: 'held', reply: NO_SUCH_USER }),
        ]);
        expect(await counts()).to.deep.equal([0, 1, 1, 0]);
        expect(await store.queue.nextDueAtMs()).to.equal(later);
        const told = await store.queuedMail.find(a.id);
        expect(told?.entry).to.equal(undefined);
        expect(told?.attempts).to.have.length(1);
        const { reply, ...attempt } = told?.attempts[0] ?? { reply: undefined };
        expect(attempt).to.include({ kind: 'delivered', atMs: 1_000, recipient: 'a@x.example' });
        expect(reply).to.deep.include(REPLY);
        expect((await store.queuedMail.find(b.id))?.entry).to.deep.include({ state: 'deferred', dueAtMs: later });
        expect((await store.queuedMail.find(b.id))?.entry?.lastReply).to.deep.include(NO_SUCH_USER);
        expect(await store.queuedMail.find(4711)).to.equal(undefined);
      });

      it('suppress an address that is said not to be there, until it is taken out', async () => {
        await queueUp(['Bob@x.example', 'c@x.example']);
        const [bob, carol] = recipientsOf(await leaseAll()) as [LeasedRecipient, LeasedRecipient];
        await store.queue.settle([
          settlement(bob, { kind: 'failed', reply: NO_SUCH_USER }),
          settlement(carol, { kind: 'failed', reply: { text: 'too old' } }),
        ]);
        expect(await store.queue.findSuppression('bob@X.example')).to.include({ reason: 'nobody here' });
        expect(await store.queuedMail.findSuppression('c@x.example')).to.equal(undefined);
        await store.queuedMail.addSuppression('A@y.example', 'asked for it');
        expect((await store.queuedMail.listSuppressions()).map(({ address }) => address)).to.deep.equal([
          'a@y.example',
          'bob@x.example',
        ]);
        await store.queuedMail.removeSuppression('BOB@x.example');
        expect(await store.queue.findSuppression('bob@x.example')).to.equal(undefined);
        await fails('missing', store.queuedMail.removeSuppression('bob@x.example'), /bob@x\.example is not/);
      });

      for (const body of [BODY, LARGE])
        it(`free the ${body.length} octets with the last row and the last copy, and not before`, async () => {
          const recipients = [localRecipient(alice), remote('b@x.example'), remote('c@x.example')];
          await deliver(store, { ...envelopeOut([]), recipients }, body);
          const leased = recipientsOf(await leaseAll());
          await withMaildrop(store, alice, (maildrop) => maildrop.remove(everything(maildrop)));
          for (const one of leased) {
            expect(underTest.storedOctets()).to.equal(body.length);
            await store.queue.settle([settlement(one, { kind: 'delivered', reply: REPLY })]);
          }
          await eventually('nothing to be stored', () => underTest.storedOctets() === 0);
          await deliver(store, { ...envelopeOut([]), recipients }, body);
          for (const one of recipientsOf(await leaseAll()))
            await store.queue.settle([settlement(one, { kind: 'delivered', reply: REPLY })]);
          expect(underTest.storedOctets()).to.equal(body.length);
        });

      it('and the bounce that tells of them are one: nobody is told twice, and nobody not at all', async () => {
        await queueUp(['bob@x.example']);
        const leased = await leaseOne();
        const settles = [settlement(leased, { kind: 'failed', reply: NO_SUCH_USER })];
        const bounce = { ...envelopeOut([]), outgoing: undefined, reversePath: '', settles };
        await fails('missing', deliver(store, { ...bounce, recipients: [localRecipient(4711)] }, BODY));
        expect((await entries())[0]?.isLeased).to.equal(true);
        await deliver(store, { ...bounce, recipients: [localRecipient(alice)] }, BODY);
        expect([await countOf(alice), await counts()]).to.deep.equal([1, [0, 0, 0, 0]]);
        await fails('missing', deliver(store, { ...bounce, recipients: [localRecipient(alice)] }, BODY));
        expect(await countOf(alice)).to.equal(1);
      });

      it('go with a bounce that is sent on itself', async () => {
        await queueUp(['bob@x.example']);
        const settles = [settlement(await leaseOne(), { kind: 'failed', reply: NO_SUCH_USER })];
        await deliver(store, { ...envelopeOut(['sender@y.example']), reversePath: '', settles }, LARGE);
        expect((await entries()).map(({ recipient }) => recipient)).to.deep.equal(['sender@y.example']);
        await fails('missing', deliver(store, { ...envelopeOut(['sender@y.example']), settles }, LARGE));
        expect((await entries()).length).to.equal(1);
      });

      it('say nothing about rows that are leased by somebody else by now', async () => {
        await queueUp(['bob@x.example']);
        const stale = await leaseOne();
        const other = await nextSender(store, 'two');
        store = other;
        const mine = await leaseOne('x.example', other);
        const third = await underTest.connect();
        await third.queue.begin('three');
        await third.queue.settle([settlement(stale, { kind: 'delivered', reply: REPLY })]);
        expect((await entries())[0]).to.deep.include({ id: mine.id, isLeased: true });
        await other.queue.settle([settlement(mine, { kind: 'delivered', reply: REPLY })]);
        expect(await counts()).to.deep.equal([0, 0, 0, 0]);
        await other.queue.settle([settlement(mine, { kind: 'delivered', reply: REPLY })]);
      });
    });

    describe('a sender that ends', () => {
      it('leaves what it had to the next, and not to one that began while it lived', async () => {
        await queueUp(['bob@x.example']);
        const leased = await leaseOne();
        const other = await underTest.connect();
        await other.queue.begin('two');
        expect((await entries())[0]?.isLeased).to.equal(true);
        const gone = store;
        store = other;
        await gone.close();
        await eventually('what it had to be due', async () => !(await entries())[0]?.isLeased);
        expect(await leaseOne('x.example', other)).to.deep.include({ id: leased.id, attempts: 2, crashes: 1 });
      });

      it('leaves it to the next also when the store was started anew meanwhile', async () => {
        await queueUp(['bob@x.example']);
        await leaseOne();
        await underTest.restart();
        const next = await underTest.connect();
        store = next;
        await next.queue.begin('two');
        expect(await leaseOne('x.example', next)).to.deep.include({ crashes: 1 });
      });

      it('is suspected of rows that it was sending: the others go back uncounted, and hold up nobody', async () => {
        await queueUp(['bad@x.example']);
        await queueUp(['waits@x.example']);
        const [bad] = recipientsOf(await leaseAll()) as [LeasedRecipient];
        await queueUp(['late@y.example'], { expiresAtMs: Date.now() - 1, firstAttemptAtMs: Date.now() + HOUR_MS });
        await store.queue.leaseLate('expired', 10, LEASE_MS);
        store.queue.sending([bad.id, 4711]);
        const next = (store = await nextSender(store, 'two'));
        const found = (await entries()).map(({ recipient, crashes, attempts }) => [recipient, crashes, attempts]);
        expect(found).to.deep.equal([
          ['bad@x.example', 1, 1],
          ['waits@x.example', 0, 0],
          ['late@y.example', 0, 0],
        ]);
        const alone = await leaseOne('x.example', next);
        await next.queue.settle([settlement(alone, { kind: 'delivered', reply: REPLY })]);
        expect(await leaseOne('x.example', next)).to.include({ recipient: 'waits@x.example', crashes: 0, attempts: 1 });
      });

      it('is suspected of a message at a time, with all recipients of a destination', async () => {
        await queueUp(['a@x.example', 'b@x.example', 'c@y.example']);
        await queueUp(['d@x.example']);
        await leaseAll();
        await leaseAll('y.example');
        const next = (store = await nextSender(store, 'two'));
        const first = recipientsOf(await leaseAll());
        expect(first.map(({ recipient }) => recipient)).to.deep.equal(['a@x.example', 'b@x.example']);
        await next.queue.settle(first.map((one) => settlement(one, { kind: 'delivered', reply: REPLY })));
        expect((await leaseOne((await due())[0])).recipient).to.equal('c@y.example');
      });

      it('is suspected of all that it had, where it was not sending yet: tried alone, before all else that is asked for', async () => {
        await queueUp(['bad@x.example']);
        await queueUp(['bystander@x.example']);
        await leaseAll();
        await queueUp(['c@y.example']);
        const next = (store = await nextSender(store, 'two'));
        expect((await due())[0]).to.equal('x.example');
        const first = recipientsOf(await leaseBoth());
        expect(first.map(({ recipient, crashes }) => [recipient, crashes])).to.deep.equal([['bad@x.example', 1]]);
        expect(await leaseBoth()).to.deep.equal([]);
        await next.queue.settle([settlement(first[0] as LeasedRecipient, deferred(Date.now()))]);
        const second = recipientsOf(await leaseAll());
        expect(second.map(({ recipient }) => recipient)).to.deep.equal(['bystander@x.example']);
        await next.queue.settle([settlement(second[0] as LeasedRecipient, { kind: 'delivered', reply: REPLY })]);
        expect((await due()).toSorted()).to.deep.equal(['x.example', 'y.example']);
        expect(await leaseOne()).to.deep.include({ recipient: 'bad@x.example', crashes: 0, attempts: 3 });
      });

      it('keeps what it was not sending waiting for so long, however many it was sending, and however slow', async () => {
        await queueUp(['bad@x.example']);
        await queueUp(['bystander@x.example']);
        await leaseAll();
        await queueUp(['c@y.example', 'd@x.example']);
        store = await nextSender(store, 'two');
        const turns = [0, TURN_MS, TURN_MS, SLOW_MS].map((ms) => async () => {
          clock.forward(ms);
          return recipientsOf([...(await leaseBoth()), ...(await leaseBoth())]).map(({ recipient }) => recipient);
        });
        const leased: (readonly string[])[] = [];
        for (const turn of turns) leased.push(await turn());
        const others = ['d@x.example', 'c@y.example'];
        expect(leased).to.deep.equal([['bad@x.example'], others, [], ['bystander@x.example']]);
      });

      it('beside others is no proof: one of several is corrupt when it was alone, or the fourth time', async () => {
        await queueUp(['bad@x.example']);
        await queueUp(['slow@y.example']);
        const crashesNow = async () => (await entries()).map(({ crashes, state }) => [crashes, state]);
        for (const name of ['two', 'three']) {
          await leaseBoth();
          clock.forward(SLOW_MS);
          await leaseBoth();
          store = await nextSender(store, name);
        }
        expect(await crashesNow()).to.deep.equal([[2, 'deferred'], [2, 'deferred']]); // prettier-ignore
        await leaseBoth();
        store = await nextSender(store, 'four');
        expect(await crashesNow()).to.deep.equal([[3, 'corrupt'], [2, 'deferred']]); // prettier-ignore
      });

      it('four times by the same rows makes all of them corrupt', async () => {
        await queueUp(['bad@x.example']);
        await queueUp(['slow@x.example']);
        for (const name of ['two', 'three', 'four', 'five']) {
          await leaseBoth();
          clock.forward(SLOW_MS);
          await leaseBoth();
          store = await nextSender(store, name);
        }
        expect(await counts()).to.deep.equal([0, 0, 0, 2]);
      });

      it('keeps nothing waiting that has room where those have none', async () => {
        await queueUp(['bad@x.example']);
        await leaseAll();
        await queueUp(['c@y.example']);
        store = await nextSender(store, 'two');
        expect((await leaseOne('y.example')).recipient).to.equal('c@y.example');
        expect((await leaseOne()).recipient).to.equal('bad@x.example');
      });

      it('twice by one row makes that corrupt, until somebody releases it', async () => {
        await queueUp(['bad@x.example']);
        const { id } = await leaseOne();
        store = await nextSender(store, 'two');
        await leaseOne();
        store = await nextSender(store, 'three');
        expect(await counts()).to.deep.equal([0, 0, 0, 1]);
        expect(await due()).to.deep.equal([]);
        const kinds = (await store.queuedMail.find(id))?.attempts.map(({ kind }) => kind);
        expect(kinds).to.deep.equal(['crashed', 'crashed']);
        expect(await store.queuedMail.release([id])).to.equal(1);
        expect(await leaseOne()).to.deep.include({ id, crashes: 0 });
      });
    });

    describe('late rows', () => {
      it('are leased whether or not their destination rests, once, and without an attempt', async () => {
        const pastMs = Date.now() - 1;
        await queueUp(['a@x.example', 'b@y.example'], { expiresAtMs: pastMs });
        await queueUp(['c@x.example'], { delayNoticeAtMs: pastMs, firstAttemptAtMs: Date.now() + HOUR_MS });
        for (const domain of ['x.example', 'y.example']) await store.queue.rest(domain, Date.now() + HOUR_MS);
        const [expired, ...none] = await store.queue.leaseLate('expired', 10, LEASE_MS);
        expect(none).to.deep.equal([]);
        expect(expired?.recipients.map(({ recipient, attempts }) => [recipient, attempts])).to.deep.equal([
          ['a@x.example', 0],
          ['b@y.example', 0],
        ]);
        expect(await store.queue.leaseLate('expired', 10, LEASE_MS)).to.deep.equal([]);
        const [late] = recipientsOf(await store.queue.leaseLate('delayed', 10, LEASE_MS));
        expect(late).to.include({ recipient: 'c@x.example', attempts: 0 });
        await store.queue.settle([settlement(late as LeasedRecipient, { kind: 'noticed' })]);
        expect(await store.queue.leaseLate('delayed', 10, LEASE_MS)).to.deep.equal([]);
        expect((await store.queuedMail.find(late?.id ?? 0))?.entry).to.deep.include({ state: 'deferred', attempts: 0 });
      });

      it('are not those that are held', async () => {
        await queueUp(['a@x.example'], { expiresAtMs: Date.now() - 1, delayNoticeAtMs: Date.now() - 1 });
        const ids = (await entries()).map(({ id }) => id);
        await store.queuedMail.hold(ids);
        for (const kind of ['expired', 'delayed'] as const)
          expect(await store.queue.leaseLate(kind, 10, LEASE_MS)).to.deep.equal([]);
        expect(await store.queue.nextDueAtMs()).to.equal(undefined);
        await store.queuedMail.release(ids);
        expect(recipientsOf(await leaseAll())).to.have.length(1);
      });

      it('are not those that are due now: what waited for long is tried once more, and then given up', async () => {
        const pastMs = Date.now() - 1;
        await queueUp(['a@x.example'], { expiresAtMs: pastMs, delayNoticeAtMs: pastMs });
        for (const kind of ['expired', 'delayed'] as const)
          expect(await store.queue.leaseLate(kind, 10, LEASE_MS)).to.deep.equal([]);
        const [row] = recipientsOf(await leaseAll());
        await store.queue.settle([settlement(row as LeasedRecipient, deferred(Date.now() + HOUR_MS))]);
        expect(recipientsOf(await store.queue.leaseLate('expired', 10, LEASE_MS))).to.have.length(1);
      });
    });

    describe('a destination that rests', () => {
      it('is not due, and its rows are not leased, before that is over', async () => {
        await queueUp(['a@x.example', 'b@y.example']);
        const untilMs = Date.now() + HOUR_MS;
        await store.queue.rest('x.example', untilMs, NO_SUCH_USER);
        expect([await due(), await leaseAll()]).to.deep.equal([['y.example'], []]);
        const [resting, other] = await entries();
        expect(resting).to.include({ recipient: 'a@x.example', restsUntilMs: untilMs });
        expect(resting?.restReason).to.deep.equal(NO_SUCH_USER);
        expect(other?.restReason).to.equal(undefined);
        await queueUp(['c@x.example']);
        expect(await due()).to.deep.equal(['y.example']);
        await store.queue.rest('x.example', undefined);
        expect((await due()).toSorted()).to.deep.equal(['x.example', 'y.example']);
        await store.queue.rest('x.example', untilMs);
        expect(await store.queuedMail.retry((await entries()).map(({ id }) => id))).to.be.above(0);
        expect((await entries())[0]).to.include({ restsUntilMs: undefined, restReason: undefined });
        const retried = async () => (await store.queue.dueDestinations(10)).map(({ isRetried }) => isRetried ?? false);
        expect(await retried()).to.deep.equal([true, true]);
        await store.queue.rest('x.example', undefined);
        expect((await retried()).toSorted()).to.deep.equal([false, true]);
        expect(recipientsOf(await leaseAll())).to.have.length(2);
      });
    });

    describe('administration', () => {
      it('finds rows by what they are', async () => {
        await queueUp(['a@x.example', 'B@y.example']);
        await deliver(store, { ...envelopeOut(['c@x.example']), reversePath: '' }, BODY);
        const [first] = await entries();
        await store.queuedMail.hold([first?.id ?? 0]);
        const found = async (filter: Parameters<typeof store.queuedMail.list>[0]) =>
          (await store.queuedMail.list(filter)).entries.map(({ recipient }) => recipient[0]).join('');
        expect(await found({})).to.equal('aBc');
        expect(await found({ destination: 'X.example' })).to.equal('ac');
        expect(await found({ from: '' })).to.equal('c');
        expect(await found({ from: 'ALICE@example.org', state: 'active' })).to.equal('B');
        expect(await found({ to: 'b@y.example' })).to.equal('B');
        expect(await found({ state: 'hold' })).to.equal('a');
        expect(await found({ queuedBeforeMs: Date.now() - HOUR_MS })).to.equal('');
        for (const [name, end] of [
          ['d', '; now'],
          ['e', '\r\n\tfor <e@x.example>; now'],
        ] as const)
          // prettier-ignore
          await queueUp([`${name}@x.example`], { trace: Buffer.from(`Received: from a by b id ${name}-1.1-1${end}\r\n`) });
        expect(await found({ acceptedAs: 'd-1.1-1' })).to.equal('d');
        expect(await found({ acceptedAs: 'e-1.1-1' })).to.equal('e');
        expect(await found({ acceptedAs: 'd-1.1' })).to.equal('');
        expect((await store.queuedMail.list({}, first?.id)).entries).to.have.length(4);
      });

      it('holds, releases and removes, and leaves alone what is under way', async () => {
        await queueUp(['a@x.example', 'b@y.example']);
        const leased = await leaseOne('y.example');
        const ids = (await entries()).map(({ id }) => id);
        expect(await store.queuedMail.hold([...ids, 4711])).to.equal(1);
        expect(await counts()).to.deep.equal([1, 0, 1, 0]);
        expect(await due()).to.deep.equal([]);
        expect(await store.queuedMail.retry(ids)).to.equal(0);
        expect(await store.queuedMail.release(ids)).to.equal(1);
        expect(await due()).to.deep.equal(['x.example']);
        expect(await store.queuedMail.remove(ids)).to.equal(2);
        expect(await counts()).to.deep.equal([0, 0, 0, 0]);
        await store.queue.settle([settlement(leased, deferred(Date.now()))]);
        expect([await counts(), await store.queue.nextDueAtMs()]).to.deep.equal([[0, 0, 0, 0], undefined]);
        expect((await store.queuedMail.find(leased.id))?.attempts.map(({ kind }) => kind)).to.deep.equal(['removed']);
        await eventually('nothing to be stored', () => underTest.storedOctets() === 0);
      });

      it('releases what is to leave later for its time, and retries it now', async () => {
        const firstAttemptAtMs = Date.now() + HOUR_MS;
        await queueUp(['a@x.example'], { firstAttemptAtMs });
        const [{ id } = { id: 0 }] = await entries();
        expect(await store.queuedMail.hold([id])).to.equal(1);
        expect(await store.queue.nextDueAtMs()).to.equal(undefined);
        expect(await store.queuedMail.release([id])).to.equal(1);
        expect((await entries())[0]).to.include({ state: 'deferred', dueAtMs: firstAttemptAtMs });
        expect(await store.queuedMail.retry([id])).to.equal(1);
        expect(await due()).to.deep.equal(['x.example']);
        expect(await store.queuedMail.hold([id])).to.equal(1);
        expect(await store.queuedMail.release([id])).to.equal(1);
        expect(await due()).to.deep.equal(['x.example']);
      });

      it('tells how long the oldest has waited', async () => {
        expect((await store.queuedMail.count()).oldestQueuedAtMs).to.equal(null);
        const old = Date.now() - HOUR_MS;
        await deliver(store, { ...envelopeOut(['a@x.example']), receivedAtMs: old }, BODY);
        await queueUp(['b@x.example']);
        expect((await store.queuedMail.count()).oldestQueuedAtMs).to.equal(old);
      });

      it('tells when something is due next, as the sender hears it', async () => {
        expect((await store.queuedMail.count()).nextDueAtMs).to.equal(null);
        const due = Date.now() + HOUR_MS;
        await queueUp(['a@x.example'], { firstAttemptAtMs: due });
        expect((await store.queuedMail.count()).nextDueAtMs).to.equal(due);
        await store.queuedMail.hold([(await entries())[0]?.id ?? 0]);
        expect((await store.queuedMail.count()).nextDueAtMs).to.equal(null);
      });

      it('tells of no lease that it ends', async () => {
        const later = Date.now() + HOUR_MS;
        await queueUp(['a@x.example']);
        await leaseOne();
        expect((await store.queuedMail.count()).nextDueAtMs).to.equal(null);
        await queueUp(['b@x.example'], { firstAttemptAtMs: later });
        expect((await store.queuedMail.count()).nextDueAtMs).to.equal(later);
        await queueUp(Array.from({ length: 60 }, (_, at) => `r@d${at}.example`));
        for (let at = 0; at < 60; at++) await leaseOne(`d${at}.example`);
        expect((await store.queuedMail.count()).nextDueAtMs).to.equal(later);
        await queueUp(['now@z.example']);
        expect((await store.queuedMail.count()).nextDueAtMs).to.be.at.most(Date.now());
      });
    });

    it('tells who opens a message that was removed', async () => {
      await queueUp(['a@x.example']);
      const [message] = await leaseAll();
      await store.queuedMail.remove((await entries()).map(({ id }) => id));
      const source = store.queue.open(message?.message ?? 0);
      await fails('missing', (async () => source.next())());
      source.close();
    });
  });
}
