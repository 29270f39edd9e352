/** What every driver must do with views: what one login hides is hidden from it alone, and each sees every message once. */
import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Maildrop, ViewId } from '../../src/store/maildrops.js';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { Chance } from '../support/ledger-chance.js';
import { eventually } from '../support/eventually.js';
import { everything, messagesOf, numbers } from '../support/maildrops.js';
import { allPieces } from '../support/sources.js';
import { at, deliver, envelopeTo, fails, openSoon, type StoreUnderTest } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const ALICE = at('alice@example.org');
const DAY_MS = 86_400_000;
const [PHONE, DESK] = [7, 8];
/** In more than one block of a list, and of a count. */
const MANY = 700;

export function describeViews(name: string, make: (keepRemovedMs: number) => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with a view for each login`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;

    beforeEach(async () => {
      underTest = await make(DAY_MS);
      store = await underTest.connect();
      await store.directory.addAccount(ALICE, HASH);
      alice = (await store.findLogin('alice@example.org'))?.id ?? -1;
    });

    afterEach(async () => {
      try {
        expect(underTest.miscounted()).to.deep.equal([]);
      } finally {
        await underTest.cleanup();
      }
    });

    async function restarted(): Promise<void> {
      await underTest.restart();
      store = await underTest.connect();
    }

    async function send(...texts: readonly string[]): Promise<void> {
      for (const text of texts)
        await deliver(store, envelopeTo(alice), Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`));
    }

    async function within<T>(view: ViewId | undefined, work: (maildrop: Maildrop) => T | Promise<T>): Promise<T> {
      const maildrop = await openSoon(store, alice, view);
      try {
        return await work(maildrop);
      } finally {
        await maildrop.release();
      }
    }

    /** What STAT and LIST say agrees with what is there. */
    async function textsOf(maildrop: Maildrop): Promise<readonly string[]> {
      const all = await messagesOf(maildrop);
      expect(all).to.have.length(maildrop.count);
      expect(all.reduce((sum, { octets }) => sum + octets, 0)).to.equal(maildrop.octets);
      const messages = await Promise.all(all.map(({ id }) => allPieces(maildrop.read(id))));
      return messages.map((pieces) => Buffer.concat(pieces).toString().split('\r\n').at(-2) ?? '');
    }

    const seenBy = (view: ViewId | undefined) => within(view, textsOf);
    const hide = (view: ViewId | undefined, ...each: readonly number[]) =>
      within(view, (maildrop) => maildrop.remove(numbers(...each)));

    it('hides from one what the others see, durably', async () => {
      await send('one', 'two', 'three', 'four');
      await hide(PHONE, 1, 3);
      await hide(DESK, 4);
      await restarted();
      expect(await seenBy(PHONE)).to.deep.equal(['two', 'four']);
      expect(await seenBy(DESK)).to.deep.equal(['one', 'two', 'three']);
      expect(await seenBy(undefined)).to.deep.equal(['one', 'two', 'three', 'four']);
      await hide(PHONE, 1, 2);
      await send('five');
      expect(await seenBy(PHONE)).to.deep.equal(['five']);
      expect(await store.mailboxes.countMail(ALICE)).to.equal(5);
      expect((await store.directory.listAccounts())[0]?.messages).to.equal(5); // They are held, and count for the quota.
      expect(await store.removedMail.listRemoved(ALICE)).to.deep.equal([]);
    });

    it('keeps numbers and UIDLs, and shows what comes later at the next opening', async () => {
      await send('one', 'two', 'three');
      await hide(PHONE, 2);
      const uidls = await within(undefined, async (all) => (await messagesOf(all)).map(({ uidl }) => uidl));
      const held = await openSoon(store, alice, PHONE);
      await send('four');
      expect([(await held.find(1))?.uidl, (await held.find(2))?.uidl, await held.find(3)]).to.deep.equal([
        uidls[0],
        uidls[2],
        undefined,
      ]);
      await held.remove(everything(held));
      await held.release();
      expect(await seenBy(PHONE)).to.deep.equal(['four']);
    });

    it('lets views be open beside each other, each once, and none beside all of the maildrop', async () => {
      await send('one', 'two');
      const other = await underTest.connect();
      const phone = await openSoon(store, alice, PHONE);
      const desk = await other.open(alice, { from: 'desk', view: DESK });
      await fails('in-use', other.open(alice, { from: 'test', view: PHONE }));
      await fails('in-use', other.open(alice, { from: 'test' }));
      await fails('in-use', store.removedMail.removeMail(ALICE, numbers(1)));
      await desk.remove(numbers(1));
      expect(await textsOf(phone)).to.deep.equal(['one', 'two']);
      await desk.release();
      await fails('in-use', other.open(alice, { from: 'test' }));
      await phone.release();
      const all = await openSoon(store, alice);
      await fails('in-use', other.open(alice, { from: 'test', view: PHONE }));
      await all.release();
      expect(await seenBy(DESK)).to.deep.equal(['two']);
    });

    it('opens one no sooner again than the opener says, however many come at once', async () => {
      const open = (view?: ViewId, intervalMs?: number) => store.open(alice, { from: 'test', view, intervalMs });
      const tries = await Promise.allSettled(Array.from({ length: 10 }, () => open(PHONE, 60_000)));
      const [first, ...others] = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(others).to.deep.equal([]);
      await first?.release();
      await fails('too-soon', open(PHONE, 60_000));
      await (await open(PHONE)).release(); // It was let go of at once, and another may not mind.
      await (await open(DESK, 60_000)).release();
      await (await open(undefined, 60_000)).release();
      await fails('too-soon', open(undefined, 60_000));
      await setTimeout(10);
      await (await open(PHONE, 5)).release();
    });

    it('does not show what was removed for all, and shows what is restored to where it was', async () => {
      await send('one', 'two', 'three', 'four');
      await setTimeout(2);
      const sinceMs = Date.now();
      await setTimeout(2); // What is removed within that millisecond was not removed after it.
      await hide(undefined, 2);
      await hide(PHONE, 1, 2, 3);
      expect(await seenBy(PHONE)).to.deep.equal([]);
      expect(await store.removedMail.restoreTo(ALICE, sinceMs)).to.equal(1);
      expect(await seenBy(PHONE)).to.deep.equal(['two']);
      await hide(PHONE, 1);
      await hide(undefined, 1, 2, 3, 4);
      for (const view of [PHONE, DESK, undefined]) expect(await seenBy(view)).to.deep.equal([]);
      const [{ number } = { number: -1 }] = await store.removedMail.listRemoved(ALICE);
      expect(await store.removedMail.restoreMail(ALICE, [number])).to.equal(1); // As a new one.
      for (const view of [PHONE, DESK, undefined]) expect(await seenBy(view)).to.deep.equal(['one']);
    });

    it('forgets with a credential what it hid, and with the account all', async () => {
      const phone = { name: 'phone', scopes: ['pop3'], hash: 'h' } as const;
      await store.directory.addCredential(ALICE, phone);
      const view = await idOfPhone();
      await send('one', 'two');
      await hide(view, 1);
      await store.directory.removeCredential(ALICE, 'phone');
      await store.directory.addCredential(ALICE, phone);
      expect(await idOfPhone()).to.not.equal(view);
      for (const each of [view, await idOfPhone()]) expect(await seenBy(each)).to.deep.equal(['one', 'two']);
      await hide(await idOfPhone(), 1, 2);
      await store.directory.removeAccount(ALICE);
      await eventually('all to go', () => underTest.storedOctets() === 0);
      await eventually('nothing to be left of it', () =>
        store.directory.removeDomain('example.org').then(
          () => true,
          () => false,
        ),
      );
    });

    const idOfPhone = async () => (await store.findLogin('alice@example.org'))?.credentials[0]?.id ?? -1;

    it('knows a device by its name behind that of the account, with its own password alone', async () => {
      for (const device of ['Phone', 'desk'])
        await store.directory.addCredential(ALICE, { name: device, scopes: ['pop3'], hash: device, scram: 'keys' });
      await store.directory.addAccount(at('alice+work@example.org'), 'other');
      for (const login of ['alice+phone', 'Alice+PHONE@Example.org', ' "alice+phone"@example.org. ']) {
        const found = await store.findLogin(login);
        expect(found, login).to.include({ id: alice, address: 'alice@example.org', hasViews: true });
        expect(found, login).to.include({ passwordHash: undefined, scram: undefined });
        expect(found?.credentials.map((one) => one.name)).to.deep.equal(['Phone']);
        expect(await store.loginAddress(login)).to.equal('alice@example.org');
      }
      expect(await store.findLogin('alice@example.org')).to.include({ passwordHash: HASH, hasViews: false });
      expect((await store.findLogin('alice+other@example.org'))?.credentials).to.deep.equal([]);
      expect(await store.findLogin('alice+work@example.org')).to.include({ passwordHash: 'other', hasViews: false });
      expect(await store.loginAddress('alice+work')).to.equal('alice+work@example.org');
      for (const nobody of ['bob+phone', '+phone', 'phone']) expect(await store.findLogin(nobody)).to.equal(undefined);
      expect(await store.loginAddress('bob+phone')).to.equal('bob@example.org');
    });

    it('says of an account that keeps its mail that each login has a view', async () => {
      const keeps = async () => (await store.directory.listAccounts()).map(({ keepsMail }) => keepsMail);
      await store.directory.setKeepsMail(ALICE, true);
      await restarted();
      expect(await store.findLogin('alice@example.org')).to.include({ passwordHash: HASH, hasViews: true });
      expect(await keeps()).to.deep.equal([true]);
      await store.directory.setKeepsMail(ALICE, false);
      expect(await store.findLogin('alice@example.org')).to.include({ hasViews: false });
      expect(await keeps()).to.deep.equal([false]);
      await fails('missing', store.directory.setKeepsMail(at('nobody@example.org'), true));
    });

    it('finds each of many by its number behind, before and between what is hidden and what was removed', async () => {
      const all = Array.from({ length: MANY }, (_, each) => String(each));
      await Promise.all(all.map((text) => send(text)));
      const sent = await seenBy(undefined);
      await hide(PHONE, ...all.flatMap((_, each) => (each % 2 === 0 ? [each + 1] : [])));
      await within(undefined, (maildrop) => maildrop.remove([[101, 300]]));
      const left = sent.filter((_, each) => each % 2 === 1 && (each < 100 || each >= 300));
      expect(await seenBy(PHONE)).to.deep.equal(left);
      await within(PHONE, async (maildrop) => {
        for (const number of [left.length, 1, 50, 51, 250]) {
          const found = await maildrop.find(number);
          const text = Buffer.concat(await allPieces(maildrop.read(found?.id ?? -1))).toString();
          expect(text.endsWith(`\r\n${left[number - 1]}\r\n`)).to.equal(true);
        }
        await maildrop.remove([[5, 240]]);
      });
      expect(await seenBy(PHONE)).to.deep.equal(left.filter((_, each) => each < 4 || each >= 240));
      await within(PHONE, (maildrop) => maildrop.remove(everything(maildrop)));
      expect(await seenBy(PHONE)).to.deep.equal([]);
      expect(await seenBy(undefined)).to.have.length(MANY - 200);
    });

    it('shows each view every message once, in any order of polling and removing', async function () {
      this.timeout(60_000);
      const chance = new Chance(26);
      const views = [0, PHONE, DESK];
      const got = new Map(views.map((view) => [view, new Set<string>()]));
      const expected = (view: ViewId) => present.filter((text) => got.get(view)?.has(text) !== true);
      let [present, count] = [[] as readonly string[], 0];
      for (let step = 0; step < 120; step++) {
        const act = chance.pick(['send', 'poll', 'poll', 'poll', 'remove for all']);
        if (act === 'send') {
          const sent = Array.from({ length: chance.between(1, 6) }, () => String(count++));
          await send(...sent);
          present = [...present, ...sent];
        } else if (act === 'poll') {
          const view = chance.pick(views);
          await within(view, async (maildrop) => {
            const texts = await textsOf(maildrop);
            expect(texts, `step ${step}`).to.deep.equal(expected(view));
            const taken = texts.flatMap((_, each) => (chance.happens(0.7) ? [each + 1] : []));
            await maildrop.remove(numbers(...taken));
            for (const number of taken) got.get(view)?.add(texts[number - 1] as string);
          });
        } else {
          const gone = present.flatMap((_, each) => (chance.happens(0.1) ? [each + 1] : []));
          await hide(undefined, ...gone);
          present = present.filter((_, each) => !gone.includes(each + 1));
        }
        if (chance.happens(0.05)) await restarted();
      }
      for (const view of views) expect(await seenBy(view)).to.deep.equal(expected(view));
    });
  });
}
