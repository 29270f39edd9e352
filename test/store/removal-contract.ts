/** What every driver must do with what was removed: it is out of sight, it can be restored for a while, and then it goes. */
import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Maildrop } from '../../src/store/maildrops.js';
import type { RemovedSummary } from '../../src/store/removed-mail.js';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { Chance } from '../support/ledger-chance.js';
import { eventually } from '../support/eventually.js';
import { everything, messagesOf, numbers } from '../support/maildrops.js';
import { allPieces } from '../support/sources.js';
import {
  at,
  deliver,
  envelopeTo,
  fails,
  localRecipient,
  openSoon,
  withMaildrop,
  type StoreUnderTest,
} from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const ALICE = at('alice@example.org');
const BOB = at('bob@example.org');
const DAY_MS = 86_400_000;
/** More than are removed at once, in more than one block of a list. */
const MANY = 700;

interface Shown {
  readonly text: string;
  readonly uidl: string;
}

export function describeRemovals(name: string, make: (keepRemovedMs: number) => Promise<StoreUnderTest>): void {
  describe(`${name} as a store that keeps what is removed`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;
    let bob: AccountId;

    async function begin(keepRemovedMs: number): Promise<void> {
      underTest = await make(keepRemovedMs);
      store = await underTest.connect();
      for (const address of [ALICE, BOB]) await store.directory.addAccount(address, HASH);
      [alice, bob] = [await idOf('alice@example.org'), await idOf('bob@example.org')];
    }

    beforeEach(() => begin(DAY_MS));

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

    async function idOf(address: string): Promise<AccountId> {
      return (await store.findLogin(address))?.id ?? -1;
    }

    async function send(...texts: readonly (string | number)[]): Promise<void> {
      for (const text of texts) await deliver(store, envelopeTo(alice), letter(text));
    }

    function shownBy(maildrop: Maildrop): Promise<readonly Shown[]> {
      return messagesOf(maildrop).then((all) =>
        Promise.all(
          all.map(async ({ id, uidl, octets }) => {
            const message = Buffer.concat(await allPieces(maildrop.read(id)));
            expect(message).to.have.length(octets);
            return { uidl, text: textOf(message) };
          }),
        ),
      );
    }

    function shown(account = alice): Promise<readonly Shown[]> {
      return withMaildrop(store, account, shownBy);
    }

    async function texts(account = alice): Promise<readonly string[]> {
      return (await shown(account)).map(({ text }) => text);
    }

    function remove(...each: readonly number[]): Promise<void> {
      return withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(...each)));
    }

    async function removed(address = ALICE): Promise<readonly RemovedSummary[]> {
      const all: RemovedSummary[] = [];
      for (let after: RemovedSummary | undefined; ;) {
        const page = await store.removedMail.listRemoved(address, after);
        if (page.length === 0) return all;
        all.push(...page);
        after = page.at(-1);
      }
    }

    async function numberOf(subject: string): Promise<number> {
      return (await removed()).find((one) => one.subject === subject)?.number ?? 1e9;
    }

    /** A moment that lies between what was done before and what is done behind it. */
    async function moment(): Promise<number> {
      await setTimeout(2);
      const nowMs = Date.now();
      await setTimeout(2);
      return nowMs;
    }

    it('removes by id what is there of it, for whom it is told, and takes that back by the same ids', async () => {
      await send('one', 'two', 'three', 'four');
      const { mailboxes, removedMail } = store;
      const ids = await mailboxes.newestMail(ALICE, { start: 0, limit: 10 });
      const [, three = 0, two = 0, one = 0] = ids;
      await removedMail.removeMailById(ALICE, [three, one, 999_999, one], '192.0.2.7 by HTTP');
      expect(await texts()).to.deep.equal(['two', 'four']);
      await removedMail.removeMailById(ALICE, [three], 'nobody');
      expect((await removed()).map(({ subject, client }) => [subject, client])).to.deep.equal([
        ['one', '192.0.2.7 by HTTP'],
        ['three', '192.0.2.7 by HTTP'],
      ]);
      const held = await openSoon(store, alice);
      await fails('in-use', removedMail.removeMailById(ALICE, [two], 'x'));
      await held.release();
      expect(await removedMail.restoreMailById(ALICE, [one, two, 999_999])).to.equal(1);
      expect(await texts()).to.deep.equal(['two', 'four', 'one']);
      await removedMail.removeMailById(ALICE, 'all', 'x');
      await removedMail.removeMailById(ALICE, 'all', 'x');
      expect(await texts()).to.deep.equal([]);
      expect(await mailboxes.newestMail(ALICE, { start: 0, limit: 10 })).to.deep.equal([]);
    });

    it('lists the ids of the rest, newest first, from any place, and shows what is there', async () => {
      await send(...Array.from({ length: 40 }, (_, at) => at));
      const { mailboxes } = store;
      const all = await mailboxes.newestMail(ALICE, { start: 0, limit: 100 });
      await remove(1, 2, 3, 7, 20, 21, 22, 39, 40);
      const left = all.filter((_, at) => ![1, 2, 3, 7, 20, 21, 22, 39, 40].includes(40 - at));
      for (let start = 0; start < 42; start++)
        expect(await mailboxes.newestMail(ALICE, { start, limit: 5 }), `${start}`).to.deep.equal(
          left.slice(start, start + 5),
        );
      const shown = await mailboxes.showMail(ALICE, [left[3] ?? 0, all[0] ?? 0, left[1] ?? 0, 999_999]);
      expect(shown.map(({ id }) => id)).to.deep.equal([left[3], left[1]]);
      expect(shown[0]).to.deep.include({ subject: String(40 - all.indexOf(left[3] ?? 0) - 1) });
    });

    it('shows it to administration alone, with who removed it and when', async () => {
      const before = await moment();
      await send('one', 'two', 'three');
      const held = await store.open(alice, { from: '192.0.2.7 pop3-12' });
      await held.remove(numbers(1, 3));
      await held.release();
      expect(await texts()).to.deep.equal(['two']);
      expect((await store.mailboxes.listMail(ALICE)).map(({ subject, number }) => [subject, number])).to.deep.equal([
        ['two', 1],
      ]);
      expect(await store.mailboxes.countMail(ALICE)).to.equal(1);
      const list = await removed();
      expect(list.map(({ subject, from, client }) => [subject, from, client])).to.deep.equal([
        ['one', 'one@example.net', '192.0.2.7 pop3-12'],
        ['three', 'three@example.net', '192.0.2.7 pop3-12'],
      ]);
      for (const { removedAtMs, receivedAtMs, octets } of list) {
        expect(removedAtMs).to.be.within(Math.max(before, receivedAtMs), Date.now());
        expect(octets).to.be.above(0);
      }
      expect(await removed(BOB)).to.deep.equal([]);
      await fails(
        'missing',
        Promise.resolve().then(() => store.removedMail.listRemoved(at('x@example.org'))),
      );
    });

    it('counts for no quota', async () => {
      await send('one', 'two');
      await store.directory.setQuota(ALICE, { octets: (await octetsHeld()) + 1 });
      await fails('over-quota', deliver(store, envelopeTo(alice), letter('six')));
      await remove(1);
      await send('six');
      expect(await texts()).to.deep.equal(['two', 'six']);
    });

    async function octetsHeld(): Promise<number> {
      return (await store.directory.listAccounts())[0]?.octets ?? 0;
    }

    it('restores it as the newest, with the same octets and another UIDL, durably', async () => {
      await send('one', 'two', 'three');
      const before = await shown();
      await remove(1, 2);
      expect(await store.removedMail.restoreMail(ALICE, [await numberOf('one'), 1e9])).to.equal(1);
      await restarted();
      const after = await shown();
      expect(after.map(({ text }) => text)).to.deep.equal(['three', 'one']);
      expect(before.map(({ uidl }) => uidl)).to.not.include(after[1]?.uidl);
      expect((await removed()).map(({ subject }) => subject)).to.deep.equal(['two']);
      expect(await store.removedMail.restoreMail(ALICE, [await numberOf('one')])).to.equal(0);
    });

    it('restores nothing by a number of another account, or of a message that nobody removed', async () => {
      await send('one', 'two');
      await remove(1);
      const number = await numberOf('one');
      expect(await store.removedMail.restoreMail(BOB, [number])).to.equal(0);
      const others = Array.from({ length: 20 }, (_, each) => each).filter((each) => each !== number);
      expect(await store.removedMail.restoreMail(ALICE, others)).to.equal(0);
      expect(await texts()).to.deep.equal(['two']);
    });

    it('restores all that is named or nothing where a quota has no room', async () => {
      await send('one', 'two', 'new');
      await remove(1, 2);
      const each = [await numberOf('one'), await numberOf('two')];
      await store.directory.setQuota(ALICE, { octets: 2 * (await octetsHeld()) + 2 });
      await fails('over-quota', store.removedMail.restoreMail(ALICE, each));
      await fails('over-quota', store.removedMail.restoreTo(ALICE, 1 + Date.now() - DAY_MS));
      expect(await texts()).to.deep.equal(['new']);
      await store.directory.setQuota(ALICE, {});
      expect(await store.removedMail.restoreMail(ALICE, each)).to.equal(2);
    });

    it('restores the maildrop of a moment: the same UIDLs in the same order, and what came since', async () => {
      await send('one', 'two', 'three', 'four');
      await remove(1);
      const since = await moment();
      const before = await shown();
      await remove(2);
      await send('five');
      await remove(1, 2);
      expect(await texts()).to.deep.equal(['five']);
      expect(await store.removedMail.restoreTo(ALICE, since)).to.equal(3);
      await restarted();
      const after = await shown();
      expect(after.slice(0, 3)).to.deep.equal(before);
      expect(after.map(({ text }) => text)).to.deep.equal(['two', 'three', 'four', 'five']);
      expect((await removed()).map(({ subject }) => subject)).to.deep.equal(['one']);
      expect(await store.removedMail.restoreTo(ALICE, since)).to.equal(0);
    });

    it('changes no numbers under a session', async () => {
      await send('one', 'two');
      const since = await moment();
      await remove(1);
      const held = await openSoon(store, alice);
      await fails('in-use', store.removedMail.restoreTo(ALICE, since));
      await fails('in-use', store.removedMail.removeMail(ALICE, numbers(1)));
      await store.removedMail.restoreMail(ALICE, [await numberOf('one')]); // It comes as new mail does.
      expect((await shownBy(held)).map(({ text }) => text)).to.deep.equal(['two']);
      await held.remove(everything(held));
      await held.release();
      expect(await texts()).to.deep.equal(['one']);
      expect(await store.removedMail.restoreTo(ALICE, since)).to.equal(1);
      expect(await texts()).to.deep.equal(['two', 'one']);
    });

    it('removes for administration as for a session, and notes no login', async () => {
      await send('one', 'two', 'three');
      await fails('refused', store.removedMail.removeMail(ALICE, numbers(1, 4)), /no message 4/);
      expect(await store.removedMail.removeMail(ALICE, numbers(1, 3))).to.equal('kept');
      expect((await removed()).map(({ subject, client }) => [subject, client])).to.deep.equal([
        ['one', 'an administrator'],
        ['three', 'an administrator'],
      ]);
      await setTimeout(1_500); // A login would be noted by now.
      expect((await store.directory.listAccounts())[0]?.lastLoginAtMs).to.equal(undefined);
      expect(await texts()).to.deep.equal(['two']);
    });

    it('keeps a body that two had until both have let go of it', async () => {
      await underTest.cleanup();
      await begin(1_500);
      const envelope = { ...envelopeTo(alice, bob), recipients: [localRecipient(alice), localRecipient(bob)] };
      await deliver(store, envelope, letter('both'));
      const octets = underTest.storedOctets();
      await remove(1);
      expect(underTest.storedOctets()).to.equal(octets);
      await eventually('alice to have none', async () => (await removed()).length === 0);
      expect(await texts(bob)).to.deep.equal(['both']);
      await withMaildrop(store, bob, (maildrop) => maildrop.remove(everything(maildrop)));
      expect((await removed(BOB)).map(({ subject }) => subject)).to.deep.equal(['both']);
      await eventually('it to go', () => underTest.storedOctets() === 0);
    });

    it('purges what was kept long enough, and says so to who wants all of it back', async () => {
      await underTest.cleanup();
      await begin(1_000);
      await send('one', 'two');
      const since = await moment();
      await remove(1);
      await eventually('it to go', async () => (await removed()).length === 0);
      await eventually('its octets to go', () => underTest.storedOctets() === letter('two').length);
      expect(await texts()).to.deep.equal(['two']);
      await fails('refused', store.removedMail.restoreTo(ALICE, since), /may be purged/);
      expect(await store.removedMail.restoreTo(ALICE, Date.now())).to.equal(0);
    });

    it('says of each account after how many days its mail expires, and the fewest of all', async () => {
      const days = async () => Promise.all([ALICE, BOB].map(async (one) => (await loginOf(one))?.expireDays));
      const loginOf = ({ local, domain }: typeof ALICE) => store.findLogin(`${local}@${domain}`);
      expect([await days(), await store.leastExpireDays()]).to.deep.equal([[undefined, undefined], undefined]);
      await store.directory.setDomainExpiry('example.org', 90);
      await store.directory.setExpiry(ALICE, 30);
      await restarted();
      expect([await days(), await store.leastExpireDays()]).to.deep.equal([[30, 90], 30]);
      expect((await store.directory.listAccounts()).map(({ expireDays }) => expireDays)).to.deep.equal([30, 90]);
      await store.directory.setExpiry(ALICE, 'never');
      expect([await days(), await store.leastExpireDays()]).to.deep.equal([[undefined, 90], 90]);
      await store.directory.setExpiry(ALICE, 'default');
      expect(await days()).to.deep.equal([90, 90]);
      await store.directory.setDomainExpiry('example.org', undefined);
      expect([await days(), await store.leastExpireDays()]).to.deep.equal([[undefined, undefined], undefined]);
      await fails('missing', store.directory.setExpiry(at('nobody@example.org'), 30));
      await fails('missing', store.directory.setDomainExpiry('elsewhere.example', 30));
    });

    it('goes with its account', async () => {
      await send(...Array.from({ length: 5 }, (_, each) => each));
      await remove(1, 2, 4);
      await store.directory.removeAccount(ALICE);
      await eventually('all to go', () => underTest.storedOctets() === 0);
      await store.directory.addAccount(ALICE, HASH);
      expect(await removed()).to.deep.equal([]);
    });

    describe('of many messages', () => {
      const all = Array.from({ length: MANY }, (_, each) => String(each));
      const odd = all.flatMap((_, each) => (each % 2 === 0 ? [each + 1] : []));

      beforeEach(async () => {
        await Promise.all(all.map((text) => deliver(store, envelopeTo(alice), letter(text))));
      });

      it('restores every second one, and all of them', async () => {
        const since = await moment();
        const before = await shown();
        await remove(...odd);
        expect(await texts()).to.deep.equal(all.filter((_, each) => each % 2 === 1));
        expect(await store.removedMail.restoreTo(ALICE, since)).to.equal(MANY / 2);
        expect(await shown()).to.deep.equal(before);
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(everything(maildrop)));
        expect(await texts()).to.deep.equal([]);
        expect((await removed()).map(({ subject }) => subject)).to.deep.equal(all);
        expect(await store.removedMail.restoreTo(ALICE, since)).to.equal(MANY);
        expect(await shown()).to.deep.equal(before);
      });

      it('finds each by its number behind, before and between what is removed', async () => {
        await remove(...odd.filter((number) => number > 300 && number < 600));
        await withMaildrop(store, alice, (maildrop) => maildrop.remove([[1, 290]]));
        const left = all.filter((_, each) => each >= 290 && !(each % 2 === 0 && each >= 300 && each < 599));
        expect(await texts()).to.deep.equal(left);
        await withMaildrop(store, alice, async (maildrop) => {
          for (const number of [left.length, 1, 200, 256, 257, left.length - 1]) {
            const found = await maildrop.find(number);
            expect(textOf(Buffer.concat(await allPieces(maildrop.read(found?.id ?? -1))))).to.equal(left[number - 1]);
          }
          await maildrop.remove([[5, 250]]);
        });
        expect(await texts()).to.deep.equal(left.filter((_, each) => each < 4 || each >= 250));
      });

      it('goes with its account, and its domain after it', async () => {
        await remove(...odd);
        for (const address of [ALICE, BOB]) await store.directory.removeAccount(address);
        await eventually('all to go', () => underTest.storedOctets() === 0);
        await eventually('nothing to be left of it', () =>
          store.directory.removeDomain('example.org').then(
            () => true,
            () => false,
          ),
        );
      });
    });

    it('agrees with a list of what is there and what was removed, whatever is done', async function () {
      this.timeout(60_000);
      const chance = new Chance(15);
      let present: readonly string[] = [];
      let gone: readonly { readonly text: string; readonly atMs: number }[] = [];
      let count = 0;
      for (let step = 0; step < 120; step++) {
        const act = chance.pick(['send', 'remove', 'remove', 'restore', 'back']);
        if (act === 'send') {
          const sent = Array.from({ length: chance.between(1, 6) }, () => String(count++));
          await send(...sent);
          present = [...present, ...sent];
        } else if (act === 'remove' && present.length > 0) {
          const each = present.flatMap((_, index) => (chance.happens(0.4) ? [index] : []));
          const atMs = await moment();
          await remove(...each.map((index) => index + 1));
          gone = [...gone, ...each.map((index) => ({ text: present[index] as string, atMs }))];
          present = present.filter((_, index) => !each.includes(index));
        } else if (act === 'restore') {
          const back = gone.filter(() => chance.happens(0.3)).map(({ text }) => text);
          const list = (await removed()).filter(({ subject = '' }) => back.includes(subject));
          expect(
            await store.removedMail.restoreMail(
              ALICE,
              list.map(({ number }) => number),
            ),
          ).to.equal(back.length);
          gone = gone.filter(({ text }) => !back.includes(text));
          present = [...present, ...list.map(({ subject = '' }) => subject)];
        } else if (act === 'back' && gone.length > 0) {
          const since = chance.pick(gone).atMs;
          const back = gone.filter(({ atMs }) => atMs >= since).map(({ text }) => text);
          expect(await store.removedMail.restoreTo(ALICE, since)).to.equal(back.length);
          gone = gone.filter(({ text }) => !back.includes(text));
          const now = await texts();
          expect([...now].sort()).to.deep.equal([...present, ...back].sort());
          present = now;
        }
        expect(await texts(), `step ${step}: ${act}`).to.deep.equal(present);
        expect((await removed()).map(({ subject = '' }) => subject).sort()).to.deep.equal(
          gone.map(({ text }) => text).sort(),
        );
        expect(underTest.miscounted()).to.deep.equal([]);
        if (chance.happens(0.05)) await restarted();
      }
    });
  });
}

function letter(text: string | number): Buffer {
  return Buffer.from(`From: ${text}@example.net\r\nSubject: ${text}\r\n\r\n${text}\r\n`);
}

/** What its sender wrote, behind the header. */
function textOf(message: Buffer): string {
  return message.toString().split('\r\n').at(-2) ?? '';
}
