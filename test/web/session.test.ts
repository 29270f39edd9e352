/** Logging in by HTTP: by whom, how long it lasts, what ends it, and that failures count as those of mail do. */
import { connect } from 'node:net';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { ask, type HttpAnswer, type Question } from '../support/http-client.js';
import { POSTMASTER, Server } from '../support/server.js';

const SESSION = '/api/v1/session';
const SESSIONS = '/api/v1/sessions';
const PROXY = '127.0.0.2';

interface Listed {
  readonly sessions: readonly { readonly id: string; readonly current: boolean; readonly agent: string }[];
}

describe('a login by HTTP', () => {
  let server: Server;

  before(async () => {
    server = await Server.start({ web: true, workers: 1, arguments: ['--web-proxy-networks', PROXY] });
    await Promise.all(
      ['alice', 'bob', 'eve'].map((name) => server.addAccount(`${name}@localhost`, `${name}'s secret`)),
    );
  });

  after(() => server.release());

  const call = (question: Question): Promise<HttpAnswer> => ask(server.webPort, question);

  function logIn(login: string, password: string, more: Partial<Question> = {}): Promise<HttpAnswer> {
    return call({ method: 'POST', path: SESSION, body: { login, password }, ...more });
  }

  /** As a browser sends it back. */
  function cookieOf({ headers }: HttpAnswer): { readonly cookie: string } {
    return { cookie: (headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '' };
  }

  const statusOf = async (headers: Question['headers'] = {}, path = SESSION) => (await call({ path, headers })).status;

  async function appPassword(name: string, scope: string): Promise<string> {
    const shown = await server.do('account', 'credential', 'add', 'alice@localhost', name, '--scope', scope);
    return /The password is (\S+)/.exec(shown)?.[1] ?? '';
  }

  it('gives a cookie that scripts and other sites never see, and knows its account by it', async () => {
    const answer = await logIn('alice', "alice's secret");
    expect([answer.status, answer.text]).to.deep.equal([201, '{"address":"alice@localhost"}']);
    expect(answer.headers['set-cookie']?.[0]).to.match(
      /^pennypost_session=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    const who = await call({ path: SESSION, headers: cookieOf(answer) });
    expect([who.status, who.text]).to.deep.equal([200, '{"address":"alice@localhost"}']);
    expect(await statusOf()).to.equal(401);
    expect(await statusOf({ cookie: `pennypost_session=${'a'.repeat(43)}` })).to.equal(401);
  });

  it('says no more of a wrong password than of a wrong name, and opens no window in a browser', async () => {
    const [wrong, unknown] = await Promise.all([logIn('alice', 'x'), logIn('nobody', 'x')]);
    expect(wrong.status).to.equal(401);
    expect(unknown.text).to.equal(wrong.text);
    expect(wrong.headers).to.not.have.property('set-cookie');
    expect(wrong.headers['www-authenticate']).to.equal('Bearer realm="Pennypost"');
    expect((await logIn('', 'x')).status).to.equal(400);
    expect((await logIn('alice', 'x'.repeat(2_000))).status).to.equal(400);
    await eventually('the log to tell', () => /"event":"login failed".*"protocol":"http"/.test(server.stdout));
  });

  it('takes nothing from a page of another site, and nothing that a form can send', async () => {
    const right = { login: 'alice', password: "alice's secret" };
    for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }])
      expect((await call({ method: 'POST', path: SESSION, body: right, headers })).status).to.equal(403);
    const own = { origin: `http://127.0.0.1:${server.webPort}`, 'sec-fetch-site': 'same-origin' };
    expect((await call({ method: 'POST', path: SESSION, body: right, headers: own })).status).to.equal(201);
    expect((await call({ method: 'POST', path: SESSION, body: JSON.stringify(right) })).status).to.equal(415);
    expect((await logIn('alice', 'x', { body: '{', headers: { 'content-type': 'application/json' } })).status).to.equal(
      400,
    );
    const large = {
      method: 'POST',
      path: SESSION,
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(70_000),
    };
    expect((await call(large)).status).to.equal(413);
    const pieces = { 'transfer-encoding': 'chunked', 'content-type': 'application/json' };
    expect((await call({ ...large, headers: pieces })).status).to.equal(413);
    expect(
      (await call({ method: 'POST', path: SESSION, body: JSON.stringify(right), headers: pieces })).status,
    ).to.equal(201);
  });

  it('takes an app password by its scope: web for the page, api for programs, as Basic or Bearer', async () => {
    const [page, program] = [await appPassword('browser', 'web'), await appPassword('program', 'api')];
    const encoded = (password: string) => Buffer.from(`alice@localhost:${password}`).toString('base64');
    expect((await logIn('alice', page)).status).to.equal(201);
    expect((await logIn('alice', program)).status).to.equal(401);
    for (const kind of ['Basic', 'Bearer']) {
      expect(await statusOf({ authorization: `${kind} ${encoded(program)}` }), kind).to.equal(200);
      expect(await statusOf({ authorization: `${kind} ${encoded(page)}` }), kind).to.equal(401);
      expect(await statusOf({ authorization: `${kind} ${encoded("alice's secret")}` }), kind).to.equal(200);
    }
    for (const authorization of ['Basic', 'Basic !', 'Digest x', `Basic ${Buffer.from('alice').toString('base64')}`])
      expect(await statusOf({ authorization }), authorization).to.equal(401);
  });

  it('is listed beside the others of the account, and each can be ended, by its account alone', async () => {
    const [mine, other] = [
      await logIn('bob', "bob's secret", { headers: { 'user-agent': 'Mine \u00e9' } }),
      await logIn('bob', "bob's secret"),
    ];
    const { sessions } = JSON.parse((await call({ path: SESSIONS, headers: cookieOf(mine) })).text) as Listed;
    expect(sessions.map(({ current }) => current).toSorted()).to.deep.equal([false, true]);
    expect(sessions.find(({ current }) => current)?.agent).to.equal('Mine ??');
    const path = `${SESSIONS}/${sessions.find(({ current }) => !current)?.id ?? ''}`;
    const stranger = cookieOf(await logIn('alice', "alice's secret"));
    const foreign = await call({ method: 'DELETE', path, headers: stranger });
    expect(foreign.status).to.equal(404);
    expect((await call({ method: 'DELETE', path, headers: cookieOf(mine) })).status).to.equal(204);
    expect(await statusOf(cookieOf(other))).to.equal(401);
    const out = await call({ method: 'DELETE', path: SESSION, headers: cookieOf(mine) });
    expect([out.status, out.headers['set-cookie']?.[0]]).to.deep.equal([
      ...[204, 'pennypost_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict'],
    ]);
    expect(await statusOf(cookieOf(mine))).to.equal(401);
  });

  it('ends at once with its password, and while the account is disabled', async () => {
    const session = cookieOf(await logIn('bob', "bob's secret"));
    await server.do('account', 'disable', 'bob@localhost');
    expect(await statusOf(session)).to.equal(401);
    await server.do('account', 'enable', 'bob@localhost');
    expect(await statusOf(session)).to.equal(200);
    await server.do('account', 'passwd', 'bob@localhost', '--password', 'another');
    expect(await statusOf(session)).to.equal(401);
  });

  it('changes its own password, stays logged in by the new one, and ends all others', async () => {
    await server.addAccount('carol@localhost', 'old secret');
    const [mine, other] = [cookieOf(await logIn('carol', 'old secret')), cookieOf(await logIn('carol', 'old secret'))];
    const change = (body: object, headers = mine): Promise<HttpAnswer> =>
      call({ method: 'PUT', path: '/api/v1/password', body, headers });
    expect((await change({ password: 'wrong', new: 'x' })).status).to.equal(401);
    for (const unfit of ['', 'two\r\nlines', 'x'.repeat(600), '\u0000'])
      expect((await change({ password: 'old secret', new: unfit })).status, JSON.stringify(unfit)).to.equal(400);
    const changed = await change({ password: 'old secret', new: 'new secret' });
    expect(changed.status).to.equal(204);
    expect([await statusOf(mine), await statusOf(other), await statusOf(cookieOf(changed))]).to.deep.equal([
      401, 401, 200,
    ]);
    expect((await logIn('carol', 'new secret')).status).to.equal(201);
  });

  it('makes, shows and revokes app passwords; who came by one of them may do neither', async () => {
    const owner = cookieOf(await logIn('alice', "alice's secret"));
    const path = '/api/v1/credentials';
    const add = (name: string, scopes: readonly string[], headers = owner): Promise<HttpAnswer> =>
      call({ method: 'POST', path, body: { name, scopes }, headers });
    const made = await add('tablet', ['web', 'pop3']);
    expect(made.status).to.equal(201);
    const { password } = JSON.parse(made.text) as { password: string };
    expect((await add('tablet', ['web'])).status).to.equal(409);
    for (const [name, scopes] of [
      [' x', ['web']],
      ['x\n', ['web']],
      ['x', []],
      ['x', ['root']],
    ] as const)
      expect((await add(name, scopes)).status, name).to.equal(400);
    const { text } = await call({ path, headers: owner });
    expect(text)
      .to.match(/"name":"tablet","scopes":\["pop3","web"\]/)
      .and.not.include(password);
    expect(text).to.match(/"service":"Incoming mail \(POP3\)","host":"[^"]+","port":\d+,"security":"STARTTLS"/);
    const borrowed = cookieOf(await logIn('alice', password));
    expect((await add('mine', ['api'], borrowed)).status).to.equal(403);
    const basic = { authorization: `Basic ${Buffer.from("alice@localhost:alice's secret").toString('base64')}` };
    expect(
      (await call({ method: 'POST', path, body: { name: 'x', scopes: ['api'] }, headers: basic })).status,
    ).to.equal(403);
    const remove = (headers: { readonly cookie: string }): Promise<HttpAnswer> =>
      call({ method: 'DELETE', path: `${path}/tablet`, headers });
    const takeOver = { method: 'PUT', path: '/api/v1/password', body: { password, new: 'x' }, headers: borrowed };
    expect([(await remove(borrowed)).status, (await call(takeOver)).status]).to.deep.equal([403, 403]);
    expect([(await remove(owner)).status, (await remove(owner)).status]).to.deep.equal([204, 404]);
    expect(await statusOf(borrowed)).to.equal(401);
  });

  it('is believed by HTTPS or on this machine alone, whatever stands in front', async () => {
    const behind = (proto: string): Promise<HttpAnswer> =>
      logIn('alice', "alice's secret", {
        headers: { 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': proto, 'x-forwarded-host': 'localhost' },
        localAddress: PROXY,
      });
    expect((await behind('http')).status).to.equal(403);
    const secure = await behind('https');
    expect(secure.headers['set-cookie']?.[0]).to.match(/; Secure$/);
    const { text } = await call({ path: SESSIONS, headers: cookieOf(secure) });
    expect(text).to.include('"client":"198.51.100.7"');
  });

  it('outlives the process that gave it', async () => {
    const session = cookieOf(await logIn('alice', "alice's secret"));
    const { processes } = await server.status();
    process.kill(processes.find(({ role }) => role === 'web')?.pid ?? NaN, 'SIGKILL');
    const again = await eventually('another process', () => statusOf(session).catch(() => undefined));
    expect(again).to.equal(200);
  });

  it('counts with the failures of mail: who guesses here is refused there too', async () => {
    const from = { localAddress: '127.0.0.3' };
    await eventually('the guesses to be too many', async () => {
      const guesses = await Promise.all(Array.from({ length: 10 }, () => logIn('eve', 'x', from)));
      return guesses.some(({ status, headers }) => status === 429 && Number(headers['retry-after']) > 0);
    });
    expect((await logIn('eve', "eve's secret", from)).status).to.equal(429);
    expect((await logIn(POSTMASTER, server.password)).status).to.equal(201);
    const mail = connect({ port: server.pop3Port, host: '127.0.0.1', ...from });
    let said = '';
    mail.setEncoding('utf8').on('data', (text: string) => (said += text));
    mail.write("USER eve\r\nPASS eve's secret\r\n");
    await eventually('POP3 to refuse him', () => said.includes('\n-ERR '));
    mail.destroy();
  });
});
