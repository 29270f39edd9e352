/** Accounts, domains, aliases and mail on a database that no server runs on: each command is the store meanwhile. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pennypost, type RunOptions } from './pennypost.js';

describe('administration without a server', () => {
  let directory = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-cli-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  function run(typed: string, options: Partial<RunOptions> = {}) {
    return pennypost(typed.split(' '), { directory, ...options });
  }

  async function json(typed: string): Promise<unknown> {
    const { status, stdout, stderr } = await run(`${typed} --json`);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  async function done(typed: string, options: Partial<RunOptions> = {}): Promise<string> {
    const { status, stdout, stderr } = await run(typed, options);
    expect({ status, stderr }, typed).to.deep.equal({ status: 0, stderr: '' });
    return stdout;
  }

  async function refused(typed: string, said: RegExp): Promise<void> {
    const { status, stderr } = await run(typed);
    expect(stderr)
      .to.match(said)
      .and.not.match(/\n\s+at /);
    expect(status).to.equal(1);
  }

  async function domains(): Promise<readonly string[]> {
    return ((await json('domain list')) as { name: string }[]).map(({ name }) => name);
  }

  it('limits what an account may hold, and shows it', async () => {
    await done('account add alice@localhost --password x --quota 1KiB');
    await done('account add bob@localhost --password x');
    const quotas = async () =>
      ((await json('account list')) as { quotaOctets: number | null }[]).map(({ quotaOctets }) => quotaOctets);
    expect(await quotas()).to.deep.equal([1024, null]);
    expect(await done('account quota bob@localhost 2kB')).to.equal('bob@localhost may hold 2000 octets.\n');
    expect(await done('account quota alice@localhost none')).to.equal('alice@localhost may hold any amount.\n');
    expect(await quotas()).to.deep.equal([null, 2000]);
    expect(await done('account list')).to.match(/alice@localhost +0 +0 +none/);
    await refused('account quota nobody@localhost 1MB', /nobody@localhost/);
    expect(await done('account quota alice@localhost 1MiB 20')).to.equal(
      'alice@localhost may hold 1048576 octets in 20 messages.\n',
    );
    expect(await done('account list')).to.match(/alice@localhost +0 +0 +1048576, 20 messages/);
    expect(await done('account quota bob@localhost none 1')).to.equal('bob@localhost may hold 1 message.\n');
    expect((await run('account quota bob@localhost 1MiB many')).stderr).to.match(/a quota takes a whole number .*none/);
    expect(await done('domain quota localhost 1GiB 7')).to.equal(
      'The accounts of localhost may hold 1073741824 octets in 7 messages together.\n',
    );
    expect(await done('domain list')).to.match(/^localhost +0 +0 +1073741824, 7 messages/m);
    expect(await done('domain quota localhost none')).to.match(/may hold any amount together/);
    await refused('domain quota example.com 1GiB', /example\.com is not a local domain/);
    expect((await run('account quota alice@localhost lots')).stderr).to.match(/a quota takes a size .*none/);
    expect((await run('account quota alice@localhost')).status).to.equal(64);
  });

  it('keeps the mail of an account, or lets its logins remove it', async () => {
    await done('account add alice@localhost --password x');
    expect(await done('account keep alice@localhost on')).to.match(
      /^alice@localhost keeps its mail: from its next login/,
    );
    expect(await json('account list')).to.have.nested.property('[0].keepsMail', true);
    expect(await done('account keep alice@localhost OFF')).to.match(/^alice@localhost lets its logins remove mail/);
    expect(await done('account list')).to.match(/alice@localhost .* no +never *$/m);
    expect((await run('account keep alice@localhost maybe')).stderr).to.include("'maybe' is neither on nor off");
    await refused('account keep nobody@localhost on', /nobody@localhost/);
  });

  it('says when the mail of an account or a domain expires', async () => {
    await done('account add alice@localhost --password x');
    expect(await done('account expire @localhost 90d')).to.match(/^The mail of @localhost is removed 90 days after it/);
    expect(await json('account list')).to.have.nested.property('[0].expireDays', 90);
    expect(await done('account expire alice@localhost 24h')).to.match(
      / is removed 1 day after it came\. What is there/,
    );
    expect(await done('account list')).to.match(/alice@localhost .* 1d$/m);
    expect(await done('account expire alice@localhost never')).to.include('kept until somebody removes it');
    expect(await done('account expire alice@localhost default')).to.include('expires as that of its domain');
    for (const [typed, said] of [
      ['account expire alice@localhost 36h', /whole days, such as 30d, not '36h'/],
      ['account expire alice@localhost 0d', /whole days/],
      ['account expire @localhost default', /is for an account/],
      ['account expire alice@localhost soon', /TIME takes a duration/],
    ] as const)
      expect((await run(typed)).stderr, typed).to.match(said);
    await refused('account expire nobody@localhost 30d', /nobody@localhost/);
    await refused('account expire @elsewhere.example 30d', /elsewhere\.example is not a local domain/);
  });

  it('makes a domain another name of one, and disables accounts with their mail', async () => {
    await done('account add carol@names.example --password x');
    expect(await done('domain alias add names.example.net names.example')).to.match(
      /^Each name of names\.example\.net /,
    );
    expect(await done('domain list')).to.match(/^names\.example\.net +names\.example *$/m);
    expect(await done('account disable carol@names.example.net --refuse-mail')).to.match(/its mail is refused/);
    expect(await done('account list')).to.match(/^carol@names\.example .*no, refuses mail /m);
    await refused('domain remove names.example', /has accounts/);
    await done('account add dave@names.example --password x');
    expect(await done('account forward carol@names.example dave@names.example --keep')).to.equal(
      'carol@names.example forwards its mail to dave@names.example, and keeps it.\n',
    );
    expect(await done('account list')).to.match(/^carol@names\.example .* dave@names\.example itself /m);
    await refused('account forward dave@names.example carol@names.example', /would lead to itself/);
    await refused('account forward dave@names.example x@elsewhere.example', /outbound mail is off/);
    expect(await done('account forward carol@names.example none')).to.match(/keeps its mail/);
    expect(await done('account rename dave@names.example erin@names.example --alias')).to.match(
      /^dave@names\.example is erin@names\.example from now on/,
    );
    expect(await done('alias list')).to.match(/dave@names\.example +erin@names\.example/);
    await done('alias remove dave@names.example');
    await done('account remove erin@names.example');
    await done('domain remove names.example.net');
    await done('account remove carol@names.example');
  });

  it('adds, lists and removes accounts, and makes their domain local', async () => {
    await done('account add alice@Example.org --password-stdin', { input: 'secret\n' });
    await done('account add bob@example.org --password hunter2');
    const names = ((await json('account list')) as { address: string }[]).map(({ address }) => address);
    expect(names).to.include.members(['alice@example.org', 'bob@example.org']);
    expect(await domains()).to.include('example.org');
    expect(await done('account list'))
      .to.match(/^account +messages/)
      .and.match(/^alice@example\.org +0 +0 /m);
    await done('account passwd alice@example.org --password other');
    await done('account remove bob@example.org');
    expect(await done('account list')).to.not.include('bob@');
  });

  it('refuses what makes no sense with 1', async () => {
    await done('account add alice@localhost --password x');
    await refused('account add alice@localhost --password x', /alice@localhost/);
    await refused('account remove nobody@localhost', /nobody@localhost/);
    await refused('account passwd nobody@localhost --password x', /nobody@localhost/);
    await refused('mail list nobody@localhost', /nobody@localhost/);
    await refused('mail show alice@localhost 7', /has no message 7/);
  });

  it('adds and removes domains and aliases', async () => {
    await done('account add alice@localhost --password x');
    await done('domain add Example.ORG');
    expect(await done('alias add sales@example.org alice@localhost')).to.not.include('local from now on');
    expect(await done('alias add info@new.example alice@localhost')).to.match(
      /^info@new\.example now leads to alice@localhost\.\nnew\.example is local from now on: .*domain remove new\.example'/,
    );
    await done('domain remove new.example');
    await done('alias add *@example.org alice@localhost');
    expect(await json('alias list')).to.deep.include({ address: 'sales@example.org', targets: ['alice@localhost'] });
    await done('alias remove sales@example.org');
    await done('alias remove *@example.org');
    const out = 'alias add team@example.org alice@localhost Carol@elsewhere.example';
    const on = '--outbound relay --relay smtp://relay.example';
    await refused(out, /Carol@elsewhere\.example is of no local domain, and outbound mail is off/);
    await done(`${out} ${on}`);
    expect(await json('alias list')).to.deep.include({
      address: 'team@example.org',
      targets: ['Carol@elsewhere.example', 'alice@localhost'],
    });
    await done('alias remove team@example.org Carol@elsewhere.example');
    await done('alias remove team@example.org');
    expect(await json('alias list')).to.deep.equal([]);
    await done('domain remove example.org');
    expect(await domains()).to.not.include('example.org');
  });

  it('delivers a message with trace headers and CRLF, and shows it as RETR would', async () => {
    await done('account add alice@localhost --password x');
    await done('mail send --from bob@example.org alice@localhost', { input: 'Subject: hi\n\n.\nna\u00efve\r\n' });
    const shown = await done('mail show alice@localhost 1');
    expect(shown).to.match(
      /^Return-Path: <bob@example\.org>\r\nDelivered-To: alice@localhost\r\nReceived: from localhost /,
    );
    expect(Buffer.from(shown, 'latin1').toString('utf8')).to.match(/\r\nSubject: hi\r\n\r\n\.\r\nna\u00efve\r\n$/);
    expect(shown).to.not.match(/[^\r]\n/);
    const [message] = (await json('mail list alice@localhost')) as Record<string, unknown>[];
    expect(message).to.include({ number: 1, subject: 'hi', octets: shown.length });
  });

  it('delivers under addresses that SMTP takes too, and parts text from the trace headers', async () => {
    await done('account add alice@localhost --password x');
    const sender = `bounces+${'1'.repeat(80)}=a..b@web_1.example.org.`;
    const recipient = `alice+${'f'.repeat(64)}@localhost.`;
    await done(`mail send --from ${sender} ${recipient}`, { input: ' Battery low\nSubject: UPS 3\n' });
    const shown = await done('mail show alice@localhost 1');
    expect(shown.startsWith(`Return-Path: <${sender}>\r\nDelivered-To: ${recipient.slice(0, -1)}\r\n`)).to.equal(true);
    expect(shown).to.match(/ \+0000\r\n\r\n Battery low\r\nSubject: UPS 3\r\n$/);
    for (const typed of ['mail send --from a@b@-c.example alice@localhost', 'mail send alice'])
      expect(await run(typed)).to.deep.include({ status: 64, stdout: '' });
  });

  it('delivers a file to many, each once, or to nobody', async () => {
    await done('account add alice@localhost --password x');
    await done('account add bob@localhost --password x');
    await done('alias add all@localhost alice@localhost bob@localhost');
    await writeFile(join(directory, 'big.eml'), `Subject: big\n\n${'0123456789abcde\n'.repeat(2 ** 17)}`);
    await done('mail send --file big.eml all@localhost alice@localhost');
    await refused('mail send --file big.eml alice@localhost nobody@localhost', /account add nobody@localhost/);
    await refused('mail send --file big.eml alice@localhost bob@example.com', /domain add example\.com/);
    await refused('mail send --file big.eml --max-message-size 1MiB alice@localhost', /--max-message-size/);
    const counts = (await json('account list')) as { address: string; messages: number }[];
    for (const address of ['alice@localhost', 'bob@localhost'])
      expect(counts.find((account) => account.address === address)).to.include({ messages: 1 });
  });

  it('wants --yes before it removes an account that holds mail', async () => {
    await done('account add alice@localhost --password x');
    await done('mail send alice@localhost', { input: 'Subject: hi\n\nhello\n' });
    const { status, stderr } = await run('account remove alice@localhost');
    expect(stderr).to.match(/holds 1 message;/);
    expect(status).to.equal(64);
    await done('account remove alice@localhost --yes');
  });

  it('says that no server runs, with 1', async () => {
    expect(await run('status')).to.include({ status: 1, stdout: 'No server runs on mail.db.\n' });
    const { status, stdout } = await run('status --json');
    expect(status).to.equal(1);
    expect(JSON.parse(stdout)).to.deep.equal({ supervisor: null, store: null, workers: [] });
  });
});
