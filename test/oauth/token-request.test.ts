/** Requests to a token endpoint: what comes of each answer, and that no answer is waited for, read or followed without an end. */
import { createServer } from 'node:net';
import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { request } from '../../src/oauth/http.js';
import { findProvider } from '../../src/oauth/providers.js';
import { ProviderError } from '../../src/oauth/provider-error.js';
import { tryToRefresh } from '../../src/oauth/token-request.js';
import type { RefreshFailure, Tokens } from '../../src/store/relay-logins.js';
import { CLIENT, IdentityServer, json } from '../support/identity-server.js';

describe('a request for a token', () => {
  let identity: IdentityServer;

  beforeEach(async () => (identity = await IdentityServer.start()));
  afterEach(() => identity.stop());

  const refresh = (refreshToken?: string, change: object = {}) =>
    tryToRefresh({ tokenEndpoint: identity.tokenEndpoint, ...CLIENT, scope: 'send', refreshToken, ...change });

  async function failed(answer: Promise<Tokens | RefreshFailure>): Promise<RefreshFailure> {
    const given = await answer;
    if ('accessToken' in given) throw new Error('There is a token');
    return given;
  }

  async function reasonOf(act: () => Promise<unknown>): Promise<ProviderError> {
    try {
      await act();
    } catch (error) {
      if (error instanceof ProviderError) return error;
      throw error;
    }
    throw new Error('It did not fail');
  }

  it('by a refresh token gives an access token, when it ends, and another refresh token if there is one (RFC 6749 §6)', async () => {
    const given = await refresh(identity.newRefreshToken());
    expect(given).to.include({ accessToken: 'access-2' });
    expect(given).to.not.have.property('refreshToken');
    expect((given as Tokens).expiresAtMs).to.be.within(Date.now() + 3_500_000, Date.now() + 3_600_000);
    expect(identity.asked[0]).to.deep.equal({
      ...{ grant_type: 'refresh_token', refresh_token: 'refresh-1', scope: 'send' },
      ...{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
    });
    identity.rotates = true;
    expect(await refresh('refresh-1')).to.include({ refreshToken: 'refresh-3', accessToken: 'access-4' });
  });

  it('is by the credentials of the client where there is no refresh token (RFC 6749 §4.4)', async () => {
    expect(await refresh()).to.include({ accessToken: 'access-1' });
    expect(await failed(refresh(undefined, { clientSecret: 'wrong' }))).to.deep.equal({
      text: 'answers invalid_client',
      isRefused: true,
    });
  });

  it('loses no refresh token for what else the answer holds', async () => {
    const claims = Buffer.from(JSON.stringify({ iss: 'https://elsewhere.example', aud: 'x' })).toString('base64url');
    identity.instead = (_, response) => {
      const more = { id_token: `eyJhbGciOiJub25lIn0.${claims}.`, scope: ['send'] };
      const tokens = { access_token: 'new', refresh_token: 'rotated', token_type: 'Bearer', expires_in: 60 };
      json(response, 200, { ...tokens, ...more });
      return true;
    };
    expect(await refresh('any')).to.include({ accessToken: 'new', refreshToken: 'rotated' });
  });

  it('is refused for good in the words of the provider (RFC 6749 §5.2)', async () => {
    expect(await failed(refresh('revoked'))).to.deep.equal({
      text: 'answers invalid_grant: The grant was revoked',
      isRefused: true,
    });
    identity.instead = (_, response) => {
      json(response, 400, { error: 'temporarily_unavailable', error_description: 'x'.repeat(9_999) });
      return true;
    };
    const busy = await failed(refresh('any'));
    expect(busy.isRefused).to.equal(false);
    expect(busy.text).to.have.length.below(400);
  });

  for (const [what, text, answer] of [
    ['an error', /status 503/, (response) => response.writeHead(503).end('down')],
    ['a redirect', /not followed/, (response) => response.writeHead(307, { location: '/token?again' }).end()],
    ['no JSON', /no answer/, (response) => response.writeHead(200).end('<html>')],
    [
      'other JSON',
      /no answer/,
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('[1]'),
    ],
    ['no token', /no answer/, (response) => json(response, 200, { token_type: 'Bearer' })],
    ['another kind of token', /no answer/, (response) => json(response, 200, { access_token: 'a', token_type: 'mac' })],
    [
      'a token with a line end',
      /cannot be used/,
      (response) => json(response, 200, { access_token: 'a\r\nQUIT', token_type: 'Bearer' }),
    ],
    [
      'more than is read',
      /more than any answer/,
      (response) => json(response, 200, { access_token: 'a'.repeat(400_000), token_type: 'Bearer' }),
    ],
    [
      'that of a proxy that wants a login',
      /no answer/,
      (response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="proxy"' }).end('<html>'),
    ],
    [
      'too many requests',
      /slow_down/,
      (response) => json(response, 429, { error: 'slow_down' }, { 'www-authenticate': 'Bearer' }),
    ],
    ['nothing', /cannot be reached/, (response) => response.destroy()],
  ] satisfies readonly [string, RegExp, (response: ServerResponse) => unknown][])
    it(`passes where the answer is ${what}`, async () => {
      identity.instead = (_, response) => {
        answer(response);
        return true;
      };
      const failure = await failed(refresh('any'));
      expect(failure.text).to.match(text);
      expect(failure.isRefused).to.equal(false);
      expect(identity.asked).to.have.length(1);
    });

  it('passes where nobody listens', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = server.address() as { readonly port: number };
        server.close(() => resolve(free));
      });
    });
    const failure = await failed(refresh('any', { tokenEndpoint: `http://127.0.0.1:${port}/token` }));
    expect(failure).to.deep.equal({ text: 'cannot be reached (ECONNREFUSED)', isRefused: false });
  });

  it('has a deadline, also for the last octet of its answer', async () => {
    for (const begin of [() => undefined, (response: ServerResponse) => void response.writeHead(200).write('{')]) {
      identity.instead = (_, response) => {
        begin(response);
        return true;
      };
      const body = new URLSearchParams();
      const asked = { method: 'POST', body, deadlineMs: 150 };
      expect((await reasonOf(() => request(identity.tokenEndpoint, asked))).message).to.equal(
        'does not answer in time',
      );
    }
  });

  it('goes nowhere in clear but to this machine', async () => {
    for (const tokenEndpoint of ['http://192.0.2.1/token', 'ftp://127.0.0.1/', 'https://a:b@login.example/', 'nowhere'])
      expect((await failed(refresh('any', { tokenEndpoint }))).text).to.match(
        /^cannot be asked(?!.*a:b).*: it takes a URL that begins with https:/,
      );
  });
});

