/** Access tokens of relays: fresh when they are used, refreshed once whoever wants them, durable before they are used. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { tryToRefresh } from '../../src/oauth/token-request.js';
import { AccessTokens, type AccessTokensOptions, type NoToken } from '../../src/outbound/access-tokens.js';
import { StoreError } from '../../src/store/errors.js';
import type { NewRelayLogin, RelayLogin } from '../../src/store/relay-logins.js';
import { MemoryServer, type MemoryStore } from '../store/memory/store.js';
import { eventually } from '../support/eventually.js';
import { CLIENT, IdentityServer } from '../support/identity-server.js';

const USER = 'office@example.org';
const HOP = 'smtp relay.example:587';
const HOUR_MS = 3_600_000;

describe('the access tokens of relays', () => {
  let identity: IdentityServer;
  let server: MemoryServer;
  let store: MemoryStore;
  const events: string[] = [];

  beforeEach(async () => {
    identity = await IdentityServer.start();
    server = new MemoryServer();
    store = server.connect();
    events.length = 0;
  });
  afterEach(() => identity.stop());

  const tokensOf = (change: Partial<AccessTokensOptions> = {}) =>
    new AccessTokens({
      ...{
        logins: store.relayLogins,
        uses: () => [{ user: USER, hop: HOP }],
        refresh: tryToRefresh,
        claimMs: 400,
        retryMs: 50,
      },
      lost: (user, why) => events.push(`lost ${user}: ${why}`),
      restored: (user, hop) => events.push(`restored ${hop ?? user}`),
      trouble: (error) => events.push(`trouble ${String(error)}`),
      ...change,
    });

  async function logIn(change: Partial<NewRelayLogin> = {}): Promise<void> {
    await store.relayLogins.setRelayLogin({
      ...{ user: USER, provider: 'the provider', tokenEndpoint: identity.tokenEndpoint, ...CLIENT },
      hosts: ['relay.example'],
      ...{ accessToken: 'first', expiresAtMs: Date.now(), refreshToken: identity.newRefreshToken(), ...change },
    });
  }

  async function obtainedMsAgo(ms: number): Promise<void> {
    const login = (await store.relayLogins.findRelayLogin(USER)) as RelayLogin;
    server.data.relayLogins.set(USER, { ...login, refreshedAtMs: Date.now() - ms });
  }

  function tokenIn(result: RelayLogin | NoToken | undefined): string {
    return result === undefined ? 'none newer' : 'why' in result ? result.why : result.accessToken;
  }

  it('are used as they are until some minutes before their end, and then refreshed first', async () => {
    const tokens = tokensOf();
    await logIn({ expiresAtMs: Date.now() + HOUR_MS });
    expect(tokenIn(await tokens.current(USER))).to.equal('first');
    await logIn({ expiresAtMs: Date.now() + 4 * 60_000 });
    await obtainedMsAgo(HOUR_MS);
    expect(tokenIn(await tokens.current(USER))).to.match(/^access-/);
    expect(tokenIn(await tokens.current(USER))).to.match(/^access-/);
    expect(identity.asked).to.have.length(1);
  });

  it('of a short life are used for half of it', async () => {
    identity.lifeS = 120;
    await logIn();
    const tokens = tokensOf();
    const first = tokenIn(await tokens.current(USER));
    expect(tokenIn(await tokens.current(USER))).to.equal(first);
    await obtainedMsAgo(130_000);
    expect(tokenIn(await tokens.current(USER))).to.not.equal(first);
    expect(identity.asked).to.have.length(2);
  });

  it('are refreshed once, whoever wants them at the same time, in this process and in others', async () => {
    identity.rotates = true;
    await logIn();
    const all = [tokensOf(), tokensOf({ logins: server.connect().relayLogins })];
    const wanted = await Promise.all([...all, ...all, ...all].map((tokens) => tokens.current(USER)));
    expect(new Set(wanted.map(tokenIn)).size).to.equal(1);
    expect(identity.asked).to.have.length(1);
  });

  it('are durable before they are used, with the refresh token that came along', async () => {
    identity.rotates = true;
    await logIn();
    const used = tokenIn(await tokensOf().current(USER));
    const stored = await store.relayLogins.findRelayLogin(USER);
    expect(stored?.accessToken).to.equal(used);
    await store.relayLogins.refreshRelayLogin(USER, stored?.version ?? 0, { accessToken: 'old', expiresAtMs: 0 });
    expect(tokenIn(await tokensOf().current(USER))).to.match(/^access-/);
    expect(identity.asked.map(({ refresh_token: token }) => token)).to.deep.equal(['refresh-1', 'refresh-2']);
  });

  it('are not lost with a store that is away when they come', async () => {
    identity.rotates = true;
    await logIn();
    let failures = 2;
    const logins: AccessTokensOptions['logins'] = {
      ...store.relayLogins,
      refreshRelayLogin: (...given) =>
        failures-- > 0
          ? Promise.reject(new StoreError('unavailable', 'the store is away'))
          : store.relayLogins.refreshRelayLogin(...given),
    };
    expect(tokenIn(await tokensOf({ logins }).current(USER))).to.match(/^access-/);
    expect((await store.relayLogins.findRelayLogin(USER))?.refreshToken).to.equal('refresh-2');
    expect(identity.asked).to.have.length(1);
  });

  it('are refreshed by another when the process ended that had begun to', async () => {
    await logIn();
    const dead = tokensOf({ refresh: () => new Promise(() => undefined) });
    void dead.current(USER);
    await eventually('the claim', async () => Boolean((await store.relayLogins.findRelayLogin(USER))?.claimedUntilMs));
    const startedAtMs = Date.now();
    expect(tokenIn(await tokensOf().current(USER))).to.match(/^access-/);
    expect(Date.now() - startedAtMs).to.be.above(200);
  });

  it('are another when a server refuses one, but not when it is new', async () => {
    await logIn({ expiresAtMs: Date.now() + HOUR_MS });
    const login = await store.relayLogins.findRelayLogin(USER);
    server.data.relayLogins.set(USER, { ...(login as RelayLogin), refreshedAtMs: 0 });
    const tokens = tokensOf();
    const first = (await tokens.current(USER)) as RelayLogin;
    const second = (await tokens.after(first)) as RelayLogin;
    expect(tokenIn(second)).to.match(/^access-/);
    expect(tokenIn(await tokens.after(first))).to.equal(second.accessToken);
    expect(tokenIn(await tokens.after(second))).to.equal('none newer');
    expect(identity.asked).to.have.length(1);
  });

  it('are missing with a reason that is said once, until somebody logs in', async () => {
    const tokens = tokensOf();
    tokens.start();
    try {
      await eventually('it to be missed', () => events.length > 0);
      expect(tokens.problems.join()).to.match(
        /office@example\.org at its relay: there is none; 'pennypost relay login'/,
      );
      await logIn({ expiresAtMs: Date.now() + HOUR_MS });
      tokens.look();
      await eventually('it to be there', () => events.length > 1);
      expect(events.map((event) => event.split(':')[0])).to.deep.equal([`lost ${USER}`, `restored ${USER}`]);
      expect(tokens.problems).to.deep.equal([]);
    } finally {
      await tokens.stop(0);
    }
  });

  it('are of no interest when nobody logs in with them any more, and missed anew when somebody does', async () => {
    let uses = [{ user: USER, hop: HOP }];
    const tokens = tokensOf({ uses: () => uses });
    await tokens.current(USER);
    tokens.unwelcome({ user: USER, sinceMs: 1 } as RelayLogin, HOP, 'refused there');
    expect(tokens.problems).to.have.length(2);
    uses = [];
    expect(tokens.problems).to.deep.equal([]);
    uses = [{ user: USER, hop: 'elsewhere' }];
    tokens.check();
    await eventually('it to be missed again', () => events.length === 3);
    expect(tokens.problems.join()).to.match(/there is none/);
  });

  it('are missing when the provider refuses, which is not asked again at once', async () => {
    await logIn({ refreshToken: 'revoked' });
    const tokens = tokensOf();
    for (let times = 0; times < 3; times++)
      expect(tokenIn(await tokens.current(USER))).to.match(
        /the provider answers invalid_grant: The grant was revoked;/,
      );
    expect(identity.asked).to.have.length(1);
    expect(events).to.have.length(1);
    await logIn();
    expect(tokenIn(await tokens.current(USER))).to.match(/^access-/);
  });

  it('stay refused by a server while no other can be had, whatever their age', async () => {
    await logIn({ expiresAtMs: Date.now() + HOUR_MS, refreshToken: 'revoked' });
    const login = (await store.relayLogins.findRelayLogin(USER)) as RelayLogin;
    server.data.relayLogins.set(USER, { ...login, refreshedAtMs: 0 });
    const tokens = tokensOf();
    expect(tokenIn(await tokens.after(login))).to.match(/invalid_grant/);
    expect(tokenIn(await tokens.current(USER))).to.match(/invalid_grant/);
    expect(events).to.have.length(1);
  });

  it('that one hop refuses are a problem there alone, until it takes one or somebody logs in anew', async () => {
    await logIn({ expiresAtMs: Date.now() + HOUR_MS });
    const uses = [HOP, 'another'].map((hop) => ({ user: USER, hop }));
    const tokens = tokensOf({ uses: () => uses });
    const login = (await tokens.current(USER)) as RelayLogin;
    for (let times = 0; times < 2; times++) {
      tokens.unwelcome(login, HOP, 'refused there');
      tokens.taken(login, 'another');
      await tokens.current(USER);
    }
    expect(tokens.problems).to.deep.equal(['refused there']);
    tokens.taken(login, HOP);
    tokens.unwelcome(login, HOP, 'refused there');
    await delay(2);
    await logIn({ expiresAtMs: Date.now() + HOUR_MS });
    tokens.look();
    await eventually('the new login to be seen', () => tokens.problems.length === 0);
    const lost = `lost ${USER}: refused there`;
    expect(events).to.deep.equal([lost, `restored ${HOP}`, lost, `restored ${HOP}`]);
  });

  it('that are asked for when it stops are stored yet, and no others are asked for', async () => {
    identity.rotates = true;
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    identity.instead = async () => {
      await asked;
      return false;
    };
    await logIn();
    const tokens = tokensOf();
    tokens.start();
    await eventually('it to be asked for', () => identity.asked.length === 1);
    const stopped = tokens.stop(5_000);
    setTimeout(answer, 50);
    await stopped;
    expect((await store.relayLogins.findRelayLogin(USER))?.refreshToken).to.equal('refresh-2');
    await logIn();
    expect(tokenIn(await tokens.current(USER))).to.match(/is being asked/);
    expect(identity.asked).to.have.length(1);
  });

  it('are asked for again soon where the failure passes, and used as long as they are good', async () => {
    let isDown = true;
    identity.instead = (_, response) => {
      if (isDown) response.writeHead(500).end();
      return isDown;
    };
    await logIn({ expiresAtMs: Date.now() + 60_000 });
    const tokens = tokensOf();
    expect(tokenIn(await tokens.current(USER))).to.equal('first');
    await logIn();
    expect(tokenIn(await tokens.current(USER))).to.match(/the provider answers with the status 500$/);
    isDown = false;
    const got = await eventually('a token', async () => {
      const result = await tokens.current(USER);
      return 'why' in result ? undefined : result;
    });
    expect(got.accessToken).to.match(/^access-/);
  });

  it('give way to a new login that comes while they are asked for', async () => {
    await logIn();
    identity.instead = async () => {
      await logIn({ accessToken: 'mine', expiresAtMs: Date.now() + HOUR_MS });
      return false;
    };
    expect(tokenIn(await tokensOf().current(USER))).to.equal('mine');
  });
});
