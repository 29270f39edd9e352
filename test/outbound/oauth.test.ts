/**
 * The whole server, a relay that takes tokens only, and a provider: mail waits where there is no token and leaves at once when there
 * is one, a token that ended is replaced in the same attempt, and nothing bounces for a token's sake.
 */
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { driverOf } from '../../src/store/open.js';
import type { MailStore } from '../../src/store/store.js';
import { pennypost } from '../cli/pennypost.js';
import { eventually } from '../support/eventually.js';
import { CLIENT, IdentityServer } from '../support/identity-server.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { Server } from '../support/server.js';

const USER = 'office@example.org';
const LOGIN = USER.replace('@', '%40');
const DAY_MS = 24 * 3_600_000;
const WHY = Buffer.from('{"status":"401","schemes":"bearer"}').toString('base64');

describe('a server whose relay wants OAuth', () => {
  let identity: IdentityServer;
  let relay: ScriptedServer;
  let server: Server;
  let store: MailStore;

  before(async () => {
    identity = await IdentityServer.start();
    identity.rotates = true;
    relay = await ScriptedServer.start({
      extensions: ['AUTH XOAUTH2'],
      answer: (line) => {
        if (line === '') return '535 5.7.3 Authentication unsuccessful';
        const [, given] = /^AUTH XOAUTH2 (.*)$/.exec(line) ?? [];
        if (given === undefined) return undefined;
        const token = /auth=Bearer ([\w-]+)/.exec(Buffer.from(given, 'base64').toString())?.[1] ?? '';
        return identity.takes(token) ? '235 2.7.0 welcome' : `334 ${WHY}`;
      },
    });
    const url = `smtp://${LOGIN}@127.0.0.1:${relay.port}?tls=none&auth=oauth`;
    server = await Server.start({ workers: 1, arguments: ['--outbound', 'relay', '--relay', url] });
    store = await driverOf(server.db).open(server.db);
  });

  after(async () => {
    await store.close();
    await server.release();
    await relay.stop();
    await identity.stop();
  });

  async function enqueue(recipient: string): Promise<void> {
    const nowMs = Date.now();
    const destination = recipient.slice(recipient.indexOf('@') + 1);
    const delivery = store.deliver({
      ...{ reversePath: 'postmaster@localhost', receivedAtMs: nowMs },
      recipients: [{ kind: 'remote', recipient, destination }],
      outgoing: {
        trace: Buffer.from('Received: by localhost; Mon, 30 Nov 2026 10:12:05 +0000\r\n'),
        ...{ firstAttemptAtMs: nowMs, expiresAtMs: nowMs + DAY_MS },
        ...{ bodyKind: '7bit', smtputf8: false, requireTls: false },
      },
    });
    await delivery.write(Buffer.from('Subject: Scan 7\r\n\r\nHello\r\n'));
    await delivery.commit();
  }

  async function route(domain: string, url: string): Promise<void> {
    const { status, stderr } = await server.run('route', 'add', domain, url);
    expect(status, stderr).to.equal(0);
  }
  const logIn = async (refreshToken = identity.newRefreshToken()) => {
    const way = ['--token-endpoint', identity.tokenEndpoint, '--relay-host', '127.0.0.1', '--refresh-token-file', '-'];
    const argv = [
      'relay',
      'login',
      identity.issuer,
      '--client-id',
      CLIENT.clientId,
      '--user',
      USER,
      '--replace',
      ...way,
    ];
    const { status, stderr } = await pennypost(argv, { directory: server.directory, input: refreshToken });
    expect(status, stderr).to.equal(0);
  };
  /** The access token is not new any more, and no connection is kept for which it was good. */
  const age = () => {
    for (const session of relay.sessions) session.destroy();
    const connection = openConnection(server.db);
    connection.exec('update relay_login set refreshed_at = 0');
    connection.close();
  };
  const waiting = async () => (await store.queuedMail.list({})).entries;
  const left = (recipient: string) => relay.lines.includes(`RCPT TO:<${recipient}>`);
  const lines = (text: RegExp) => server.stdout.match(new RegExp(text, 'g'))?.length ?? 0;

  /** Nothing of it was tried, and no time is lost for it. */
  async function waits(recipient: string): Promise<void> {
    const entry = await eventually('it to rest', async () =>
      (await waiting()).find(
        (each) => each.recipient === recipient && !each.isLeased && each.restsUntilMs !== undefined,
      ),
    );
    expect(entry.attempts).to.equal(0);
    expect(left(recipient)).to.equal(false);
  }

  async function isProblem(text: RegExp): Promise<void> {
    await eventually('status to say so', async () => (await server.status()).problems.some((each) => text.test(each)));
    const shown = await server.run('status');
    expect(shown.status).to.equal(69);
    expect(shown.stdout).to.match(new RegExp(`^problem .*${text.source}`, 'm'));
  }

  it('keeps mail while nobody has logged in there, says so, and sends it at once when somebody does', async () => {
    await enqueue('a@one.example');
    await enqueue('b@two.example');
    await waits('a@one.example');
    await waits('b@two.example');
    await isProblem(/there is none/);
    expect(relay.sessions).to.have.length(0);
    await logIn();
    await eventually('both to leave', () => left('a@one.example') && left('b@two.example'), 3_000);
    await eventually('status to be well', async () => (await server.status()).healthy);
  });

  it('replaces a token that ended in the same attempt, and keeps the refresh token that came along', async () => {
    identity.expire();
    age();
    await enqueue('c@one.example');
    await eventually('it to leave', () => left('c@one.example'), 3_000);
    await eventually('nothing to wait', async () => (await waiting()).length === 0);
    expect(identity.asked.at(-1)?.['refresh_token']).to.equal('refresh-2');
  });

  it('keeps mail when the login was revoked, until there is another; not one attempt is counted', async () => {
    identity.revoke();
    age();
    await enqueue('d@one.example');
    await waits('d@one.example');
    await isProblem(/invalid_grant: The grant was revoked/);
    expect(lines(/invalid_grant/)).to.equal(1);
    await logIn();
    await eventually('it to leave', () => left('d@one.example'), 3_000);
  });

  it('keeps mail when the relay refuses a new token, and says why, until there is another login', async () => {
    identity.expire();
    for (const session of relay.sessions) session.destroy();
    await enqueue('e@one.example');
    await waits('e@one.example');
    await isProblem(
      /refuses a new token: 535 5\.7\.3 Authentication unsuccessful \({"status":"401","schemes":"bearer"}\)/,
    );
    await logIn();
    await eventually('it to leave', () => left('e@one.example'), 3_000);
  });

  it('goes on with the refresh token that it had when it is killed between an answer and the disk', async () => {
    identity.rotates = false;
    const { pid } = (await server.status()).processes.find(({ role }) => role === 'sender') ?? { pid: NaN };
    let killed = 0;
    identity.instead = () => {
      if (killed++ === 0) process.kill(pid, 'SIGKILL');
      return false;
    };
    identity.expire();
    age();
    await enqueue('f@one.example');
    await eventually('it to leave', () => left('f@one.example'), 40_000);
    expect(killed).to.equal(2);
    expect(new Set(identity.asked.slice(-2).map(({ refresh_token: token }) => token)).size).to.equal(1);
    await eventually('status to be well', async () => (await server.status()).healthy);
  });

  it('keeps mail for a relay that its tokens are not for, whoever is its user', async () => {
    const before = relay.sessions.length;
    await route('other.example', `smtp://${LOGIN}@localhost:${relay.port}?tls=none&auth=oauth`);
    await enqueue('g@other.example');
    await waits('g@other.example');
    await isProblem(/at localhost, which its tokens are not for: .* made it for 127\.0\.0\.1/);
    expect(relay.sessions).to.have.length(before);
    await server.run('route', 'remove', 'other.example');
    await eventually('status to be well', async () => (await server.status()).healthy);
  });

  it('asks a relay that refuses its token no more for every message that another takes with the same', async () => {
    const strict = await ScriptedServer.start({
      extensions: ['AUTH XOAUTH2'],
      answer: (line) => (line.startsWith('AUTH') ? '535 5.7.8 not you' : undefined),
    });
    try {
      await route('strict.example', `smtp://${LOGIN}@127.0.0.1:${strict.port}?tls=none&auth=oauth`);
      await enqueue('h@strict.example');
      await waits('h@strict.example');
      await isProblem(/at 127\.0\.0\.1, which refuses a new token: 535 5\.7\.8 not you/);
      for (const name of ['i', 'j', 'k']) {
        await enqueue(`${name}@one.example`);
        await eventually('it to leave', () => left(`${name}@one.example`), 3_000);
      }
      expect(strict.sessions).to.have.length(1);
      await logIn();
      await eventually('it to be asked again', () => strict.sessions.length === 2);
    } finally {
      await server.run('route', 'remove', 'strict.example');
      await strict.stop();
    }
  });

  it('says nothing secret in its log', () => {
    expect(server.logs).to.not.match(/refresh-\d|access-\d/);
  });
});