describe('a provider', () => {
  it('that is known has its endpoints, of one organization if told', async () => {
    expect(await findProvider({ provider: 'google' })).to.include({
      ...{ tokenEndpoint: 'https://oauth2.googleapis.com/token', scope: 'https://mail.google.com/' },
    });
    expect((await findProvider({ provider: 'microsoft' })).tokenEndpoint).to.equal(
      'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    );
    expect((await findProvider({ provider: 'microsoft', tenant: 'example.org' })).deviceEndpoint).to.equal(
      'https://login.microsoftonline.com/example.org/oauth2/v2.0/devicecode',
    );
  });

  it('is found by its URL (OpenID Connect Discovery §4), and by no other', async () => {
    const identity = await IdentityServer.start();
    try {
      expect(await findProvider({ provider: identity.issuer })).to.deep.equal({
        ...{ name: identity.issuer, issuer: identity.issuer, tokenEndpoint: identity.tokenEndpoint },
        authorizationEndpoint: `${identity.issuer}/authorize`,
        deviceEndpoint: `${identity.issuer}/device`,
      });
      const named = identity.issuer.replace('127.0.0.1', 'localhost');
      const error = await findProvider({ provider: named }).catch((reason: unknown) => reason);
      expect((error as Error).message).to.match(/that it is another/);
    } finally {
      await identity.stop();
    }
  });
});
