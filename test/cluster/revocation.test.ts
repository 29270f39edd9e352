/** What becomes of open sessions when the rights that they rest on are taken away: they are over on every worker, before the command that took them returns. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import type { LineClient } from '../support/line-client.js';
import { demand, pop3Session, sendData, smtpSession } from '../support/mail-clients.js';
import { ScramClient } from '../support/scram-client.js';
import { Server } from '../support/server.js';

const ALICE = 'alice@localhost';
const BOB = 'bob@localhost';
const PASSWORD = 'correct horse';
const REVOKED = /^421 4\.7\.0 Your login does not stand any more; log in again\r\n$/;
const CLOSED_MAILDROP = /^-ERR \[SYS\/TEMP\] Your login does not stand any more; closing, nothing was removed\r\n$/;
const MESSAGE = Buffer.from('Subject: hello\r\n\r\nHello.\r\n');

function plain(password: string): string {
  return `AUTH PLAIN ${Buffer.from(`\0${ALICE}\0${password}`).toString('base64')}`;
}

describe('sessions', () => {
  let server: Server;
  const clients: LineClient[] = [];

  before(async () => {
    server = await Server.start({ everyService: true });
    await server.addAccount(BOB, PASSWORD);
  });

  beforeEach(() => server.addAccount(ALICE, PASSWORD));

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await server.run('account', 'remove', ALICE, '--yes');
  });

  after(() => server.release());

  function kept(client: LineClient): LineClient {
    clients.push(client);
    return client;
  }

  async function submission(login = plain(PASSWORD)): Promise<LineClient> {
    const client = kept(await smtpSession(server.submissionPort));
    await demand(client, login, 235);
    return client;
  }

  async function reading(password = PASSWORD): Promise<LineClient> {
    return kept(await pop3Session(server.pop3Port, ALICE, password));
  }

  async function credential(name: string, ...argv: readonly string[]): Promise<string> {
    const shown = await server.do('account', 'credential', 'add', ALICE, name, ...argv);
    return /^The password is (\S+)$/m.exec(shown)?.[1] ?? '';
  }

  async function bySomeWorkers<T>(make: () => Promise<T>): Promise<readonly T[]> {
    return Promise.all(Array.from({ length: 6 }, make));
  }

  /** Whatever it says next, it was over before. */
  async function expectOver(client: LineClient, end: RegExp): Promise<void> {
    client.send('NOOP');
    expect(await client.rest()).to.match(end);
  }

  const takings: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['the password is changed', () => server.do('account', 'passwd', ALICE, '--password', 'battery staple')],
    ['the same password is set again', () => server.do('account', 'passwd', ALICE, '--password', PASSWORD)],
    ['the account is disabled', () => server.do('account', 'disable', ALICE)],
    ['the account is removed', () => server.do('account', 'remove', ALICE, '--yes')],
    ['the account has another name', () => server.do('account', 'rename', ALICE, 'smith@localhost')],
  ];

  for (const [when, take] of takings)
    it(`are over on every worker when ${when}, and others go on`, async () => {
      const others = kept(await smtpSession(server.submissionPort));
      await demand(others, `AUTH PLAIN ${Buffer.from(`\0${BOB}\0${PASSWORD}`).toString('base64')}`, 235);
      const submissions = await bySomeWorkers(() => submission());
      const maildrop = await reading();
      await take();
      for (const client of submissions) await expectOver(client, REVOKED);
      await expectOver(maildrop, CLOSED_MAILDROP);
      await sendData(kept(await smtpSession(server.smtpPort)), BOB, MESSAGE);
      expect((await others.command(`MAIL FROM:<${BOB}>`)).code).to.equal(250);
    });

  it('of SCRAM are over too, and do not begin by a last word that comes later', async () => {
    const [client, late] = [await proved(), await proved()];
    client.send('');
    expect((await client.reply()).code).to.equal(235);
    await server.do('account', 'passwd', ALICE, '--password', 'battery staple');
    await expectOver(client, REVOKED);
    late.send('');
    expect((await late.reply()).code).to.equal(535);
  });

  it('of an app password are over when it is revoked, and only those', async () => {
    const [phone, tablet] = [await credential('phone'), await credential('tablet', '--scope', 'smtp')];
    const [revoked, maildrop] = [await submission(plain(phone)), await reading(phone)];
    const others = [await submission(plain(tablet)), await submission()];
    await server.do('account', 'credential', 'remove', ALICE, 'phone');
    await expectOver(revoked, REVOKED);
    await expectOver(maildrop, CLOSED_MAILDROP);
    for (const client of others) await sendMine(client);
    await server.do('account', 'passwd', ALICE, '--password', 'battery staple');
    await sendMine(others[0] as LineClient);
    await expectOver(others[1] as LineClient, REVOKED);
    await server.do('account', 'disable', ALICE);
    await expectOver(others[0] as LineClient, REVOKED);
  });

  it('of an account that was removed are not those of one with its name', async () => {
    const client = await submission();
    await server.do('account', 'remove', ALICE, '--yes');
    await server.addAccount(ALICE, PASSWORD);
    await expectOver(client, REVOKED);
    await sendMine(await submission());
  });

  it('go on through everything that takes no right away', async () => {
    const client = await submission();
    await server.do('account', 'quota', ALICE, '1GiB');
    await credential('phone');
    await server.do('alias', 'add', 'list@localhost', ALICE);
    await server.do('alias', 'remove', 'list@localhost');
    await server.do('account', 'enable', ALICE);
    await sendMine(client);
  });

  it('refuse a message that was on its way, at its end, with 421', async () => {
    const client = await submission();
    await beginMine(client);
    client.write(Buffer.from('Subject: half\r\n\r\nhalf of it\r\n'));
    await server.do('account', 'disable', ALICE);
    client.write(Buffer.from('NOOP\r\nthe other half\r\n'));
    client.write(Buffer.alloc(1_000_000, 'x\r\n'));
    client.send('', '.');
    expect(await client.rest()).to.match(REVOKED);
    expect(await server.do('mail', 'list', BOB)).to.not.include('half');
  });

  it('refuse the chunks of a message, and what follows them', async () => {
    const client = await submission();
    for (const line of [`MAIL FROM:<${ALICE}>`, `RCPT TO:<${BOB}>`]) await demand(client, line, 250);
    client.send('BDAT 16', 'Subject: torn!');
    expect((await client.reply()).code).to.equal(250);
    await server.do('account', 'passwd', ALICE, '--password', 'battery staple');
    client.send('BDAT 2 LAST', '');
    expect(await client.rest()).to.match(REVOKED);
    expect(await server.do('mail', 'list', BOB)).to.not.include('torn');
  });

  it('let go of the maildrop at once, even when the client takes nothing of what is said', async () => {
    const large = Buffer.concat([MESSAGE, Buffer.from('a line of a large message\r\n'.repeat(700_000))]);
    await sendData(kept(await smtpSession(server.smtpPort)), ALICE, large);
    const client = await reading();
    client.pause();
    client.send('RETR 1', 'RETR 1');
    await server.do('account', 'passwd', ALICE, '--password', 'battery staple');
    const next = await eventually('the maildrop to be free', () => reading('battery staple').catch(() => undefined));
    await next.ask('STAT', /^\+OK 1 /);
  });

  it('may not go on under an alias that is gone', async () => {
    await server.do('alias', 'add', 'sales@localhost', ALICE);
    const client = await submission();
    for (const line of ['MAIL FROM:<sales@localhost>', `RCPT TO:<${BOB}>`]) await demand(client, line, 250);
    await demand(client, 'DATA', 354);
    await server.do('alias', 'remove', 'sales@localhost');
    client.send('Subject: sold', '', '.');
    expect((await client.reply()).lines[0]).to.match(/^550 5\.7\.1 <sales@localhost> is no address of alice/);
    expect((await client.command('MAIL FROM:<sales@localhost>')).code).to.equal(550);
    await sendMine(client);
  });

  it('are looked at again when the store was away meanwhile', async () => {
    const client = await submission();
    const maildrop = await reading();
    process.kill((await server.status()).store?.pid ?? 0, 'SIGKILL');
    await eventually(
      'the account to be disabled',
      async () => (await server.run('account', 'disable', ALICE)).status === 0,
    );
    await eventually('the sessions to be over', () => client.closed && maildrop.closed);
  });

  it('by a login that is being looked at do not begin', async () => {
    const pending = await bySomeWorkers(async () => kept(await smtpSession(server.submissionPort)));
    for (const client of pending) client.send(plain(PASSWORD));
    await server.do('account', 'passwd', ALICE, '--password', 'battery staple');
    for (const client of pending) {
      client.send('NOOP', 'MAIL FROM:<>');
      const { code } = await client.reply();
      if (code === 235) expect(await client.rest()).to.match(REVOKED);
      else expect([535, 454]).to.include(code);
    }
  });

  /** A session in the middle of SCRAM: both sides have proved what they know. */
  async function proved(): Promise<LineClient> {
    const client = kept(await smtpSession(server.submissionPort));
    const scram = new ScramClient({ name: ALICE, password: PASSWORD });
    const { lines } = await client.command(`AUTH SCRAM-SHA-256 ${scram.first.toString('base64')}`);
    const challenge = Buffer.from(lines[0]?.slice('334 '.length) ?? '', 'base64');
    expect((await client.command(scram.final(challenge).toString('base64'))).code).to.equal(334);
    return client;
  }

  async function beginMine(client: LineClient): Promise<void> {
    for (const line of [`MAIL FROM:<${ALICE}>`, `RCPT TO:<${BOB}>`]) await demand(client, line, 250);
    await demand(client, 'DATA', 354);
  }

  async function sendMine(client: LineClient): Promise<void> {
    await beginMine(client);
    client.write(Buffer.concat([MESSAGE, Buffer.from('.\r\n')]));
    expect((await client.reply()).code).to.equal(250);
  }
});
