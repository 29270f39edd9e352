/** LMTP by those who speak it: a real Postfix in front, swaks and msmtp; and the file of the Unix socket. */
import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { expect } from 'chai';
import { inEmptyDirectory, pennypost } from '../cli/pennypost.js';
import { eventually } from '../support/eventually.js';
import { demand, fetchAll, smtpSession } from '../support/mail-clients.js';
import { Postfix, postfixUser } from '../support/postfix.js';
import { itNeeds, run } from '../support/programs.js';
import { freePorts, Server, type ServerOptions } from '../support/server.js';

const HOST = '127.0.0.1';
const PASSWORD = 'correct horse';
const MESSAGES = 1000;
/** Every so many goes to the full and the unknown mailbox too. */
const FAILING = 50;
const POSTFIX_TIMEOUT_MS = 60_000;

describe('LMTP', () => {
  let server: Server | undefined;

  async function start(argv: readonly string[], options: ServerOptions = {}): Promise<Server> {
    server = await Server.start({ ...options, arguments: argv });
    return server;
  }

  afterEach(async () => {
    await server?.release();
    server = undefined;
  });

  function messages({ db }: Server): Readonly<Record<string, number>> {
    const connection = openConnection(db, { readonly: true });
    try {
      const rows = connection.prepare<[], [string, number]>('select account, messages from mailboxes').raw().all();
      return Object.fromEntries(rows);
    } finally {
      connection.close();
    }
  }

  describe('behind Postfix', () => {
    let postfix: Postfix | undefined;
    let sockets: string | undefined;

    afterEach(async () => {
      await postfix?.stop();
      postfix = undefined;
      if (sockets !== undefined) rmSync(sockets, { recursive: true, force: true });
    });

    /** Every message to alice or bob; some also to a mailbox that is full and to one that is not there. */
    async function deliverThrough(front: Postfix, smtpPort: number, to: Server): Promise<void> {
      const clients = await Promise.all(Array.from({ length: 4 }, () => smtpSession(smtpPort)));
      await Promise.all(
        clients.map(async (client, lane) => {
          for (let number = lane; number < MESSAGES; number += clients.length) {
            const names = [number % 2 === 0 ? 'alice' : 'bob', ...(number % FAILING === 0 ? ['full', 'nobody'] : [])];
            await demand(client, 'MAIL FROM:<sender@localhost>', 250);
            for (const name of names) await demand(client, `RCPT TO:<${name}@localhost>`, 250);
            await demand(client, 'DATA', 354);
            await demand(client, `Subject: number ${number}\r\n\r\nText of ${number}.\r\n.`, 250);
          }
          await demand(client, 'QUIT', 221);
        }),
      );
      // A bounce is born in one queue while its message leaves another: an empty queue alone proves nothing.
      const all = MESSAGES + MESSAGES / FAILING;
      const arrived = () => Object.values(messages(to)).reduce((sum, count) => sum + count, 0);
      await eventually('all to arrive', () => front.waiting === 0 && arrived() >= all, POSTFIX_TIMEOUT_MS);
      expect(messages(to), front.log.slice(-3000)).to.deep.include({
        'alice@localhost': MESSAGES / 2,
        'bob@localhost': MESSAGES / 2,
        'full@localhost': 0,
        'sender@localhost': MESSAGES / FAILING,
      });
      await everyNumberOnce(to);
      await everyBounceNamesBoth(to);
    }

    async function everyNumberOnce({ pop3Port }: Server): Promise<void> {
      const got = (await Promise.all(['alice', 'bob'].map((name) => fetchAll(pop3Port, `${name}@localhost`, PASSWORD))))
        .flat()
        .map((message) => Number(/^Subject: number (\d+)\r$/m.exec(message.toString())?.[1]));
      expect(got.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: MESSAGES }, (_, number) => number));
    }

    async function everyBounceNamesBoth({ pop3Port }: Server): Promise<void> {
      for (const bounce of await fetchAll(pop3Port, 'sender@localhost', PASSWORD)) {
        const text = bounce.toString();
        expect(text).to.match(/^Return-Path: <>\r$/m);
        expect(text).to.match(/^Final-Recipient: rfc822; full@localhost\r\n(?:\S.*\r\n)*?Status: 5\.2\.2\r$/m);
        expect(text).to.match(/^Final-Recipient: rfc822; nobody@localhost\r\n(?:\S.*\r\n)*?Status: 5\.1\.1\r$/m);
      }
    }

    async function accounts(of: Server): Promise<void> {
      for (const name of ['alice', 'bob', 'sender']) await of.addAccount(`${name}@localhost`, PASSWORD);
      await of.do('account', 'add', 'full@localhost', '--password', PASSWORD, '--quota', '1');
    }

    itNeedsRoot(
      ['postfix'],
      `takes ${MESSAGES} messages on a Unix socket, each once, and has the refused returned`,
      async () => {
        sockets = Postfix.socketDirectory(await postfixUser());
        const socket = join(sockets, 'lmtp');
        const to = await start(['--lmtp-socket', socket, '--lmtp-socket-mode', '0666']);
        await accounts(to);
        const [smtpPort] = await freePorts();
        postfix = await Postfix.start({ smtpPort, transport: `lmtp:unix:${socket}` });
        await deliverThrough(postfix, smtpPort, to);
      },
    );

    itNeedsRoot(
      ['postfix'],
      `takes ${MESSAGES} messages on a port, each once, and has those returned that turn out too large`,
      async () => {
        const [smtpPort, lmtpPort] = await freePorts();
        const to = await start(['--lmtp-port', String(lmtpPort)]);
        await accounts(to);
        // Without SIZE nothing can be refused before the message has come.
        const settings = ['lmtp_discard_lhlo_keywords = size'];
        postfix = await Postfix.start({ smtpPort, transport: `lmtp:inet:${HOST}:${lmtpPort}`, settings });
        await deliverThrough(postfix, smtpPort, to);
        expect(postfix.log).to.match(/in reply to end of DATA command/);
      },
    );
  });

  describe('from other clients', () => {
    itNeeds(['swaks'], 'comes from swaks through a Unix socket, and is told apart for each recipient', async () => {
      const to = await start(['--lmtp-socket', 'lmtp.sock']);
      const argv = ['--protocol', 'LMTP', '--socket', join(to.directory, 'lmtp.sock'), '--timeout', '10s'];
      const names = 'postmaster@localhost,nobody@localhost,postmaster+x@localhost';
      const { stdout } = await run('swaks', [...argv, '--from', 'a@example.org', '--to', names]);
      expect(stdout.toString())
        .to.match(/550 5\.1\.1 <nobody@localhost>/)
        .and.match(/250 2\.1\.5 <postmaster@localhost> accepted[^]*250 2\.1\.5 <postmaster\+x@localhost> accepted/);
      expect(messages(to)).to.deep.equal({ 'postmaster@localhost': 2 });
      expect(await to.do('mail', 'show', 'postmaster@localhost', '1')).to.match(/^Received: from \S+ \(unix\)\r\n/m);
      await eventually('the session to be logged', () => to.logs.includes('"protocol":"lmtp","peer":"unix"'));
    });

    for (const tls of ['off', 'on'] as const)
      itNeeds(['msmtp'], `comes from msmtp on a port, TLS ${tls}`, async () => {
        const [lmtpPort] = await freePorts();
        const to = await start(['--lmtp-port', String(lmtpPort)]);
        const file = join(to.directory, 'msmtprc');
        writeFileSync(
          file,
          `account default\nhost ${HOST}\nport ${lmtpPort}\nprotocol lmtp\ntls ${tls}\ntls_certcheck off\nfrom a@example.org\n`,
        );
        chmodSync(file, 0o600);
        await run('msmtp', ['-C', file, 'postmaster@localhost'], { input: 'Subject: hello\n\nHello.\n' });
        const [message] = await fetchAll(to.pop3Port, 'postmaster@localhost', to.password);
        expect(message?.toString())
          .to.match(tls === 'on' ? / with LMTPS \(TLSv1\.3 \S+\) id / : / with LMTP id /)
          .and.match(/\r\n\r\nHello\.\r\n$/);
      });
  });

  describe('on a Unix socket', () => {
    const path = (of: Server) => join(of.directory, 'lmtp.sock');
    const argv = ['--lmtp-socket', 'lmtp.sock'];
    const modeOf = (of: Server) => statSync(path(of)).mode & 0o777;

    it('is named by banner and status, lets in whom its mode says, and goes with the server', async () => {
      const of = await start([...argv, '--lmtp-socket-mode', '0660']);
      expect(of.stdout).to.match(/^ {2}LMTP {2}unix:lmtp\.sock$/m);
      expect((await of.status()).listeners).to.deep.include({ protocol: 'lmtp', path: 'lmtp.sock', mode: 0o660 });
      expect((await of.run('status')).stdout).to.match(/^lmtp +unix:lmtp\.sock$/m);
      expect(modeOf(of)).to.equal(0o660);
      await of.stop();
      expect(existsSync(path(of))).to.equal(false);
    });

    it('is for its own user alone unless told, also when a worker was killed or all were replaced', async () => {
      const of = await start(argv, { workers: 1 });
      expect(modeOf(of)).to.equal(0o600);
      const killed = (pid: number) => process.kill(pid, 'SIGKILL');
      for (const change of [killed, () => of.signal('SIGHUP')]) {
        const pid = (await of.status()).workers[0]?.pid ?? 0;
        change(pid);
        await eventually('another worker to listen', async () => {
          const { workers } = await of.status();
          return workers.length === 1 && workers[0]?.pid !== pid && existsSync(path(of));
        });
        await eventually('its mode to be set', () => modeOf(of) === 0o600);
      }
    });

    it('takes the place of one whose server was killed', async () => {
      const of = await start(argv);
      await of.release({ keep: true });
      expect(existsSync(path(of))).to.equal(true);
      await start(argv, { like: of });
      expect(modeOf(of)).to.equal(0o600);
    });

    it('is not taken from a server that answers, nor is another file', async () => {
      const other = await Server.start();
      try {
        const live = createServer().listen(path(other));
        const refused = async () => {
          const launched = await Server.launch({ arguments: ['--lmtp-socket', path(other)] });
          try {
            expect((await launched.end()).status).to.equal(69);
            return launched.stderr;
          } finally {
            await launched.release();
          }
        };
        expect(await refused()).to.match(/Cannot listen on .*lmtp\.sock for LMTP: another program listens there/);
        expect(existsSync(path(other))).to.equal(true);
        await new Promise((resolve) => live.close(resolve));
        writeFileSync(path(other), 'a letter');
        expect(await refused()).to.match(/something else than a socket is there/);
        expect(statSync(path(other)).size).to.equal(8);
      } finally {
        await other.release();
      }
    });
  });

  it('is refused on the port of SMTP, and on what cannot be a socket', async () => {
    for (const [argv, said] of [
      [['--lmtp-port', '25'], /any port but 25/],
      [['--lmtp-socket', 'x'.repeat(104)], /at most 103 bytes/],
      [['--lmtp-socket-mode', '999'], /a mode in octal/],
    ] as const) {
      const { status, stderr } = await inEmptyDirectory((directory) => pennypost(['serve', ...argv], { directory }));
      expect(stderr).to.match(said);
      expect(status).to.equal(64);
    }
  });
});

function itNeedsRoot(programs: readonly string[], rule: string, test: () => Promise<void>): void {
  if (process.getuid?.() === 0) itNeeds(programs, rule, test);
  else
    it(`${rule} (skipped: needs root)`, function () {
      this.skip();
    });
}
