/** What every driver must do about autoreplies, beside the rest of the contract. */
import { expect } from 'chai';
import type { MailStore } from '../../src/store/store.js';
import { ANSWERED_LIMIT } from '../../src/store/rules/autoreplies.js';
import { at, fails, type StoreUnderTest } from './contract.js';

const ALICE = at('alice@example.org');
const AWAY = { subject: 'I am away', text: 'Back on Monday.\r\n' };
const HOUR_MS = 3_600_000;

export function describeAutoreplies(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with autoreplies`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let other: MailStore;
    let id: number;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      other = await underTest.connect();
      await store.directory.addAccount(ALICE, 'hash');
      id = (await store.findLogin('alice@example.org'))?.id ?? -1;
    });

    afterEach(() => underTest.cleanup());

    const target = async (path: string) => {
      const found = await other.resolve(at(path));
      return found.kind === 'local' ? found.targets[0] : undefined;
    };

    it('keeps what an account answers, and says where mail leads to it', async () => {
      expect(await target('alice@example.org')).to.not.have.property('autoreplies');
      expect(await store.autoreplies.findAutoreply(ALICE)).to.equal(undefined);
      const dated = { ...AWAY, fromMs: 1000, untilMs: Date.now() + HOUR_MS };
      await store.autoreplies.setAutoreply(ALICE, dated);
      expect(await other.autoreplies.findAutoreply(at('Alice@example.org'))).to.deep.equal(dated);
      for (let times = 0; times < 2; times++)
        expect(await target('alice+x@example.org')).to.include({ autoreplies: true });
      expect(await other.autoreplies.findAnswer(id, 'bob@x.example')).to.deep.equal({
        ...{ ...AWAY, address: 'alice@example.org' },
      });
      await store.directory.renameAccount(ALICE, at('smith@example.org'), true);
      expect(await target('alice@example.org')).to.include({ autoreplies: true });
      expect((await other.autoreplies.findAnswer(id, 'bob@x.example'))?.address).to.equal('smith@example.org');
      await store.autoreplies.setAutoreply(at('smith@example.org'), undefined);
      expect(await target('smith@example.org')).to.not.have.property('autoreplies');
      expect(await other.autoreplies.findAnswer(id, 'bob@x.example')).to.equal(undefined);
      await fails('missing', store.autoreplies.setAutoreply(at('nobody@example.org'), AWAY));
    });

    it('answers a sender once, whoever asks, and again when it has something new to say', async () => {
      await store.autoreplies.setAutoreply(ALICE, AWAY);
      const claims = await Promise.all(
        [store, other, store, other].map(({ autoreplies }) => autoreplies.claimAnswer(id, 'bob@x.example')),
      );
      expect(claims.toSorted()).to.deep.equal([0, 0, 0, 1]);
      expect(await other.autoreplies.findAnswer(id, 'bob@x.example')).to.equal(undefined);
      expect(await other.autoreplies.findAnswer(id, 'carol@x.example')).to.include(AWAY);
      await underTest.restart();
      store = await underTest.connect();
      expect(await store.autoreplies.claimAnswer(id, 'bob@x.example')).to.equal(0);
      await store.autoreplies.setAutoreply(ALICE, { ...AWAY, text: 'Back on Tuesday.\r\n' });
      expect(await store.autoreplies.claimAnswer(id, 'bob@x.example')).to.equal(1);
    });

    it('answers nobody before its time, behind it, or when the account is gone', async () => {
      for (const when of [{ fromMs: Date.now() + HOUR_MS }, { untilMs: Date.now() - 1 }]) {
        await store.autoreplies.setAutoreply(ALICE, { ...AWAY, ...when });
        expect(await store.autoreplies.findAnswer(id, 'bob@x.example')).to.equal(undefined);
        expect(await store.autoreplies.claimAnswer(id, 'bob@x.example')).to.equal(0);
      }
      await store.autoreplies.setAutoreply(ALICE, AWAY);
      expect(await store.autoreplies.claimAnswer(id, 'bob@x.example')).to.equal(1);
      await store.directory.removeAccount(ALICE);
      expect(await store.autoreplies.claimAnswer(id, 'carol@x.example')).to.equal(0);
      expect(underTest.miscounted()).to.deep.equal([]);
    });

    it('answers so many senders, and no more', async () => {
      await store.autoreplies.setAutoreply(ALICE, AWAY);
      let claimed = 0;
      for (let from = 0; from <= ANSWERED_LIMIT; from += 1000) {
        const claims = Array.from({ length: 1000 }, (_, n) =>
          store.autoreplies.claimAnswer(id, `s${from + n}@x.example`),
        );
        claimed += (await Promise.all(claims)).reduce((sum, one) => sum + one, 0);
      }
      expect(claimed).to.equal(ANSWERED_LIMIT);
    });
  });
}
