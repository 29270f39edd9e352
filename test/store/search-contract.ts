/** What every driver must do when mail is searched for, beside the rest of the contract. */
import { expect } from 'chai';
import type { MailPhrase, MailQuery, MailSummary, PageRange } from '../../src/store/mailboxes.js';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { at, deliver, envelopeTo, fails, withMaildrop, type StoreUnderTest } from './contract.js';

const ALICE = at('alice@example.org');
const BOB = at('bob@example.org');
const DAY_MS = 86_400_000;
const NOTHING: MailQuery = { all: [], none: [] };

function phrases(...texts: readonly (string | MailPhrase)[]): readonly MailPhrase[] {
  return texts.map((one) => (typeof one === 'string' ? { text: one } : one));
}

function all(...texts: readonly (string | MailPhrase)[]): MailQuery {
  return { all: phrases(...texts).map((one) => [one]), none: [] };
}

function mail(fields: string, text = ''): Buffer {
  return Buffer.from(`${fields}\r\n\r\n${text}\r\n`.replace(/\r?\n/g, '\r\n'));
}

const WITH_FILE = mail(
  'Subject: the bill\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b',
  `--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename=bill.pdf
Content-Transfer-Encoding: base64

JVBERi0=
--b--`,
);

export function describeSearch(name: string, make: (keepRemovedMs: number) => Promise<StoreUnderTest>): void {
  describe(`${name} as a store that is searched`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;
    let bob: AccountId;

    beforeEach(async () => {
      underTest = await make(DAY_MS);
      store = await underTest.connect();
      for (const address of ['alice@example.org', 'bob@example.org'])
        await store.directory.addAccount(at(address), 'hash');
      alice = (await store.findLogin('alice@example.org'))?.id as AccountId;
      bob = (await store.findLogin('bob@example.org'))?.id as AccountId;
    });

    afterEach(() => underTest.cleanup());

    async function indexed(): Promise<void> {
      await store.mailboxes.indexMail(false);
      await eventually('all to be in the index', async () => (await store.mailboxes.countUnindexed()) === 0);
    }

    async function search(query: MailQuery, range: Partial<PageRange> = {}, owner = ALICE): Promise<MailSummary[]> {
      const found: MailSummary[] = [];
      for (let before = range.before; ;) {
        const { entries, next } = await store.mailboxes.searchMail(owner, query, { limit: 10, ...range, before });
        found.push(...entries);
        if (next === undefined) return found;
        before = next;
      }
    }

    async function subjects(query: MailQuery, owner = ALICE): Promise<(string | undefined)[]> {
      return (await search(query, {}, owner)).map(({ subject }) => subject);
    }

    describe('by words', () => {
      beforeEach(async () => {
        const letters = [
          mail('Subject: Invoice 17\nFrom: Bob <bob@shop.example>\nTo: alice@example.org', 'please pay in März'),
          mail('Subject: hello\nFrom: carol@example.net\nCc: Dave <dave@example.net>', 'no invoice; terms of payment'),
          mail('Subject: payment of terms\nFrom: bob@example.net', '"quoted" AND (odd) text:x* NEAR'),
        ];
        for (const letter of letters) await deliver(store, envelopeTo(alice), letter);
        await deliver(store, envelopeTo(bob), mail('Subject: invoice of bob', 'secret'));
        await deliver(store, envelopeTo(alice, bob), mail('Subject: to both', 'shared'));
        await indexed();
      });

      it('finds them in fields and text, whatever their case and accents, newest first, with their numbers', async () => {
        const found = await search(all('invoice'));
        expect(found.map(({ subject, number }) => [number, subject])).to.deep.equal([
          [2, 'hello'],
          [1, 'Invoice 17'],
        ]);
        expect(found[1]).to.deep.equal(await store.mailboxes.findMail(ALICE, 1));
        expect(await subjects(all('marz'))).to.deep.equal(['Invoice 17']);
        expect(await subjects(all('MÄRZ', 'PAY'))).to.deep.equal(['Invoice 17']);
        expect(await subjects(all('pay', 'hello'))).to.deep.equal([]);
      });

      it('finds phrases only where their words stand side by side', async () => {
        expect(await subjects(all('terms of payment'))).to.deep.equal(['hello']);
        expect(await subjects(all('bob@shop.example'))).to.deep.equal(['Invoice 17']);
      });

      it('looks in one field where that is asked', async () => {
        expect(await subjects(all({ field: 'from', text: 'bob' }))).to.deep.equal(['payment of terms', 'Invoice 17']);
        expect(await subjects(all({ field: 'cc', text: 'dave' }))).to.deep.equal(['hello']);
        expect(await subjects(all({ field: 'to', text: 'dave' }))).to.deep.equal([]);
        expect(await subjects(all({ field: 'subject', text: 'invoice' }))).to.deep.equal(['Invoice 17']);
      });

      it('takes one of several, and leaves out what is not wanted', async () => {
        const either = { all: [phrases('hello', 'quoted')], none: [] };
        expect(await subjects(either)).to.deep.equal(['payment of terms', 'hello']);
        expect(await subjects({ ...either, none: phrases('carol') })).to.deep.equal(['payment of terms']);
        const without = { all: [], none: phrases('invoice', 'shared') };
        expect(await subjects(without)).to.deep.equal(['payment of terms']);
      });

      it('takes no text for more than words', async () => {
        for (const text of ['"', 'AND', 'NEAR', '(odd', 'text:x*', '-', '^', '{a}:b', "'", 'a\0b', '😀', 'account1'])
          expect(await subjects(all('hello', text)), text).to.deep.equal([]);
        expect(await subjects(all('text:x*'))).to.deep.equal(['payment of terms']);
      });

      it("finds nobody else's mail, and what two have once for each", async () => {
        expect(await subjects(all('secret'))).to.deep.equal([]);
        expect(await subjects(all('secret'), BOB)).to.deep.equal(['invoice of bob']);
        expect(await subjects(all('shared'))).to.deep.equal(['to both']);
        expect(await subjects(all('shared'), BOB)).to.deep.equal(['to both']);
      });

      it('does not find what was removed, however many, and counts the numbers of the rest without it', async () => {
        await withMaildrop(store, alice, async (maildrop) => maildrop.remove([[1, 1]]));
        expect((await search(all('invoice'))).map(({ number }) => number)).to.deep.equal([1]);
        await withMaildrop(store, alice, async (maildrop) => maildrop.remove([[1, 3]]));
        expect(await search(NOTHING)).to.deep.equal([]);
        expect(await subjects(NOTHING, BOB)).to.deep.equal(['to both', 'invoice of bob']);
      });

      it('finds again what was restored, as new or as it was, with its numbers', async () => {
        await withMaildrop(store, alice, async (maildrop) => maildrop.remove([[1, 1]]));
        const [removed] = await store.removedMail.listRemoved(ALICE);
        expect(await subjects(all('invoice'))).to.deep.equal(['hello']);
        expect(await store.removedMail.restoreMail(ALICE, [removed?.number as number])).to.equal(1);
        const restored = await search(all('please'));
        expect(restored).to.deep.equal([await store.mailboxes.findMail(ALICE, 4)]);
        const before = Date.now();
        await new Promise((resolve) => setTimeout(resolve, 10));
        await withMaildrop(store, alice, async (maildrop) => maildrop.remove([[1, 4]]));
        expect(await search(NOTHING)).to.deep.equal([]);
        expect(await store.removedMail.restoreTo(ALICE, before)).to.equal(4);
        expect(await search(all('please'))).to.deep.equal(restored);
        expect(await search(NOTHING)).to.have.length(4);
        await store.mailboxes.indexMail(true);
        await indexed();
        expect(await search(all('please'))).to.deep.equal(restored);
      });

      it('adds what was removed too, to be found when it is restored', async () => {
        await store.mailboxes.indexMail(true);
        await deliver(store, envelopeTo(alice), mail('Subject: gone at once'));
        await withMaildrop(store, alice, async (maildrop) => maildrop.remove([[5, 5]]));
        await indexed();
        expect(await subjects(all('gone'))).to.deep.equal([]);
        const [removed] = await store.removedMail.listRemoved(ALICE);
        await store.removedMail.restoreMail(ALICE, [removed?.number as number]);
        expect(await subjects(all('gone'))).to.deep.equal(['gone at once']);
      });

      it('is asked of an account that is there', async () => {
        const nobody = at('nobody@example.org');
        await fails(
          'missing',
          Promise.resolve().then(() => search(NOTHING, {}, nobody)),
        );
      });

      it('goes on after a restart, and after the index was made anew', async () => {
        await underTest.restart();
        store = await underTest.connect();
        await store.mailboxes.indexMail(true);
        await deliver(store, envelopeTo(alice), mail('Subject: invoice of later'));
        await indexed();
        expect(await subjects(all('invoice'))).to.deep.equal(['invoice of later', 'hello', 'Invoice 17']);
      });
    });

    it('finds by time and size', async () => {
      for (const day of [1, 2, 3]) {
        const letter = mail(`Subject: day ${day}`, 'x'.repeat(100 * day));
        await deliver(store, { ...envelopeTo(alice), receivedAtMs: Date.UTC(2026, 0, day) }, letter);
      }
      await indexed();
      const second = Date.UTC(2026, 0, 2);
      expect(await subjects({ ...NOTHING, fromMs: second })).to.deep.equal(['day 3', 'day 2']);
      expect(await subjects({ ...NOTHING, beforeMs: second })).to.deep.equal(['day 1']);
      const octets = (await search(NOTHING))[1]?.octets ?? 0;
      expect(await subjects({ ...NOTHING, moreThanOctets: octets })).to.deep.equal(['day 3']);
      expect(await subjects({ ...NOTHING, lessThanOctets: octets })).to.deep.equal(['day 1']);
      expect(await subjects({ ...all('day'), lessThanOctets: octets })).to.deep.equal(['day 1']);
    });

    it('finds decoded text, and what has attachments', async () => {
      await deliver(store, envelopeTo(alice), WITH_FILE);
      await deliver(store, envelopeTo(alice), mail('Subject: none', 'attachment'));
      await indexed();
      expect(await subjects(all('Grüße'))).to.deep.equal(['the bill']);
      expect(await subjects({ ...NOTHING, hasAttachment: true })).to.deep.equal(['the bill']);
      expect(await subjects({ ...all('attachment'), hasAttachment: false })).to.deep.equal(['none']);
      expect(await subjects({ ...NOTHING, hasAttachment: false })).to.deep.equal(['none']);
    });

    it('gives each message the number that it has beside those that were removed, in one part or in many', async () => {
      for (let count = 1; count <= 12; count++)
        await deliver(store, envelopeTo(alice), mail(`Subject: number ${count}`));
      await indexed();
      await withMaildrop(store, alice, async (maildrop) =>
        maildrop.remove([
          [2, 2],
          [4, 5],
          [9, 9],
        ]),
      );
      await withMaildrop(store, alice, async (maildrop) => maildrop.remove([[3, 4]]));
      const found = await search(all('number'));
      expect(found.map(({ number }) => number)).to.deep.equal([6, 5, 4, 3, 2, 1]);
      for (const one of found) expect(await store.mailboxes.findMail(ALICE, one.number)).to.deep.equal(one);
      const some = { all: [phrases('number 3', 'number 10')], none: [] };
      expect((await search(some)).map(({ number, subject }) => [number, subject])).to.deep.equal([
        [4, 'number 10'],
        [2, 'number 3'],
      ]);
    });

    it('gives pages that follow each other, each message once', async () => {
      for (let count = 1; count <= 12; count++)
        await deliver(store, envelopeTo(alice), mail(`Subject: number ${count}`));
      await indexed();
      const expected = Array.from({ length: 12 }, (_, at) => 12 - at);
      for (const limit of [1, 5, 12, 100])
        expect((await search(all('number'), { limit })).map(({ number }) => number)).to.deep.equal(expected);
    });
  });
}
