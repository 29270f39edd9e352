/** What every driver must do about those who have logged in by HTTP, beside the rest of the contract. */
import { expect } from 'chai';
import { WEB_SESSIONS_LIMIT } from '../../src/store/rules/web-sessions.js';
import type { MailStore } from '../../src/store/store.js';
import type { NewWebSession } from '../../src/store/web-sessions.js';
import { at, fails, type StoreUnderTest } from './contract.js';

const ALICE = at('alice@example.org');
const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const HOUR_MS = 3_600_000;

export function describeWebSessions(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store of sessions by HTTP`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let other: MailStore;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      other = await underTest.connect();
      await store.directory.addAccount(ALICE, HASH);
      await store.directory.addCredential(ALICE, { name: 'browser', scopes: ['web'], hash: 'x' });
    });

    afterEach(() => underTest.cleanup());

    async function session(
      id: string,
      change: Partial<NewWebSession> = {},
      byCredential = false,
    ): Promise<NewWebSession> {
      const { id: account, passwordVersion, credentials } = (await store.findLogin('alice@example.org')) ?? fail();
      const credential = byCredential ? credentials[0]?.id : undefined;
      const grant = { account, passwordVersion, scope: 'web', ...(credential && { credential }) } as const;
      return { id, grant, client: '192.0.2.1', agent: 'Browser', untilMs: Date.now() + HOUR_MS, ...change };
    }

    const ids = async () => (await other.webSessions.listWebSessions(ALICE)).map(({ id }) => id);

    it('finds a session by the hash of its token, from everywhere, and lists those of an account', async () => {
      const given = await session('a1');
      await store.webSessions.addWebSession(given);
      const found = await other.webSessions.findWebSession('a1');
      const { grant, ...rest } = given;
      expect(found).to.deep.include({ ...rest, address: 'alice@example.org' });
      expect(found?.grant).to.include(grant);
      expect(found?.sinceMs).to.be.closeTo(Date.now(), 60_000);
      expect(await ids()).to.deep.equal(['a1']);
      expect(await other.webSessions.findWebSession('a2')).to.equal(undefined);
    });

    it('shows none whose time is over, until it is extended', async () => {
      await store.webSessions.addWebSession(await session('old', { untilMs: Date.now() - 1 }));
      await store.webSessions.addWebSession(await session('new'));
      expect(await other.webSessions.findWebSession('old')).to.equal(undefined);
      expect(await ids()).to.deep.equal(['new']);
      const untilMs = Date.now() + 2 * HOUR_MS;
      await other.webSessions.extendWebSession('new', '192.0.2.9', untilMs);
      expect(await store.webSessions.findWebSession('new')).to.include({ untilMs, client: '192.0.2.9' });
      await other.webSessions.extendWebSession('nobody', '192.0.2.9', untilMs);
      expect(await store.webSessions.findWebSession('nobody')).to.equal(undefined);
    });

    it('ends one when that is said, of that account alone', async () => {
      await store.directory.addAccount(at('bob@example.org'), HASH);
      await store.webSessions.addWebSession(await session('a1'));
      await fails('missing', store.webSessions.removeWebSession(at('bob@example.org'), 'a1'), /no such session/);
      await store.webSessions.removeWebSession(ALICE, 'a1');
      await fails('missing', store.webSessions.removeWebSession(ALICE, 'a1'), /no such session/);
      await fails('missing', (async () => store.webSessions.listWebSessions(at('nobody@example.org')))(), /no account/);
      expect(await ids()).to.deep.equal([]);
    });

    it('keeps so many of an account, those that were seen last', async () => {
      for (let at = 0; at <= WEB_SESSIONS_LIMIT; at++) {
        await store.webSessions.addWebSession(await session(`s${at}`));
        while (Date.now() === ((await store.webSessions.findWebSession(`s${at}`))?.seenAtMs ?? 0)); // Each at a time of its own.
      }
      const kept = await ids();
      expect(kept).to.have.length(WEB_SESSIONS_LIMIT);
      expect(kept[0]).to.equal(`s${WEB_SESSIONS_LIMIT}`);
      expect(kept).to.not.include('s0');
    });

    it('ends those of a password that was changed, of an app password that was revoked, and of an account that is gone', async () => {
      await store.webSessions.addWebSession(await session('own'));
      await store.webSessions.addWebSession(await session('app', {}, true));
      await store.directory.setPassword(ALICE, HASH);
      expect(await ids()).to.deep.equal(['app']);
      await store.directory.removeCredential(ALICE, 'browser');
      expect(await ids()).to.deep.equal([]);
      await store.webSessions.addWebSession(await session('last'));
      await store.directory.removeAccount(ALICE);
      expect(await other.webSessions.findWebSession('last')).to.equal(undefined);
    });

    it('keeps them over a restart of the store', async () => {
      await store.webSessions.addWebSession(await session('a1'));
      await underTest.restart();
      expect(await (await underTest.connect()).webSessions.findWebSession('a1')).to.include({ client: '192.0.2.1' });
    });
  });
}

function fail(): never {
  throw new Error('There is no account');
}
