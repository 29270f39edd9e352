/** What every driver must do with messages that come from elsewhere: each once, as it is, and under the UIDL that it had. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Imported } from '../../src/store/deliveries.js';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { everything, messagesOf, numbers } from '../support/maildrops.js';
import { allPieces } from '../support/sources.js';
import { at, fails, withMaildrop, type StoreUnderTest } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const ALICE = at('alice@example.org');
const KIB = 1024;
/** One goes in a frame, the other in chunks whose end comes last. */
const SIZES = [100, 600 * KIB];

function keyOf(name: string): Buffer {
  return createHash('sha256').update(name).digest();
}

export function describeImports(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store that mail is imported into`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;

    beforeEach(async () => {
      underTest = await make();
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

    /** How many copies were left out. */
    async function bring(body: string | Buffer, given: Partial<Imported> = {}, account = alice): Promise<number> {
      const imported = { key: keyOf(body.toString()), ignoresQuota: false, ...given };
      const copy = {
        kind: 'local',
        account,
        recipient: 'alice@example.org',
        trace: Buffer.alloc(0),
        imported,
      } as const;
      const delivery = store.deliver({
        reversePath: 'a@example.net',
        receivedAtMs: 1_700_000_000_123,
        recipients: [copy],
      });
      const octets = Buffer.from(body);
      for (let from = 0; from < octets.length; from += 64 * KIB)
        await delivery.write(octets.subarray(from, from + 64 * KIB));
      return (await delivery.commit()).length;
    }

    const list = () => withMaildrop(store, alice, messagesOf);
    const uidls = async () => (await list()).map(({ uidl }) => uidl);

    async function texts(): Promise<readonly string[]> {
      return withMaildrop(store, alice, async (maildrop) => {
        const messages = await messagesOf(maildrop);
        return Promise.all(
          messages.map(async ({ id }) => Buffer.concat(await allPieces(maildrop.read(id))).toString()),
        );
      });
    }

    for (const size of SIZES)
      it(`takes a message of ${size} octets once, and says when it was left out`, async () => {
        const body = `${'x'.repeat(size)}\r\n`;
        expect(await bring(body)).to.equal(0);
        const stored = underTest.storedOctets();
        expect(await bring(body)).to.equal(1);
        expect(await texts()).to.deep.equal([body]);
        expect(underTest.storedOctets()).to.equal(stored);
      });

    it('keeps its octets as they are, with nothing before them, and when it came', async () => {
      await bring('Subject: x\r\n\r\nFrom here\r\nno end');
      expect(await texts()).to.deep.equal(['Subject: x\r\n\r\nFrom here\r\nno end\r\n']);
      const [summary] = await store.mailboxes.listMail(ALICE);
      expect(summary).to.include({ receivedAtMs: 1_700_000_000_123, reversePath: 'a@example.net', subject: 'x' });
    });

    it('knows it after it was removed, and by another process', async () => {
      await bring('one\r\n');
      await withMaildrop(store, alice, (maildrop) => maildrop.remove(everything(maildrop)));
      expect(await bring('one\r\n')).to.equal(1);
      store = await underTest.connect();
      expect(await bring('one\r\n')).to.equal(1);
      const [one = 0, two] = await store.mailboxes.findImported(ALICE, [keyOf('one\r\n'), keyOf('two')]);
      expect([Math.abs(Date.now() - one) < 10_000, two]).to.deep.equal([true, undefined]);
      expect(await list()).to.deep.equal([]);
    });

    it('knows it in that account alone', async () => {
      await store.directory.addAccount(at('bob@example.org'), HASH);
      const bob = (await store.findLogin('bob@example.org'))?.id ?? -1;
      expect(await bring('one\r\n')).to.equal(0);
      expect(await bring('one\r\n', {}, bob)).to.equal(0);
      const nobody = async () => store.mailboxes.findImported(at('nobody@example.org'), []);
      await fails('missing', nobody());
    });

    it('keeps the UIDL it had, in every view of it', async () => {
      await bring('one\r\n', { uidl: 'UID-1 of another'.replaceAll(' ', '_') });
      await bring('two\r\n');
      await bring('three\r\n', { uidl: '0000000365a1f2c3' });
      const [first, second, third] = await uidls();
      expect([first, third]).to.deep.equal(['UID-1_of_another', '0000000365a1f2c3']);
      expect(second).to.match(/^\S+\.\d+$/);
      expect((await store.mailboxes.listMail(ALICE)).map(({ uidl }) => uidl)).to.deep.equal([first, second, third]);
      const found = await withMaildrop(store, alice, (maildrop) => maildrop.find(3));
      expect(found?.uidl).to.equal(third);
    });

    it('gives a UIDL to no second message, also after the first is gone', async () => {
      await bring('one\r\n', { uidl: 'same' });
      await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(1)));
      await bring('two\r\n', { uidl: 'same' });
      expect((await uidls())[0]).to.match(/^\S+\.\d+$/);
    });

    it('keeps none that is no UIDL, or that a message of its own may have', async () => {
      await bring('zero\r\n');
      const [own = ''] = await uidls();
      const unfit = ['', 'x'.repeat(71), 'with space', 'naïve', own, own.replace(/\d+$/, '99999999999999')];
      for (const uidl of unfit) await bring(`${uidl}\r\n`, { uidl });
      const now = await uidls();
      expect(now).to.have.length(1 + unfit.length);
      expect(new Set(now).size).to.equal(now.length);
      expect(now.slice(1).filter((uidl) => unfit.includes(uidl))).to.deep.equal([]);
    });

    it('keeps to the quota, unless it is told not to', async () => {
      await store.directory.setQuota(ALICE, { octets: 10 });
      await fails('over-quota', bring('more than ten\r\n'));
      expect(await bring('more than ten\r\n', { ignoresQuota: true })).to.equal(0);
      await fails('over-quota', bring('one\r\n'));
    });

    it('forgets with the account what was imported', async () => {
      await bring('one\r\n', { uidl: 'one' });
      await store.directory.removeAccount(ALICE);
      await store.directory.addAccount(ALICE, HASH);
      alice = (await store.findLogin('alice@example.org'))?.id ?? -1;
      expect(await bring('one\r\n', { uidl: 'one' })).to.equal(0);
      expect(await uidls()).to.deep.equal(['one']);
    });
  });
}
