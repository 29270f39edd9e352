/** What every driver must do about quotas, beside the rest of the contract; the counters behind them never drift. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import type { Envelope } from '../../src/store/deliveries.js';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { everything, numbers } from '../support/maildrops.js';
import { at, deliver, envelopeTo, fails, localRecipient, withMaildrop, type StoreUnderTest } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const KIB = 1024;
const TRACE = localRecipient(1).trace.length;
/** One goes in a frame, the other in chunks whose end comes last. */
const SIZES = [100, 600 * KIB];

function accountAt({ recipients }: Envelope, position: number): AccountId {
  const recipient = recipients[position];
  return recipient?.kind === 'local' ? recipient.account : -1;
}

export function describeQuotas(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with quotas`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;
    let bob: AccountId;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      for (const address of ['alice@example.org', 'bob@example.org'])
        await store.directory.addAccount(at(address), HASH);
      alice = await idOf('alice@example.org');
      bob = await idOf('bob@example.org');
    });

    afterEach(async () => {
      try {
        expect(underTest.miscounted()).to.deep.equal([]);
      } finally {
        await underTest.cleanup();
      }
    });

    async function idOf(address: string): Promise<AccountId> {
      return (await store.findLogin(address))?.id ?? -1;
    }

    function limit(address: string, octets: number | undefined): Promise<void> {
      return store.directory.setQuota(at(address), octets === undefined ? {} : { octets });
    }

    async function roomOf(address: string): Promise<readonly (number | undefined)[]> {
      const found = await store.resolve(at(address));
      return found.kind === 'local'
        ? found.targets.map((target) => (target.kind === 'local' ? target.rooms?.[0]?.freeOctets : undefined))
        : [];
    }

    async function counts(): Promise<readonly number[]> {
      return (await store.directory.listAccounts()).map(({ messages }) => messages);
    }

    /** The accounts that were left out. */
    async function commit(envelope: Envelope, size: number): Promise<readonly AccountId[]> {
      const delivery = store.deliver(envelope);
      for (let left = size; left > 0; left -= 64 * KIB)
        await delivery.write(Buffer.alloc(Math.min(left, 64 * KIB), '\n'));
      return (await delivery.commit()).map((position) => accountAt(envelope, position));
    }

    const apart = (...accounts: readonly AccountId[]): Envelope => ({ ...envelopeTo(...accounts), perRecipient: true });

    it('has none unless told, and shows what was set', async () => {
      expect(await roomOf('alice@example.org')).to.deep.equal([undefined]);
      await limit('alice@example.org', 1000);
      await store.directory.addAccount(at('carol@example.org'), HASH);
      await limit('carol@example.org', 500);
      const shown = async () => (await store.directory.listAccounts()).map(({ quotaOctets }) => quotaOctets);
      expect(await shown()).to.deep.equal([1000, undefined, 500]);
      await limit('alice@example.org', undefined);
      expect(await shown()).to.deep.equal([undefined, undefined, 500]);
      await fails('missing', limit('nobody@example.org', 1), /nobody@example\.org/);
    });

    it('says how much room an address leads to, through aliases and details, in every process', async () => {
      const other = await underTest.connect();
      await store.directory.addAlias(at('pair@example.org'), [at('alice@example.org'), at('bob@example.org')]);
      await limit('alice@example.org', 1000);
      await deliver(other, envelopeTo(alice), Buffer.alloc(100, '\n'));
      expect(await roomOf('alice@example.org')).to.deep.equal([900 - TRACE]);
      expect(await roomOf('alice+x@example.org')).to.deep.equal([900 - TRACE]);
      expect(await roomOf('pair@example.org')).to.deep.equal([900 - TRACE, undefined]);
      await limit('alice@example.org', 10);
      expect(await roomOf('alice@example.org')).to.deep.equal([-90 - TRACE]);
    });

    for (const size of SIZES) {
      const whole = size + TRACE;

      it(`takes ${size} octets that fill the quota exactly, and stores nothing of one octet more`, async () => {
        await limit('alice@example.org', whole - 1);
        await fails('over-quota', commit(envelopeTo(alice), size));
        await fails('over-quota', commit(apart(alice), size));
        expect(underTest.storedOctets()).to.equal(0);
        await limit('alice@example.org', whole);
        expect(await commit(envelopeTo(alice), size)).to.deep.equal([]);
        await fails('over-quota', commit(envelopeTo(alice), 1));
        expect(await counts()).to.deep.equal([1, 0]);
      });

      it(`gives ${size} octets to all of an ordinary envelope when one has room, and to nobody when none has`, async () => {
        await limit('alice@example.org', 10);
        expect(await commit(envelopeTo(alice, bob), size)).to.deep.equal([]);
        expect(await counts()).to.deep.equal([1, 1]);
        await limit('bob@example.org', 10);
        await fails('over-quota', commit(envelopeTo(alice, bob), size));
        expect(await counts()).to.deep.equal([1, 1]);
      });

      it(`leaves out of ${size} octets exactly those that have no room when they are judged apart`, async () => {
        await limit('alice@example.org', 10);
        expect(await commit(apart(alice, bob), size)).to.deep.equal([alice]);
        expect(await counts()).to.deep.equal([0, 1]);
        await limit('bob@example.org', 10);
        await fails('over-quota', commit(apart(alice, bob), size));
        expect(underTest.storedOctets()).to.equal(size);
        await withMaildrop(store, bob, (maildrop) => maildrop.remove(everything(maildrop)));
        expect(underTest.storedOctets()).to.equal(0);
      });

      it(`counts each of an account's copies of ${size} octets`, async () => {
        await limit('alice@example.org', 2 * whole);
        expect(await commit(apart(alice, bob, alice, alice), size)).to.deep.equal([alice]);
        expect(await counts()).to.deep.equal([2, 1]);
        expect(await commit(envelopeTo(alice, bob), size)).to.deep.equal([]);
        expect(await counts()).to.deep.equal([3, 2]);
      });
    }

    for (const size of SIZES) {
      const whole = size + TRACE;

      it(`gives ${size} octets to nobody where one account would come above its quota by more than that`, async () => {
        await limit('alice@example.org', whole - 1);
        expect(await commit(envelopeTo(alice, bob), size)).to.deep.equal([]);
        await fails('over-quota-meanwhile', commit(envelopeTo(alice, bob), size));
        await fails('over-quota-meanwhile', commit(envelopeTo(bob, alice), size));
        expect(await counts()).to.deep.equal([1, 1]);
        expect(underTest.storedOctets()).to.equal(size);
        expect(await commit(envelopeTo(bob), size)).to.deep.equal([]);
        expect(await commit(apart(alice, bob), size)).to.deep.equal([alice]);
      });

      it(`gives ${size} octets to nobody where its copies together would do that`, async () => {
        await limit('alice@example.org', whole - 1);
        await fails('over-quota-meanwhile', commit(envelopeTo(alice, alice, bob), size));
        await limit('alice@example.org', whole);
        expect(await commit(envelopeTo(alice, alice, bob), size)).to.deep.equal([]);
        expect(await counts()).to.deep.equal([2, 1]);
      });
    }

    it('is passed by one message at most, however many come at once for an account and another with room', async () => {
      await limit('alice@example.org', 100);
      const sent = Array.from({ length: 20 }, () => commit(envelopeTo(alice, bob), 50 * KIB));
      const told = await Promise.allSettled(sent);
      expect(told.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      expect(await counts()).to.deep.equal([1, 1]);
    });

    it('counts what RETR sends: the last CRLF that is added, too', async () => {
      const unended = async (quota: number) => {
        await limit('alice@example.org', quota);
        return deliver(store, envelopeTo(alice), Buffer.from('text'));
      };
      await fails('over-quota', unended(TRACE + 5));
      await unended(TRACE + 6);
    });

    it('has room again for what was removed, and none for what was not', async () => {
      await limit('alice@example.org', 2 * (100 + TRACE));
      for (let times = 0; times < 2; times++) await commit(envelopeTo(alice), 100);
      await fails('over-quota', commit(envelopeTo(alice), 100));
      await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(1)));
      await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(2))); // Nothing: there is no such message.
      await commit(envelopeTo(alice), 100);
      await fails('over-quota', commit(envelopeTo(alice), 100));
    });

    it('takes many at once up to the quota, and answers each rightly', async () => {
      await limit('alice@example.org', 7 * (100 + TRACE));
      const told = await Promise.allSettled(Array.from({ length: 40 }, () => commit(envelopeTo(alice), 100)));
      expect(told.filter(({ status }) => status === 'fulfilled')).to.have.length(7);
      expect(await counts()).to.deep.equal([7, 0]);
    });

    it('counts messages as well as octets, and whichever is used up first holds', async () => {
      await store.directory.setQuota(at('alice@example.org'), { messages: 2, octets: 3 * (100 + TRACE) });
      const rooms = async () => {
        const found = await store.resolve(at('alice@example.org'));
        return found.kind === 'local'
          ? found.targets.flatMap((target) => (target.kind === 'local' ? target.rooms : []))
          : [];
      };
      await commit(envelopeTo(alice), 100);
      const [room] = await rooms();
      expect([room?.freeMessages, room?.freeOctets]).to.deep.equal([1, 2 * (100 + TRACE)]);
      await commit(envelopeTo(alice), 100);
      await fails('over-quota', commit(envelopeTo(alice), 1));
      expect(await commit(apart(alice, bob), 1)).to.deep.equal([alice]);
      expect(await commit(envelopeTo(alice, bob), 1)).to.deep.equal([]);
      await fails('over-quota-meanwhile', commit(envelopeTo(alice, bob), 1));
      expect(await counts()).to.deep.equal([3, 2]);
      await withMaildrop(store, alice, (maildrop) => maildrop.remove([[1, 2]]));
      await commit(envelopeTo(alice), 100);
      await fails('over-quota', commit(envelopeTo(alice), 1));
      const [shown] = await store.directory.listAccounts();
      expect([shown?.quotaMessages, shown?.quotaOctets]).to.deep.equal([2, 3 * (100 + TRACE)]);
    });

    it('may be one of a domain for all of its accounts together, beside their own', async () => {
      await store.directory.addAccount(at('carol@example.net'), HASH);
      const carol = await idOf('carol@example.net');
      await commit(envelopeTo(alice), 100);
      await store.directory.setDomainQuota('example.org', { octets: 3 * (100 + TRACE), messages: 10 });
      expect(await domains()).to.deep.equal([[1, 100 + TRACE], undefined]);
      await commit(envelopeTo(alice, bob, carol), 100);
      await fails('over-quota', commit(envelopeTo(bob), 1));
      expect(await commit(apart(alice, bob, carol), 1)).to.deep.equal([alice, bob]);
      await fails('over-quota-meanwhile', commit(envelopeTo(alice, bob, carol), 1)); // By two copies.
      expect(await commit(envelopeTo(alice, carol), 1)).to.deep.equal([]); // By one.
      await limit('alice@example.org', 1);
      await store.directory.setDomainQuota('example.org', {});
      await fails('over-quota', commit(envelopeTo(alice), 1));
      await commit(envelopeTo(bob), 1);
      expect(await domains()).to.deep.equal([undefined, undefined]);
      await fails('missing', store.directory.setDomainQuota('example.com', {}), /example\.com/);
    });

    it('counts for a domain what comes, goes, and goes with its account, over another start', async () => {
      await store.directory.setDomainQuota('example.org', { messages: 4 });
      for (let times = 0; times < 2; times++) await commit(envelopeTo(alice, bob), 100);
      await fails('over-quota', commit(envelopeTo(bob), 100));
      await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(1)));
      expect(await domains()).to.deep.equal([[3, 3 * (100 + TRACE)]]);
      await fails('missing', commit(envelopeTo(alice, 4711), 100));
      await underTest.restart();
      store = await underTest.connect();
      await store.directory.removeAccount(at('bob@example.org'));
      expect(await domains()).to.deep.equal([[1, 100 + TRACE]]);
      const sent = Array.from({ length: 20 }, () => commit(envelopeTo(alice), 100));
      const told = await Promise.allSettled(sent);
      expect(told.filter(({ status }) => status === 'fulfilled')).to.have.length(3);
      await store.directory.removeAccount(at('alice@example.org'));
      await store.directory.removeDomain('example.org');
      await store.directory.addAccount(at('alice@example.org'), HASH);
      alice = await idOf('alice@example.org');
      expect(await domains()).to.deep.equal([undefined]);
      for (let times = 0; times < 5; times++) await commit(envelopeTo(alice), 100);
    });

    async function domains(): Promise<readonly (readonly number[] | undefined)[]> {
      return (await store.directory.listDomains()).map(({ held }) => held && [held.messages, held.octets]);
    }

    it('counts on after a failed commit, another start, and an account that is made again', async () => {
      await limit('alice@example.org', 2 * (100 + TRACE));
      await commit(envelopeTo(alice), 100);
      await fails('missing', commit(envelopeTo(alice, 4711), 100));
      await Promise.allSettled([commit(envelopeTo(alice, 4711), 100), commit(envelopeTo(bob), 100)]);
      await underTest.restart();
      store = await underTest.connect();
      expect(await counts()).to.deep.equal([1, 1]);
      expect(await roomOf('alice@example.org')).to.deep.equal([100 + TRACE]);
      await commit(envelopeTo(alice, bob), 100);
      await fails('over-quota', commit(envelopeTo(alice), 100));
      await store.directory.removeAccount(at('alice@example.org'));
      await store.directory.addAccount(at('alice@example.org'), HASH);
      await commit(envelopeTo(await idOf('alice@example.org')), 100);
      expect(await counts()).to.deep.equal([1, 2]);
    });
  });
}
