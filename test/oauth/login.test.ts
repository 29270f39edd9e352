/** `pennypost relay login`, each of its ways, against a provider over real HTTP; and that nothing secret is shown by it. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { logInByBrowser } from '../../src/oauth/authorization-code.js';
import { logInByDevice } from '../../src/oauth/device-code.js';
import { driverOf } from '../../src/store/open.js';
import type { RelayLogin } from '../../src/store/relay-logins.js';
import { inEmptyDirectory, pennypost, type Ended } from '../cli/pennypost.js';
import { eventually } from '../support/eventually.js';
import { CLIENT, IdentityServer, json } from '../support/identity-server.js';
import { MAIN, NODE } from '../support/program.js';

const USER = 'office@example.org';
const WHO = ['--client-id', CLIENT.clientId, '--user', USER, '--relay-host', 'relay.example'];

describe('pennypost relay login', () => {
  let identity: IdentityServer;

  beforeEach(async () => (identity = await IdentityServer.start()));
  afterEach(() => identity.stop());

  /** In a directory with a database and a file with the client's secret. */
  const inDirectory = (work: (directory: string) => Promise<void>) =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'secret'), `${CLIENT.clientSecret}\n`);
      const made = await pennypost(['account', 'add', USER, '--password-stdin'], { directory, input: 'grünes Haus' });
      expect(made.status, made.stderr).to.equal(0);
      await work(directory);
    });

  const login = (directory: string, more: readonly string[], input = '') =>
    pennypost(['relay', 'login', identity.issuer, ...WHO, ...more], { directory, input });

  async function stored(directory: string): Promise<RelayLogin | undefined> {
    const db = join(directory, 'mail.db');
    const store = await driverOf(db).open(db);
    try {
      return await store.relayLogins.findRelayLogin(USER);
    } finally {
      await store.close();
    }
  }

  function showsNoSecret({ stdout, stderr }: Ended): void {
    expect(stdout + stderr).to.not.match(/refresh-\d|access-\d|client-secret-7/);
  }

  it('takes a refresh token from standard input or a file, tries it, and stores what came', () =>
    inDirectory(async (directory) => {
      identity.rotates = true;
      const pasted = identity.newRefreshToken();
      const done = await login(directory, ['--refresh-token-file', '-'], `${pasted}\n`);
      expect(done.status, done.stderr).to.equal(0);
      expect(done.stdout).to.match(/^office@example\.org logs in at relay\.example .* \?auth=oauth/);
      showsNoSecret(done);
      expect(await stored(directory)).to.include({ refreshToken: 'refresh-2', accessToken: 'access-3' });
      await writeFile(join(directory, 'token'), 'unknown');
      const refused = await login(directory, ['--refresh-token-file', 'token']);
      expect(refused.status).to.equal(1);
      expect(refused.stderr).to.match(/answers invalid_grant: The grant was revoked\.\n$/);
      expect(await stored(directory)).to.include({ refreshToken: 'refresh-2' });
    }));

  it('logs in as the application itself', () =>
    inDirectory(async (directory) => {
      const done = await login(directory, ['--client-credentials', '--client-secret-file', 'secret', '--scope', 'all']);
      expect(done.status, done.stderr).to.equal(0);
      showsNoSecret(done);
      expect(await stored(directory)).to.include({ refreshToken: undefined, clientSecret: CLIENT.clientSecret });
      expect(identity.asked).to.deep.equal([
        {
          ...{ grant_type: 'client_credentials', scope: 'all' },
          ...{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
        },
      ]);
    }));

  it('shows a code for another machine, and asks until it was typed (RFC 8628)', () =>
    inDirectory(async (directory) => {
      const done = await login(directory, ['--device']);
      expect(done.status, done.stderr).to.equal(0);
      expect(done.stdout).to.match(
        /^Open http:\/\/127\.0\.0\.1:\d+\/where in any browser, and type the code WDJB-MJHT$/m,
      );
      expect(identity.asked).to.have.length(2);
      expect(await stored(directory)).to.include({ refreshToken: 'refresh-2' });
    }));

  it('waits for a browser that comes back to this machine (RFC 8252), and for no other', () =>
    inDirectory(async (directory) => {
      const argv = ['relay', 'login', identity.issuer, ...WHO];
      const child = spawn(NODE, [MAIN, ...argv], { cwd: directory, env: {} });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      const shown = await eventually('the page', () => /^http:\S+$/m.exec(output)?.[0], 20_000);
      const page = new URL(shown);
      expect(Object.fromEntries(page.searchParams)).to.include({
        ...{ response_type: 'code', client_id: CLIENT.clientId, code_challenge_method: 'S256', login_hint: USER },
      });
      const back = page.searchParams.get('redirect_uri') ?? '';
      expect(back).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect((await fetch(`${back}/?code=mine&state=guessed`)).status).to.equal(404);
      expect(await (await fetch(page)).text()).to.match(/close this page/);
      expect(await ended, output).to.equal(0);
      expect(output).to.not.match(/refresh-\d|access-\d/);
      expect(await stored(directory)).to.include({ refreshToken: 'refresh-2', accessToken: 'access-3' });
    }));

  it('shows what a browser brings back in one line without control characters', async () => {
    const provider = { name: 'x', authorizationEndpoint: `${identity.issuer}/authorize` };
    const denied = logInByBrowser({
      ...{ provider, client: { tokenEndpoint: identity.tokenEndpoint, ...CLIENT }, user: USER, port: 0 },
      show: async (page) => {
        const { searchParams } = new URL(page);
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        const error = `denied\x1b[2J\n${'x'.repeat(5_000)}`;
        back.search = new URLSearchParams({ error, state: searchParams.get('state') ?? '' }).toString();
        await (await fetch(back)).text();
      },
    });
    const { message } = (await denied.catch((error: unknown) => error)) as Error;
    expect(message).to.match(/^lets nobody in \(denied\[2J x+\)$/);
    expect(message).to.have.length.below(400);
  });

  it('is taken from --relay who logs in, and refused where that is not said', () =>
    inDirectory(async (directory) => {
      const argv = ['relay', 'login', identity.issuer, '--client-id', CLIENT.clientId, '--refresh-token-file', '-'];
      const relay = ['--relay', `smtp://${USER.replace('@', '%40')}@relay.example?auth=oauth`];
      const unsaid = await pennypost(argv, { directory, input: identity.newRefreshToken() });
      expect(unsaid.status).to.equal(64);
      expect(unsaid.stderr).to.match(/--user is missing/);
      const said = await pennypost([...argv, ...relay], { directory, input: identity.newRefreshToken() });
      expect(said.status, said.stderr).to.equal(0);
      expect(await stored(directory)).to.deep.include({ user: USER, hosts: ['relay.example'] });
    }));

  it('refuses what would not last, or go over the network in clear', () =>
    inDirectory(async (directory) => {
      identity.instead = (_, response) => {
        json(response, 200, { access_token: 'a', token_type: 'bearer', expires_in: 3_600 });
        return true;
      };
      const refused = await login(directory, ['--device']);
      expect([refused.status, refused.stderr]).to.satisfy(
        ([status, text]: readonly [number, string]) => status === 1 && text.includes('gives no refresh token'),
      );
      const clear = await login(directory, ['--token-endpoint', 'http://192.0.2.7/token', '--client-credentials']);
      expect(clear.stderr).to.match(/takes a URL that begins with https:/);
      expect(await stored(directory)).to.equal(undefined);
    }));

  it('says what is wrong before anybody is asked to log in', () =>
    inEmptyDirectory(async (directory) => {
      const without = await login(directory, ['--device']);
      expect(without.stderr).to.match(/^pennypost: There is no database mail\.db;/);
      expect((await pennypost(['account', 'add', USER, '--password', 'x'], { directory })).status).to.equal(0);
      for (const [argv, why] of [
        [['nowhere', '--client-id', 'x', '--user', USER], /^pennypost: nowhere is no provider that is known/],
        [['google', '--client-id', 'x', '--user', USER, '--device'], /google gives no code for another machine/],
        [['microsoft', '--user', USER], /--client-id is missing/],
        [['microsoft', '--client-id', 'x', '--user', USER, '--client-credentials'], /needs --client-secret-file/],
        [['google', '--client-id', 'x', '--user', USER, '--device', '--client-credentials'], /exclude each other/],
        [['google', '--client-id', 'x', '--user', USER, '--port', '70000'], /takes a port from 0 to 65535/],
      ] as const)
        expect((await pennypost(['relay', 'login', ...argv], { directory })).stderr).to.match(why);
      expect(identity.asked).to.deep.equal([]);
    }));

  it('asks no provider for a token that could not be stored', () =>
    inEmptyDirectory(async (directory) => {
      await writeFile(join(directory, 'mail.db'), 'no database '.repeat(1_000));
      const refused = await login(directory, ['--refresh-token-file', '-'], identity.newRefreshToken());
      expect(refused.status).to.not.equal(0);
      expect(refused.stderr).to.match(/mail\.db/);
      expect(identity.asked).to.deep.equal([]);
    }));

  it('takes the relay from what is known, told, or routed; and no login of another provider away unasked', () =>
    inDirectory(async (directory) => {
      const argv = ['relay', 'login', identity.issuer, ...WHO.slice(0, 4), '--refresh-token-file', '-'];
      const run = (more: readonly string[]) =>
        pennypost([...argv, ...more], { directory, input: identity.newRefreshToken() });
      expect((await run([])).stderr).to.match(/--relay-host is missing/);
      expect((await run(['--relay-host', 'a b'])).stderr).to.match(/the name or the address of a relay, not 'a b'/);
      expect(identity.asked).to.deep.equal([]);
      const url = `smtp://${USER.replace('@', '%40')}@[2001:db8::1]?auth=oauth`;
      await pennypost(['route', 'add', 'one.example', url], { directory });
      expect((await run([])).status).to.equal(0);
      expect((await stored(directory))?.hosts).to.deep.equal(['2001:db8::1']);
      const known = ['relay', 'login', 'google', ...WHO.slice(0, 4), '--token-endpoint', identity.tokenEndpoint];
      const google = (more: readonly string[]) =>
        pennypost([...known, '--refresh-token-file', '-', ...more], { directory, input: identity.newRefreshToken() });
      expect((await google([])).stderr).to.match(/with tokens of http:\S+ already; --replace/);
      expect((await stored(directory))?.provider).to.equal(identity.issuer);
      const replaced = await google(['--replace']);
      expect(replaced.status, replaced.stderr).to.equal(0);
      expect((await stored(directory))?.hosts)
        .to.include('smtp.gmail.com')
        .and.not.include('2001:db8::1');
    }));

  it('is shown by relay status without its tokens, and undone by relay logout', () =>
    inDirectory(async (directory) => {
      await login(directory, ['--refresh-token-file', '-'], identity.newRefreshToken());
      const shown = await pennypost(['relay', 'status'], { directory });
      expect(shown.status).to.equal(0);
      expect(shown.stdout).to.include(USER).and.include(identity.issuer).and.include('relay.example');
      const json_ = await pennypost(['relay', 'status', '--json'], { directory });
      for (const each of [shown, json_]) showsNoSecret(each);
      expect((JSON.parse(json_.stdout) as readonly object[])[0]).to.include({ user: USER, failure: null });
      expect((await pennypost(['relay', 'logout', USER], { directory })).status).to.equal(0);
      expect(await stored(directory)).to.equal(undefined);
      expect((await pennypost(['relay', 'logout', USER], { directory })).status).to.equal(1);
    }));

  it('asks for a device code more seldom when the provider wants that (RFC 8628 §3.5)', async () => {
    const waits: number[] = [];
    identity.pending = 0;
    identity.instead = (form, response) => {
      if (form['grant_type']?.endsWith('device_code') !== true || waits.length > 2) return false;
      json(response, 400, { error: waits.length === 1 ? 'slow_down' : 'authorization_pending' });
      return true;
    };
    expect((await logInAfter(waits)).refreshToken).to.match(/^refresh-/);
    expect(waits).to.deep.equal([1_000, 6_000, 6_000]);
  });

  it('asks for one every five minutes at least, however seldom the provider wants that', async () => {
    const waits: number[] = [];
    identity.interval = 3_000_000; // No timer waits for so long.
    await logInAfter(waits);
    expect(waits).to.deep.equal([300_000, 300_000]);
  });

  function logInAfter(waits: number[]) {
    const provider = { name: 'x', deviceEndpoint: `${identity.issuer}/device` };
    return logInByDevice({
      ...{ provider, client: { tokenEndpoint: identity.tokenEndpoint, ...CLIENT } },
      show: () => Promise.resolve(),
      wait: (ms) => delay(Number(waits.push(ms) > 99)),
    });
  }
});
