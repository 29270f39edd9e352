/** Real mail clients against the real server: each sends what comes back unchanged, each fetches what was sent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import Pop3Command from 'node-pop3';
import { createTransport } from 'nodemailer';
import { eventually } from '../support/eventually.js';
import { behindTrace, demand, pop3Session, retrieve, sendData, smtpSession, takeAll } from '../support/mail-clients.js';
import { Chance } from '../support/ledger-chance.js';
import { LineClient } from '../support/line-client.js';
import { lines, SAMPLE, SIZES } from '../support/messages.js';
import { itNeeds, run } from '../support/programs.js';
import { freePorts, POSTMASTER, ROOT, Server } from '../support/server.js';

const HOST = '127.0.0.1';
const USER = 'alice@localhost';
const PASSWORD = 'correct horse';
const FROM = 'sender@example.org';
const PLAIN = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');
/** A message, and the end of data. */
const TEXT = 'Subject: held\r\n\r\nText.\r\n.';
/** What waits for another program does so for at least as long. */
const BUSY_MS = 4_500;
const REFERENCE = readFileSync(join(ROOT, 'db', 'README.md'), 'utf8');
const EXAMPLES = [...REFERENCE.matchAll(/^```sql\n([^]*?)^```$/gm)].map(([, sql]) => sql).join('');

