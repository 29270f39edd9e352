/**
 * What an operator sees of a relay that refuses the password: in status, in the log, of the mail that waits; and that commands go by what
 * the running server has, not by how they are configured themselves. One server for all.
 */
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { POSTMASTER, Server } from '../support/server.js';

const PROBLEM = /has taken no mail since \S+Z: 535 5\.7\.8 Not with this password \(answer to AUTH\); put the password/;

describe('a server whose relay refuses its password', () => {
  let relay: ScriptedServer;
  let server: Server;
  let takesLogins = false;

  before(async () => {
    relay = await ScriptedServer.start({
      extensions: ['AUTH PLAIN'],
      answer: (line) => {
        if (!line.startsWith('AUTH')) return undefined;
        return takesLogins ? '235 2.7.0 welcome' : '535 5.7.8 Not with this password';
      },
    });
    const url = `smtp://office@127.0.0.1:${relay.port}?tls=none`;
    server = await Server.start({
      workers: 1,
      arguments: ['--outbound', 'relay', '--relay', url, '--max-recipients-per-hour', '77'],
      environment: { PENNYPOST_RELAY_PASSWORD: 'secret' },
    });
  });

  after(async () => {
    await server.release();
    await relay.stop();
  });

  const send = (to: string) => server.do('mail', 'send', '--file', '/dev/null', to);
  const triedTimes = () => relay.lines.filter((line) => line.startsWith('AUTH')).length;

  it('says so in status, to people and to programs', async () => {
    expect((await server.status()).problems).to.deep.equal([]);
    await send('bob@example.com');
    const { problems } = await eventually('the problem', async () => {
      const status = await server.status();
      return status.problems.length > 0 ? status : undefined;
    });
    expect(problems).to.have.length(1);
    expect(problems[0]).to.match(PROBLEM).and.include(`127.0.0.1 port ${relay.port}`);
    expect((await server.run('status')).stdout).to.match(new RegExp(`^problem +.*${PROBLEM.source}`, 'm'));
  });

  it('says of mail that waits for it what it waits for, and when it is tried', async () => {
    for (let at = 1; at < 4; at++) await send(`b${at}@example.net`);
    const id = await eventually('mail that was never tried to rest', async () => {
      const entries = JSON.parse(await server.do('queue', 'list', '--json')) as readonly Record<string, unknown>[];
      return entries.find((one) => one['attempts'] === 0 && one['restsUntilMs'] !== null)?.['id'] as number | undefined;
    });
    const shown = await server.do('queue', 'show', String(id));
    expect(shown).to.match(/^waits for +127\.0\.0\.1, which took no mail the last time: 535 5\.7\.8 Not with/m);
    expect(shown).to.match(/^next attempt +2\d{3}-.*Z$/m);
    expect(await server.do('queue', 'list')).to.match(/b\d@example\.net +535 5\.7\.8 Not with this password/);
  });

  it('is asked by commands for what is in force', async () => {
    const explained = await server.do('queue', 'explain', 'bob@example.com');
    expect(explained).to.match(new RegExp(`^relay +smtp at 127\\.0\\.0\\.1 port ${relay.port}, .* as office`, 'm'));
    expect(explained).to.match(/^configuration +of the running server$/m);
    const typed = await server.do('queue', 'explain', 'bob@example.com', '--outbound', 'off');
    expect(typed)
      .to.match(/^outbound +off/m)
      .and.match(/^configuration +as typed with this command$/m);
    expect(await server.do('account', 'limit', POSTMASTER))
      .to.match(/^sent in the last hour +0 of 77/m)
      .and.match(/^limits of every account +of the running server$/m);
    await server.do('alias', 'add', 'team@localhost', 'carol@elsewhere.example');
    expect(await server.do('route', 'add', 'held.example', 'hold')).to.not.match(/outbound mail is off/);
  });

  it('says where each member of an alias leads, and who is suppressed', async () => {
    await server.do('suppression', 'add', 'dave@elsewhere.example', '--reason', 'asked for it');
    const target = ['dave@elsewhere.example', 'erin@held.example', POSTMASTER];
    await server.do('alias', 'add', 'all@localhost', ...target);
    const lines = (await server.do('queue', 'explain', 'all@localhost')).split('\n');
    expect(lines.filter((line) => /^(goes|suppressed|route)/.test(line)).map((line) => line.replace(/ +/g, ' ')))
      .to.have.length(5)
      .and.include('route of the destination held.example: hold:Put on hold by a route')
      .and.include(`goes into ${POSTMASTER} here`);
    expect(lines.some((line) => /^suppressed .*asked for it; .*suppression remove dave@/.test(line))).to.equal(true);
  });

  it('is no problem any more as soon as it takes mail', async () => {
    takesLogins = true;
    const before = triedTimes();
    await server.do('queue', 'retry', '--all');
    await eventually('all to leave', () => relay.messages.length === 4);
    expect(triedTimes()).to.be.above(before);
    expect((await server.status()).problems).to.deep.equal([]);
  });
});

describe('a server whose relay has its password in a file', () => {
  let relay: ScriptedServer;
  let server: Server;
  const folder = mkdtempSync(join(tmpdir(), 'relay-password-'));
  const file = join(folder, 'password');

  before(async () => {
    const right = Buffer.from('\0office\0right').toString('base64');
    relay = await ScriptedServer.start({
      extensions: ['AUTH PLAIN'],
      answer: (line) => {
        if (!line.startsWith('AUTH')) return undefined;
        return line.endsWith(right) ? '235 2.7.0 welcome' : '535 5.7.8 Not with this one';
      },
    });
    writeFileSync(file, 'wrong\n');
    const url = `smtp://office@127.0.0.1:${relay.port}?tls=none`;
    server = await Server.start({
      workers: 1,
      arguments: ['--outbound', 'relay', '--relay', url, '--relay-password-file', file],
    });
  });

  after(async () => {
    await server.release();
    await relay.stop();
    rmSync(folder, { recursive: true });
  });

  it('sends what was refused as soon as it has read another', async () => {
    await server.do('mail', 'send', '--file', '/dev/null', 'bob@example.com');
    await eventually('the problem', async () => (await server.status()).problems.length > 0);
    writeFileSync(file, 'right\n');
    await server.do('route', 'add', 'held.example', 'hold'); // Routes are looked at, and so are the files.
    await eventually('it to leave', () => relay.messages.length === 1);
  });

  it('has begun without a word on a file that it can read', () => {
    expect(server.logs).to.not.contain('cannot be read');
  });
});
