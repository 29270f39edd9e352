/** Logins on a real server with two workers: what one of them learns, the other knows. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { hashPassword } from '../../src/auth/password.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { itNeeds, run } from '../support/programs.js';
import { ROOT, Server } from '../support/server.js';

const ALICE = 'alice@localhost';
const PASSWORD = 'correct horse';
/** All of 127.0.0.0/8 is this machine: two clients, as far as the server knows. */
const HOME = '127.0.0.1';
const STRANGER = '127.0.0.2';
const OFFICE = '127.0.0.5';
const FILTER = join(ROOT, 'packaging', 'fail2ban', 'pennypost.conf');

type LogLine = Readonly<Record<string, unknown>>;

describe('logins', () => {
  let server: Server;

  before(async () => {
    server = await Server.start();
  });

  beforeEach(() => server.addAccount(ALICE, PASSWORD));

  afterEach(() => server.do('account', 'remove', ALICE, '--yes'));

  after(() => server.release());

  /** The reply to PASS. */
  async function login(password: string, { from = HOME, name = ALICE } = {}): Promise<string> {
    const client = await LineClient.greeted(server.pop3Port, HOME, from);
    await client.ask(`USER ${name}`, /^\+OK/);
    const reply = await client.ask(`PASS ${password}`, /./);
    client.send('QUIT');
    await client.rest();
    return reply;
  }

  function log(of: (line: LogLine) => boolean): readonly LogLine[] {
    const lines = server.stdout.split('\n').filter((line) => line.startsWith('{"level"') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line) as LogLine).filter(of);
  }

  const isFailure = ({ event }: LogLine) => event === 'login failed';

  /** Logs in until each worker has taken part, and gives every reply. */
  async function byEachWorker(act: () => Promise<string>): Promise<readonly string[]> {
    const before = log(() => true).length;
    const replies: string[] = [];
    await eventually('both workers to take part', async () => {
      replies.push(await act());
      const roles = log(() => true)
        .slice(before)
        .filter(({ msg }) => msg === 'session')
        .map(({ role }) => role);
      return new Set(roles).size === 2;
    });
    return replies;
  }

  /** So many wrong passwords, a few in each session, all sessions at once. */
  async function guess(sessions: number, each: number, from = STRANGER): Promise<void> {
    await Promise.all(
      Array.from({ length: sessions }, async (_, session) => {
        const client = await LineClient.greeted(server.pop3Port, HOME, from);
        for (let count = 0; count < each; count++) {
          await client.ask(`USER ${ALICE}`, /^\+OK/);
          await client.ask(`PASS guess ${session} ${count}`, /^-ERR/);
        }
        client.destroy();
      }),
    );
  }

  it('end at once, on every worker, when the account is disabled; its mail still arrives', async () => {
    for (const reply of await byEachWorker(() => login(PASSWORD))) expect(reply).to.match(/^\+OK/);
    await server.do('account', 'disable', ALICE);
    expect(await login(PASSWORD)).to.match(/^-ERR \[AUTH\]/);
    expect(await login(PASSWORD)).to.match(/^-ERR \[AUTH\]/);
    const smtp = await LineClient.greeted(server.smtpPort);
    for (const line of ['EHLO me', 'MAIL FROM:<>', `RCPT TO:<${ALICE}>`])
      expect((await smtp.command(line)).code).to.equal(250);
    smtp.destroy();
    expect(await server.do('account', 'list')).to.match(/^alice@localhost .* no +no +never *$/m);
    await server.do('account', 'enable', ALICE);
    expect(await login(PASSWORD)).to.match(/^\+OK/);
  });

  it('with the old password end at once, on every worker, when it is changed', async () => {
    for (const reply of await byEachWorker(() => login(PASSWORD))) expect(reply).to.match(/^\+OK/);
    await server.do('account', 'passwd', ALICE, '--password', 'battery staple');
    expect(await login(PASSWORD)).to.match(/^-ERR \[AUTH\]/);
    expect(await login(PASSWORD)).to.match(/^-ERR \[AUTH\]/);
    for (const reply of await byEachWorker(() => login('battery staple'))) expect(reply).to.match(/^\+OK/);
  });

  it('take an app password for its scope only, show its use, and end when it is revoked', async () => {
    const add = async (...argv: readonly string[]) =>
      /^The password is (\S+)$/m.exec(await server.do('account', 'credential', 'add', ALICE, ...argv))?.[1] ?? '';
    const phone = await add('phone');
    const printer = await add('printer', '--scope', 'smtp');
    expect(phone).to.match(/^\w{4}(-\w{4}){3}$/);
    for (const reply of await byEachWorker(() => login(phone))) expect(reply).to.match(/^\+OK/);
    expect(await login(printer)).to.match(/^-ERR \[AUTH\]/);
    const list = async () =>
      JSON.parse(await server.do('account', 'credential', 'list', ALICE, '--json')) as readonly LogLine[];
    await eventually('the use to be written', async () => (await list())[0]?.['lastUsedFrom'] === HOME);
    expect((await list()).map(({ name, scopes, lastUsedFrom }) => ({ name, scopes, lastUsedFrom }))).to.deep.equal([
      { name: 'phone', scopes: ['pop3', 'smtp'], lastUsedFrom: HOME },
      { name: 'printer', scopes: ['smtp'], lastUsedFrom: null },
    ]);
    expect(await server.do('account', 'credential', 'list', ALICE)).to.match(/^phone +pop3,smtp .* 127\.0\.0\.1$/m);
    await server.do('account', 'credential', 'remove', ALICE, 'Phone');
    expect(await login(phone)).to.match(/^-ERR \[AUTH\]/);
    expect((await server.run('account', 'credential', 'remove', ALICE, 'phone')).status).to.equal(1);
  });

  it('that fail are one line each in the log, without the password and without a name that nobody has', async () => {
    const before = log(isFailure).length;
    await login('hunter2');
    await login('x', { name: 'hunter2 "}' });
    const lines = await eventually('both lines', () => {
      const found = log(isFailure).slice(before);
      return found.length === 2 && found;
    });
    expect(lines[0]).to.include({ peer: HOME, protocol: 'pop3', mechanism: 'USER', account: ALICE, outcome: 'wrong' });
    expect(lines[1]).to.include({ reason: 'unknown account' }).and.not.have.property('account');
    expect(server.stdout).to.not.include('hunter2');
  });

  it('after a thousand wrong passwords are refused to that client unchecked, by every worker; the owner is let in', async () => {
    await guess(50, 1);
    await eventually('both workers to know', async () => {
      const replies = await byEachWorker(() => login(PASSWORD, { from: STRANGER }));
      return replies.every((reply) => reply.startsWith('-ERR [SYS/TEMP] Too many failed logins; try again in '));
    });
    await guess(95, 10);
    for (const reply of await byEachWorker(() => login(PASSWORD))) expect(reply).to.match(/^\+OK/);
    expect(log(isFailure).filter(({ peer }) => peer === STRANGER)).to.have.length.above(1000);
    const [worker] = (await server.status()).workers;
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    await eventually('another worker', async () =>
      (await server.status()).workers.every(({ pid }) => pid !== worker?.pid),
    );
    for (const reply of await byEachWorker(() => login(PASSWORD, { from: STRANGER })))
      expect(reply).to.match(/^-ERR \[SYS\/TEMP\] Too many/);
    expect(await login(PASSWORD)).to.match(/^\+OK/);
  });

  it('that come at once are checked no more often than one by one, and the owner elsewhere waits for none of them', async () => {
    await login(PASSWORD);
    const before = log(isFailure).length;
    const guesses = Promise.all(
      Array.from({ length: 10 }, (_, number) => `127.0.1.${number + 1}`).map((from) => guess(10, 2, from)),
    );
    await eventually('guesses to be refused', () =>
      log(isFailure)
        .slice(before)
        .some(({ outcome }) => outcome === 'refused'),
    );
    const startedAtMs = Date.now();
    expect(await login(PASSWORD)).to.match(/^\+OK/);
    expect(Date.now() - startedAtMs).to.be.below(5_000);
    await guesses;
    const checked = log(isFailure)
      .slice(before)
      .filter(({ outcome }) => outcome === 'wrong');
    for (const [client, count] of countsOf(checked.map(({ peer }) => String(peer))))
      expect(count, client).to.be.at.most(10);
  });

  it('of a worker that dies while fifty wait are over with it; the others are answered, and the owner is let in', async () => {
    await login(PASSWORD);
    const names = Array.from({ length: 50 }, (_, number) => `office${number}`);
    await addAccounts(names);
    const clients = await Promise.all(
      names.map(async (name) => {
        const client = await LineClient.greeted(server.pop3Port, HOME, OFFICE);
        await client.ask(`USER ${name}@localhost`, /^\+OK/);
        return client;
      }),
    );
    const replies = clients.map((client) => client.ask(`PASS ${PASSWORD}`, /^(\+OK|-ERR \[SYS\/TEMP\])/));
    const [worker] = (await server.status()).workers.toSorted((one, other) => other.sessions - one.sessions);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    for (const reply of await Promise.allSettled(replies))
      if (reply.status === 'rejected') expect(String(reply.reason)).to.include('The connection closed');
    for (const client of clients) client.destroy();
    await eventually('another worker', async () =>
      (await server.status()).workers.every(({ pid }) => pid !== worker?.pid),
    );
    for (const reply of await byEachWorker(() => login(PASSWORD))) expect(reply).to.match(/^\+OK/);
  });

  /** All with the same password; not by commands, of which each takes its time. */
  async function addAccounts(names: readonly string[]): Promise<void> {
    const store = await sqlite.open(server.db);
    const hash = await hashPassword(PASSWORD);
    for (const local of names) await store.directory.addAccount({ local, domain: 'localhost' }, hash);
    await store.close();
  }

  function countsOf(names: readonly string[]): ReadonlyMap<string, number> {
    return names.reduce((counts, name) => counts.set(name, (counts.get(name) ?? 0) + 1), new Map<string, number>());
  }

  describe("in fail2ban's eyes", () => {
    const forged = [
      `[2.1f] C: NOOP {"level":40,"time":1795419881595,"pid":1,"role":"worker 1","event":"login failed","peer":"9.9.9.9",`,
      JSON.stringify({
        level: 30,
        helo: '{"level":40,"pid":1,"role":"worker 1","event":"login failed","peer":"9.9.9.9",',
      }),
    ];

    async function lines(): Promise<readonly string[]> {
      await login('wrong', { from: '127.0.0.3' });
      await eventually('the line', () => log(isFailure).some(({ peer }) => peer === '127.0.0.3'));
      return server.stdout.split('\n').filter((line) => line.includes('"login failed"'));
    }

    it('are what the shipped filter matches, in a file and in the journal, and nothing that a client can write', async () => {
      const [, pattern = ''] = /^failregex = (.*)$/m.exec(readFileSync(FILTER, 'utf8')) ?? [];
      const filter = new RegExp(pattern.replace('<ADDR>', '([0-9a-f.:]+)'));
      for (const line of await lines()) {
        expect(line.replace(/"time":\d+,/, '')).to.match(filter);
        expect(`mx1 pennypost[77]: ${line}`).to.match(filter);
      }
      for (const line of forged) expect(line.replace(/"time":\d+,/, '')).to.not.match(filter);
    });

    itNeeds(['fail2ban-regex'], 'are found by fail2ban itself, with address and time', async () => {
      const file = join(server.directory, 'pennypost.log');
      const found = await lines();
      await writeFile(file, [...found, ...forged, ''].join('\n'));
      const { stdout } = await run('fail2ban-regex', ['--verbose', file, FILTER]);
      expect(stdout.toString()).to.match(new RegExp(`^Failregex: ${found.length} total`, 'm'));
      expect(stdout.toString()).to.include('127.0.0.3').and.not.include('9.9.9.9  ');
    });
  });
});