describe('real clients', () => {
  let server: Server;
  let lmtpPort: number;
  let directory = '';

  before(async () => {
    [lmtpPort] = await freePorts();
    server = await Server.start({ everyService: true, arguments: ['--lmtp-port', String(lmtpPort)] });
    await server.addAccount(USER, PASSWORD);
  });

  after(() => server.release());

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-client-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
    await empty();
  });

  function empty(): Promise<readonly Buffer[]> {
    return takeAll(server.pop3Port, USER, PASSWORD);
  }

  /** What arrived is exactly this, and there is nothing else. */
  async function arrived(message: Buffer): Promise<void> {
    const messages = await empty();
    expect(messages).to.have.length(1);
    expect(behindTrace(messages[0] as Buffer).equals(message)).to.equal(true);
  }

  /** Puts a message there and gives back what POP3 must say of it. */
  async function deposit(message = SAMPLE): Promise<Buffer> {
    const client = await smtpSession(server.smtpPort);
    await sendData(client, USER, message);
    await client.ask('QUIT', /^221/);
    const reader = await pop3Session(server.pop3Port, USER, PASSWORD);
    const expected = await retrieve(reader, 1);
    await reader.ask('QUIT', /^\+OK/);
    await reader.rest();
    return expected;
  }

  async function file(name: string, content: string | Buffer): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, content);
    await chmod(path, 0o600);
    return path;
  }

  function same(got: Buffer, expected: Buffer): void {
    expect(got.length).to.equal(expected.length);
    expect(got.equals(expected)).to.equal(true);
  }

  const crlf = (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
  const lf = (bytes: Buffer) => bytes.toString('latin1').replaceAll('\r\n', '\n');

  describe('nodemailer and node-pop3', () => {
    /** It takes STARTTLS where it is offered. */
    const trust = async () => ({ ca: await readFile(server.certificate) });

    async function mail(raw: Buffer): Promise<void> {
      const transport = createTransport({ host: HOST, port: server.smtpPort, secure: false, tls: await trust() });
      const sent = await transport.sendMail({ envelope: { from: FROM, to: [USER] }, raw });
      expect(sent.accepted).to.deep.equal([USER]);
      transport.close();
    }

    async function fetch(): Promise<Buffer> {
      const client = new Pop3Command({ user: USER, password: PASSWORD, host: HOST, port: server.pop3Port });
      await client._connect();
      const [, stream] = await client.command('RETR', 1);
      const pieces: Buffer[] = [];
      for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
      await client.QUIT();
      // It leaves byte-stuffing in and the last CRLF out.
      return Buffer.from(`${Buffer.concat(pieces).toString('latin1')}\r\n`.replaceAll('\r\n..', '\r\n.'), 'latin1');
    }

    it('send and fetch the sample', async () => {
      await mail(SAMPLE);
      const got = await fetch();
      same(behindTrace(got), SAMPLE);
    });

    for (const [name, octets] of SIZES)
      it(`send ${name}`, async () => {
        await mail(lines(octets));
        await arrived(lines(octets));
      });

    it('see STAT, LIST, UIDL, TOP and DELE', async () => {
      const expected = await deposit();
      await deposit();
      const client = new Pop3Command({ user: USER, password: PASSWORD, host: HOST, port: server.pop3Port });
      expect(await client.STAT()).to.equal(`2 ${2 * expected.length}`);
      expect(await client.LIST()).to.deep.equal([
        ['1', String(expected.length)],
        ['2', String(expected.length)],
      ]);
      const uidls = await client.UIDL();
      expect(new Set(uidls.map(([, uidl]) => uidl)).size).to.equal(2);
      expect(await client.TOP(1, 1)).to.match(/Subject: sample[^]*\r\n\r\nDear postmaster,$/);
      await client.DELE(1);
      await client.QUIT();
      expect(await empty()).to.have.length(1);
    });

    it('sends to nobody when one recipient is refused and says which', async () => {
      const transport = createTransport({ host: HOST, port: server.smtpPort, secure: false, tls: await trust() });
      const sent = await transport.sendMail({ envelope: { from: FROM, to: [USER, 'nobody@localhost'] }, raw: SAMPLE });
      expect(sent.rejected).to.deep.equal(['nobody@localhost']);
      transport.close();
      await arrived(SAMPLE);
    });
  });

  describe('curl', () => {
    async function send(message: Buffer): Promise<void> {
      await run('curl', [
        ...['--silent', '--show-error', '--url', `smtp://${HOST}:${server.smtpPort}/client.example`],
        ...['--mail-from', FROM, '--mail-rcpt', USER, '--upload-file', await file('message', message)],
      ]);
    }

    const pop3 = (path: string, ...argv: readonly string[]) =>
      run('curl', [
        ...['--silent', '--show-error', '--user', `${USER}:${PASSWORD}`, ...argv],
        `pop3://${HOST}:${server.pop3Port}/${path}`,
      ]);

    for (const [name, message] of [['the sample', SAMPLE], ...SIZES.map(([n, o]) => [n, lines(o)] as const)] as const)
      itNeeds(['curl'], `sends ${name}`, async () => {
        await send(message);
        await arrived(message);
      });

    itNeeds(['curl'], 'fetches', async () => {
      const expected = await deposit();
      same((await pop3('1')).stdout, expected);
    });

    itNeeds(['curl'], 'lists and removes', async () => {
      const expected = await deposit();
      expect((await pop3('')).stdout.toString()).to.equal(`1 ${expected.length}\r\n`);
      await pop3('1', '--request', 'DELE', '--head');
      expect(await empty()).to.deep.equal([]);
    });
  });

  describe('swaks', () => {
    const data = SAMPLE.subarray(0, -2); // It ends every message with a CRLF of its own.

    itNeeds(['swaks'], 'sends', async () => {
      await run('swaks', [
        ...['--server', HOST, '--port', String(server.smtpPort), '--helo', 'client.example', '--from', FROM],
        ...['--to', USER, '--data', `@${await file('message', data)}`],
      ]);
      await arrived(SAMPLE);
    });

    itNeeds(['swaks'], 'pipelines', async () => {
      const { stdout } = await run('swaks', [
        ...['--server', HOST, '--port', String(server.smtpPort), '--from', FROM, '--to', USER, '--pipeline'],
        ...['--data', `@${await file('message', data)}`],
      ]);
      expect(stdout.toString()).to.match(/ -> MAIL FROM.*\n -> RCPT TO.*\n -> DATA\n<- {2}250 /);
      await arrived(SAMPLE);
    });
  });

  describe('msmtp and mpop', () => {
    itNeeds(['msmtp'], 'send', async () => {
      await run(
        'msmtp',
        [
          ...[`--file=${await file('msmtprc', '')}`, `--host=${HOST}`, `--port=${server.smtpPort}`, `--from=${FROM}`],
          ...['--auth=off', '--tls=off', '--', USER],
        ],
        { input: Buffer.from(lf(SAMPLE), 'latin1') },
      );
      await arrived(SAMPLE);
    });

    itNeeds(['mpop'], 'fetch, and remove', async () => {
      const expected = await deposit();
      const maildir = join(directory, 'maildir');
      const configuration = [
        ...['account default', `host ${HOST}`, `port ${server.pop3Port}`, `user ${USER}`, `password "${PASSWORD}"`],
        ...['auth user', 'tls off', 'keep off', 'received_header off', `uidls_file ${join(directory, 'uidls')}`],
        `delivery maildir ${maildir}`,
      ];
      for (const name of ['', 'new', 'cur', 'tmp']) await run('mkdir', ['-p', join(maildir, name)]);
      await run('mpop', ['-C', await file('mpoprc', `${configuration.join('\n')}\n`)]);
      const [name = ''] = await readdir(join(maildir, 'new'));
      same(crlf(await readFile(join(maildir, 'new', name))), expected);
      expect(await empty()).to.deep.equal([]);
    });
  });

  describe('fetchmail', () => {
    itNeeds(['fetchmail'], 'fetches, and removes', async () => {
      const expected = await deposit();
      const target = join(directory, 'fetched');
      const configuration = [
        `set no syslog\npoll ${HOST} protocol pop3 port ${server.pop3Port} auth password uidl no dns`,
        `user "${USER}" password "${PASSWORD}" sslproto "" no rewrite no keep fetchall`,
        `mda "tee ${target}"\n`,
      ];
      await run('fetchmail', ['--fetchmailrc', await file('fetchmailrc', configuration.join('\n')), '--invisible'], {
        environment: { FETCHMAILHOME: directory, LC_ALL: 'C' },
      });
      same(crlf(await readFile(target)), expected);
      expect(await empty()).to.deep.equal([]);
    });
  });

  describe('several devices of one account', () => {
    const DAYS = 30;
    const texts = (messages: readonly Buffer[]) => messages.map((message) => message.toString().split('\r\n').at(-2));

    /** The app password. */
    async function device(account: string, name: string): Promise<string> {
      const made = await server.do('account', 'credential', 'add', account, name, '--scope', 'pop3');
      return /password is (\S+)/.exec(made)?.[1] ?? '';
    }

    async function send(to: string, ...each: readonly string[]): Promise<void> {
      const client = await smtpSession(server.smtpPort);
      for (const text of each) await sendData(client, to, Buffer.from(`Subject: ${text}\r\n\r\n${text}\r\n`));
      await client.ask('QUIT', /^221/);
    }

    it('get each message once, in any order of polling, with DELE by both; a plain login still removes for all', async () => {
      const devices = await Promise.all(
        ['phone', 'desk'].map(async (name) => ({
          ...{ login: `alice+${name}@localhost`, password: await device(USER, name), got: [] as unknown[] },
        })),
      );
      const chance = new Chance(30);
      const sent: string[] = [];
      for (let poll = 0; poll < 20; poll++) {
        const fresh = Array.from({ length: chance.between(0, 2) }, (_, each) => `${poll}.${each}`);
        await send(USER, ...fresh);
        sent.push(...fresh);
        const { login, password, got } = chance.pick(devices);
        got.push(...texts(await takeAll(server.pop3Port, login, password)));
      }
      for (const { login, password, got } of devices) {
        got.push(...texts(await takeAll(server.pop3Port, login, password)));
        expect(got).to.deep.equal(sent);
      }
      expect(texts(await empty())).to.deep.equal(sent);
      expect(await empty()).to.deep.equal([]);
    });

    it('are in their maildrop at once, and a login that could remove for all is not', async () => {
      const [one, other] = [await device(USER, 'one'), await device(USER, 'other')];
      await send(USER, 'text');
      const first = await pop3Session(server.pop3Port, 'alice+one@localhost', one);
      expect(texts(await takeAll(server.pop3Port, 'alice+other@localhost', other))).to.deep.equal(['text']);
      const plain = await LineClient.greeted(server.pop3Port);
      await plain.ask(`USER ${USER}`, /^\+OK/);
      await plain.ask(`PASS ${PASSWORD}`, /^-ERR \[IN-USE\]/);
      await plain.ask('QUIT', /^\+OK/);
      await first.ask('STAT', /^\+OK 1 /);
      await first.ask('DELE 1', /^\+OK/);
      await first.ask('STAT', /^\+OK 0 0$/);
      await first.ask('RSET', /^\+OK 1 /);
      await first.ask('QUIT', /^\+OK/);
      expect(texts(await takeAll(server.pop3Port, 'alice+one@localhost', one))).to.deep.equal(['text']);
    });

    itNeeds(['fetchmail', 'getmail', 'mpop'], 'live a month on an account that keeps its mail', async () => {
      const kept = 'kept@localhost';
      await server.addAccount(kept, PASSWORD);
      await server.do('account', 'keep', kept, 'on');
      const fetchmailrc = await file(
        'fetchmailrc',
        `set no syslog\npoll ${HOST} protocol pop3 port ${server.pop3Port} auth password uidl no dns\n` +
          `user "kept+fetchmail@localhost" password "${await device(kept, 'fetchmail')}" sslproto "" no rewrite no keep\n` +
          `mda "tee -a ${join(directory, 'fetched')}"\n`,
      );
      const getmailrc = await file(
        'getmailrc',
        `[retriever]\ntype = SimplePOP3Retriever\nserver = ${HOST}\nport = ${server.pop3Port}\nusername = ${kept}\n` +
          `password = ${await device(kept, 'getmail')}\n[destination]\ntype = MDA_external\npath = /usr/bin/tee\n` +
          `arguments = ("-a", "${directory}/got")\nallow_root_commands = true\n` +
          `[options]\nread_all = false\ndelete = false\nreceived = false\ndelivered_to = false\n`,
      );
      const mpoprc = await file(
        'mpoprc',
        `account default\nhost ${HOST}\nport ${server.pop3Port}\nuser ${kept}\npassword "${PASSWORD}"\nauth user\n` +
          `tls off\nkeep off\nuidls_file ${directory}/uidls\ndelivery maildir ${directory}/mpop\n`,
      );
      await run('mkdir', ['-p', ...['new', 'cur', 'tmp'].map((each) => join(directory, 'mpop', each))]);
      const environment = { FETCHMAILHOME: directory, LC_ALL: 'C' };
      const polls = [
        { days: 1, poll: () => run('fetchmail', ['--fetchmailrc', fetchmailrc, '--invisible'], { environment }) },
        { days: 2, poll: () => run('mpop', ['-q', '-C', mpoprc]) },
        { days: 10, poll: () => run('getmail', ['-q', '--rcfile', getmailrc, '--getmaildir', directory]) },
      ];
      const sent = Array.from({ length: 2 * DAYS }, (_, each) => `message ${each}`);
      for (let day = 1; day <= DAYS; day++) {
        await send(kept, ...sent.slice(2 * day - 2, 2 * day));
        await Promise.all(polls.filter(({ days }) => day % days === 0).map(({ poll }) => poll()));
      }
      const inMaildir = (await readdir(join(directory, 'mpop', 'new'))).map((name) => join('mpop', 'new', name));
      for (const files of [['fetched'], ['got'], inMaildir]) {
        const contents = await Promise.all(files.map((name) => readFile(join(directory, name), 'latin1')));
        const got = contents.flatMap((content) => content.split(/\r?\n/)).filter((line) => line.startsWith('message '));
        expect(got.toSorted(), files[0]).to.deep.equal(sent.toSorted());
      }
      expect(await server.do('account', 'list')).to.match(/^kept@localhost +60 .* yes\b/m);
      expect(await server.do('mail', 'removed', kept)).to.not.include('message ');
    });
  });

  describe('Python', () => {
    itNeeds(['python3'], 'smtplib sends', async () => {
      const script = `
import smtplib, sys
with smtplib.SMTP('${HOST}', ${server.smtpPort}, timeout=10) as client:
    client.sendmail('${FROM}', ['${USER}'], sys.stdin.buffer.read(), ['BODY=8BITMIME'])
`;
      await run('python3', ['-c', script], { input: SAMPLE });
      await arrived(SAMPLE);
    });

    itNeeds(['python3'], 'poplib fetches', async () => {
      const expected = await deposit();
      const script = `
import poplib, sys
client = poplib.POP3('${HOST}', ${server.pop3Port}, timeout=10)
assert 'PIPELINING' in client.capa()
client.user('${USER}')
client.pass_('${PASSWORD}')
assert client.stat()[0] == 1
assert len(client.uidl()[1]) == 1
sys.stdout.buffer.write(b''.join(line + b'\\r\\n' for line in client.retr(1)[1]))
client.quit()
`;
      same((await run('python3', ['-c', script])).stdout, expected);
    });
  });

  describe('the sqlite3 shell', () => {
    /** A session behind these commands. */
    async function speaking(port: number, ...commands: readonly string[]): Promise<LineClient> {
      const client = await LineClient.greeted(port);
      for (const command of commands) expect((await client.command(command)).code).to.be.within(200, 299);
      return client;
    }

    async function begin(sender: LineClient): Promise<void> {
      await demand(sender, `MAIL FROM:<${USER}>`, 250);
      await demand(sender, `RCPT TO:<${USER}>`, 250);
      await demand(sender, 'DATA', 354);
    }

    async function query(sql: string): Promise<unknown> {
      const { stdout } = await run('sqlite3', ['-readonly', '-json', server.db, sql]);
      return JSON.parse(stdout.length === 0 ? '[]' : stdout.toString()); // Of no row it says nothing.
    }

    itNeeds(['sqlite3'], 'reads the views while the server runs', async () => {
      const expected = await deposit();
      expect(
        await query(`select account, number, "from", "to", subject, octets from mail where account = '${USER}'`),
      ).to.deep.equal([
        {
          account: USER,
          number: 1,
          from: 'Sender <sender@example.org>',
          to: 'postmaster@localhost',
          subject: 'sample',
          octets: expected.length,
        },
      ]);
      const [text] = (await query(`select text from mail where account = '${USER}'`)) as readonly { text: string }[];
      expect(text?.text).to.include('Grüße, ¡olé!, привет, 你好');
      const [mailbox] = (await query(`select * from mailboxes where account = '${USER}'`)) as readonly object[];
      expect(mailbox).to.include({ account: USER, messages: 1, octets: expected.length });
    });

    itNeeds(['sqlite3'], 'shows what came, how it was answered, and who logged in', async () => {
      const client = await smtpSession(server.smtpPort);
      await demand(client, 'EHLO views.example', 250);
      await sendData(client, USER, SAMPLE);
      client.send(`MAIL FROM:<${FROM}>`, 'RCPT TO:<nobody@localhost>', 'RCPT TO:<bob@elsewhere.example>', 'QUIT');
      await client.rest();
      const reader = await LineClient.greeted(server.pop3Port);
      reader.send(`USER ${USER}`, 'PASS wrong', 'QUIT');
      await reader.rest();
      const sql = `select "from", "to", code, reply like '2.0.0 Accepted as ' || id as named, octets, tls from arrivals
        where helo = 'views.example'`;
      const refused = { from: FROM, named: null, octets: null, tls: null };
      await eventually('both refusals to be there', async () =>
        JSON.stringify(await query(sql)).includes('bob@elsewhere.example'),
      );
      expect(await query(sql)).to.have.deep.members([
        { ...refused, to: 'nobody@localhost', code: 550 },
        { ...refused, to: 'bob@elsewhere.example', code: 550 },
        { ...refused, to: USER, code: 250, named: 1, octets: SAMPLE.length },
      ]);
      const logins = `select outcome, reason, protocol, mechanism from logins where account = '${USER}' and address = '${HOST}'
        group by 1, 2, 3, 4 order by 1`;
      await eventually('the failure to be there', async () => JSON.stringify(await query(logins)).includes('wrong'));
      expect(await query(logins)).to.deep.include.members([
        { outcome: 'accepted', reason: null, protocol: 'pop3', mechanism: 'USER' },
        { outcome: 'wrong', reason: 'wrong password', protocol: 'pop3', mechanism: 'USER' },
      ]);
    });

    itNeeds(['sqlite3'], 'runs every example of the reference as it stands, and each view has one', async () => {
      const [, names = ''] = /^The views (.*) are a public interface/m.exec(REFERENCE) ?? [];
      for (const [, view] of names.matchAll(/`(\w+)`/g))
        expect(EXAMPLES).to.match(new RegExp(`(from|into|update) ${view}\\b`));
      await run('sqlite3', ['-bail', server.db], { input: EXAMPLES });
      expect(
        await query(
          `select quota, enabled from accounts where account in ('${POSTMASTER}', '${USER}') order by enabled`,
        ),
      ).to.deep.equal([
        { quota: 1_000_000_000, enabled: 0 },
        { quota: 1_000_000_000, enabled: 1 },
      ]);
      await run('sqlite3', [
        server.db,
        `update accounts set enabled = 1, quota = null, keeps_mail = 0, expire_days = null;
           update domains set quota_messages = null, expire_days = null`,
      ]);
    });

    itNeeds(
      ['sqlite3'],
      'ends the sessions of accounts that it disables, on each worker, within a second',
      async () => {
        const users = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@devices.localhost`);
        await Promise.all(users.map((user) => server.addAccount(user, PASSWORD)));
        const sessions = await Promise.all(users.map((user) => pop3Session(server.pop3Port, user, PASSWORD)));
        await run('sqlite3', [server.db, "update accounts set enabled = 0 where account like '%@devices.localhost'"]);
        const sinceMs = performance.now();
        for (const session of sessions) expect(await session.rest()).to.match(/^-ERR/);
        expect(performance.now() - sinceMs).to.be.below(1_000);
      },
    );

    itNeeds(['sqlite3'], 'holds a message up for as long as it holds the database, and no login', async () => {
      const shell = spawn('sqlite3', [server.db], { stdio: ['pipe', 'pipe', 'inherit'] });
      shell.stdin.write("begin immediate; select 'held';\n");
      await once(shell.stdout, 'data');
      const deposited = deposit();
      await (await pop3Session(server.pop3Port, USER, PASSWORD)).ask('QUIT', /^\+OK/);
      shell.stdin.end('commit;\n');
      await deposited;
    });

    itNeeds(
      ['sqlite3'],
      'makes all that writes wait for five seconds and be refused, and all goes on by itself',
      async () => {
        await deposit();
        const senders = await Promise.all([
          smtpSession(server.smtpPort),
          speaking(server.submissionPort, 'EHLO test.example', `AUTH PLAIN ${PLAIN}`),
          speaking(lmtpPort, 'LHLO test.example'),
        ]);
        const reader = await pop3Session(server.pop3Port, USER, PASSWORD);
        await reader.ask('DELE 1', /^\+OK/);
        for (const sender of senders) await begin(sender);
        const shell = spawn('sqlite3', [server.db], { stdio: ['pipe', 'pipe', 'inherit'] });
        shell.stdin.write("begin immediate; select 'held';\n");
        await once(shell.stdout, 'data');
        const sinceMs = performance.now();
        await Promise.all([
          ...senders.map((sender) => demand(sender, TEXT, 451)),
          reader.ask('QUIT', /^-ERR \[SYS\/TEMP\]/),
        ]);
        expect(performance.now() - sinceMs).to.be.above(BUSY_MS);
        shell.stdin.end('commit;\n');
        await once(shell, 'close');
        for (const sender of senders) {
          await begin(sender);
          await demand(sender, TEXT, 250);
          await demand(sender, 'QUIT', 221);
        }
        expect(await empty()).to.have.length(4);
      },
    );
  });
});
