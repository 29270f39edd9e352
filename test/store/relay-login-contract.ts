/** What every driver must do about logins at relays, beside the rest of the contract. */
import { expect } from 'chai';
import type { NewRelayLogin, RelayLogin } from '../../src/store/relay-logins.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { fails, type StoreUnderTest } from './contract.js';

const USER = 'office@example.org';
const CLAIM_MS = 60_000;

function newLogin(change: Partial<NewRelayLogin> = {}): NewRelayLogin {
  return {
    ...{ user: USER, provider: 'microsoft', tokenEndpoint: 'https://login.example/token', clientId: 'client' },
    hosts: ['relay.example', '2001:db8::1'],
    ...{ clientSecret: 'shh', scope: 'send', accessToken: 'a1', expiresAtMs: 1_000, refreshToken: 'r1' },
    ...change,
  };
}

export function describeRelayLogins(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with logins at relays`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let other: MailStore;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      other = await underTest.connect();
    });

    afterEach(() => underTest.cleanup());

    async function found(from = store): Promise<RelayLogin> {
      const login = await from.relayLogins.findRelayLogin(USER);
      if (login === undefined) throw new Error('There is no login');
      return login;
    }

    it('keeps what a login was given, and another in its place', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      const first = await found(other);
      expect(first).to.deep.include(newLogin());
      expect(first.failure).to.equal(undefined);
      await store.relayLogins.setRelayLogin(
        newLogin({ clientSecret: undefined, refreshToken: undefined, accessToken: 'x'.repeat(20_000) }),
      );
      const second = await found(other);
      expect([second.clientSecret, second.refreshToken, second.accessToken.length]).to.deep.equal([
        ...[undefined, undefined, 20_000],
      ]);
      expect(second.version).to.be.above(first.version);
    });

    it('shows no secret in its list', async () => {
      await store.relayLogins.setRelayLogin(newLogin({ user: 'b@example.org' }));
      await store.relayLogins.setRelayLogin(newLogin());
      const listed = await other.relayLogins.listRelayLogins();
      expect(listed.map(({ user }) => user)).to.deep.equal(['b@example.org', USER]);
      expect(JSON.stringify(listed)).to.not.match(/shh|a1|r1/);
    });

    it('removes a login, and says that there is none', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      await store.relayLogins.removeRelayLogin(USER);
      expect(await other.relayLogins.findRelayLogin(USER)).to.equal(undefined);
      await fails('missing', store.relayLogins.removeRelayLogin(USER), /no login of office@example\.org/);
    });

    it('lets one process refresh a token at a time', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      const { version } = await found();
      const claims = await Promise.all(
        [store, other, store, other].map(({ relayLogins }) => relayLogins.claimRelayLogin(USER, version, CLAIM_MS)),
      );
      expect(claims.toSorted()).to.deep.equal([0, 0, 0, 1]);
      const fresh = { accessToken: 'a2', expiresAtMs: 2_000, refreshToken: 'r2' };
      expect(await store.relayLogins.refreshRelayLogin(USER, version, fresh)).to.equal(1);
      const next = await found(other);
      expect(next).to.deep.include({ ...fresh, version: version + 1, clientSecret: 'shh' });
      expect(await other.relayLogins.claimRelayLogin(USER, next.version, CLAIM_MS)).to.equal(1);
    });

    it('keeps the refresh token where no other came', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      const { version } = await found();
      await store.relayLogins.refreshRelayLogin(USER, version, { accessToken: 'a2', expiresAtMs: 2_000 });
      expect(await found()).to.include({ accessToken: 'a2', refreshToken: 'r1' });
    });

    it('changes nothing by what is told of an older token', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      const { version } = await found();
      await store.relayLogins.removeRelayLogin(USER);
      await store.relayLogins.setRelayLogin(newLogin({ accessToken: 'mine', refreshToken: 'mine' }));
      const late = { accessToken: 'late', expiresAtMs: 2_000, refreshToken: 'late' };
      expect(await other.relayLogins.refreshRelayLogin(USER, version, late)).to.equal(0);
      expect(await other.relayLogins.failRelayLogin(USER, version, { text: 'x', isRefused: true })).to.equal(0);
      expect(await other.relayLogins.claimRelayLogin(USER, version, CLAIM_MS)).to.equal(0);
      expect(await found()).to.include({ accessToken: 'mine', refreshToken: 'mine' });
      expect((await found()).failure).to.equal(undefined);
    });

    it('remembers why a token could not be refreshed, until it can', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      const { version } = await found();
      await store.relayLogins.claimRelayLogin(USER, version, CLAIM_MS);
      await store.relayLogins.failRelayLogin(USER, version, { text: 'invalid_grant', isRefused: true });
      const [summary] = await other.relayLogins.listRelayLogins();
      expect(summary?.failure).to.include({ text: 'invalid_grant', isRefused: true });
      expect(await other.relayLogins.claimRelayLogin(USER, version, CLAIM_MS)).to.equal(1);
      await other.relayLogins.refreshRelayLogin(USER, version, { accessToken: 'a2', expiresAtMs: 2_000 });
      expect((await found()).failure).to.equal(undefined);
    });

    it('frees what a process claimed that ended before it told', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      const { version } = await found();
      expect(await store.relayLogins.claimRelayLogin(USER, version, 30)).to.equal(1);
      await eventually('the claim to end', async () =>
        Boolean(await other.relayLogins.claimRelayLogin(USER, version, 30)),
      );
    });

    it('wakes who waits for something to send, by a login and by a token', async () => {
      let woken = 0;
      const stop = other.queue.watch(() => (woken += 1));
      await eventually('the watch to have begun', async () => {
        await store.relayLogins.setRelayLogin(newLogin());
        return woken > 0;
      });
      const { version } = await found();
      const before = woken;
      await store.relayLogins.refreshRelayLogin(USER, version, { accessToken: 'a2', expiresAtMs: 2_000 });
      await eventually('the token to wake', () => woken > before);
      stop();
    });

    it('is there after a restart of the store', async () => {
      await store.relayLogins.setRelayLogin(newLogin());
      await underTest.restart();
      expect(await found(await underTest.connect())).to.deep.include(newLogin());
    });
  });
}
