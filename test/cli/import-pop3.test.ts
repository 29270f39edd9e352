/** `pennypost import pop3s://…`: from our own server, from Dovecot, and from servers that misbehave. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BOX, addressOf, PASSWORD } from '../../bench/peers/accounts.js';
import { startDovecot } from '../../bench/peers/dovecot.js';
import { accountIn, mailIn, mailOf } from '../support/administration.js';
import { corpus } from '../support/corpus.js';
import { itAsRoot, isInstalled } from '../support/programs.js';
import { Server } from '../support/server.js';
import { pennypost } from './pennypost.js';

const MESSAGES = 30;
const LARGE = 700_000;

describe('pennypost import from another server', () => {
  let directory = '';
  let number = 0;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-fetch-'));
    chmodSync(directory, 0o755); // Dovecot's user goes in.
    writeFileSync(join(directory, 'password'), 'secret\n');
    writeFileSync(join(directory, 'dovecot-password'), `${PASSWORD}\n`);
  });

  after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));

  async function empty(): Promise<string> {
    const name = join(directory, `to-${++number}.db`);
    await accountIn(name, 'bob@example.org', 'secret');
    return name;
  }

  function run(db: string, argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    return pennypost(['import', 'bob@example.org', ...argv, '--db', db], { directory, environment });
  }

  const octets = async (db: string, name = 'bob@example.org') => (await mailOf(db, name)).map((one) => one.octets);

  describe('of our own kind', () => {
    let server: Server;
    let url = '';

    before(async () => {
      server = await Server.start({ everyService: true, workers: 1, arguments: ['--domain', 'example.org'] });
      const large = {
        octets: Buffer.from(`Subject: large\r\n\r\n${'.dots\r\n'.repeat(LARGE / 7)}`),
        receivedAtMs: 0,
        from: '',
      };
      await mailIn(server.db, 'alice@example.org', [...corpus(MESSAGES), large]);
      url = `pop3://alice%40example.org@127.0.0.1:${server.pop3Port}`;
    });

    after(() => server.release());

    it('takes every message once, with its UIDL, and leaves it there', async () => {
      const db = await empty();
      const first = await run(db, [url, '--password-file', 'password', '--keep-uidl']);
      expect(first).to.deep.include({ status: 0, stderr: '' });
      expect(first.stdout).to.equal(
        `Imported ${MESSAGES + 1} messages into bob@example.org from alice@example.org at 127.0.0.1.\n`,
      );
      const [there, here] = [await mailOf(server.db, 'alice@example.org'), await mailOf(db, 'bob@example.org')];
      const known = (one: (typeof there)[number]) => [one.octets, one.uidl];
      expect(here.map(known)).to.deep.equal(there.map(known));
      const second = await run(db, [url], { PENNYPOST_FETCH_PASSWORD: 'secret' });
      expect(second.stdout).to.match(/^Imported 0 messages .*; 31 had come before\.$/m);
    });

    it('verifies the certificate, by the name that it is told', async () => {
      const db = await empty();
      const secure = `pop3s://alice%40example.org@127.0.0.1:${server.ports.pop3s}`;
      const refused = await run(db, [secure, '--password-file', 'password']);
      expect(refused.status).to.equal(1);
      expect(refused.stderr).to.match(
        /^pennypost: 127\.0\.0\.1 has no certificate or TLS that is trusted here \(\w+\)\.$/m,
      );
      const trusting = { NODE_EXTRA_CA_CERTS: server.certificate };
      const wrongName = await run(db, [`${secure}?tls-name=mail.example.net`, '--password-file', 'password'], trusting);
      expect(wrongName.stderr).to.match(/ERR_TLS_CERT_ALTNAME_INVALID/);
      const required = `${url}?tls=required&tls-name=localhost`;
      for (const good of [`${secure}?tls-name=localhost`, required])
        expect((await run(db, [good, '--password-file', 'password'], trusting)).stdout).to.match(
          /^Imported \d+ messages/,
        );
    });

    it('says what the server says of a wrong password, and needs one', async () => {
      const db = await empty();
      writeFileSync(join(directory, 'wrong'), 'wrong\n');
      const { status, stderr } = await run(db, [url, '--password-file', 'wrong']);
      expect({ status, stderr }).to.deep.equal({ status: 1, stderr: stderr });
      expect(stderr).to.match(/^pennypost: 127\.0\.0\.1 refuses the password: /m);
      expect((await run(db, [url])).stderr).to.match(/no terminal .* --password-file/);
      expect((await run(db, ['pop3://a:b@127.0.0.1', '--password-file', 'wrong'])).stderr).to.match(
        /no password stands in a URL/,
      );
    });

    it('removes there what is here, when it is told to', async () => {
      const db = await empty();
      await mailIn(server.db, 'carol@example.org', [...corpus(3)]);
      const from = url.replace('alice', 'carol');
      await run(db, [from, '--password-file', 'password', '--delete', '--max-message-size', '2kB']);
      expect(await mailOf(server.db, 'carol@example.org')).to.have.length(3 - (await octets(db)).length);
      await run(db, [from, '--password-file', 'password', '--delete']);
      expect([(await octets(db)).length, await mailOf(server.db, 'carol@example.org')]).to.deep.equal([3, []]);
    });
  });

  itAsRoot('of Dovecot takes the same octets, with its UIDLs', async function () {
    if (!isInstalled('dovecot')) this.skip();
    const home = join(directory, 'dovecot');
    mkdirSync(home);
    chmodSync(home, 0o755);
    const dovecot = await startDovecot(home, { tuned: false });
    try {
      await dovecot.fill?.({ accounts: [BOX], messages: MESSAGES, octets: 4000 });
      const db = await empty();
      const url = `pop3://${encodeURIComponent(addressOf(BOX))}@127.0.0.1:${dovecot.pop3Port}`;
      const { stdout, stderr } = await run(db, [url, '--password-file', 'dovecot-password', '--keep-uidl']);
      expect(stderr).to.equal('');
      expect(stdout).to.match(/^Imported 30 messages/);
      const mail = await mailOf(db, 'bob@example.org');
      expect(new Set(mail.map(({ uidl }) => uidl.length))).to.deep.equal(new Set([16]));
      expect(mail.every((one) => one.octets.length > 3000)).to.equal(true);
      const copied = await empty();
      await run(copied, [join(home, 'mail', BOX), '--keep-uidl']);
      const uidls = (some: typeof mail) => some.map(({ uidl }) => uidl);
      expect(uidls(await mailOf(copied, 'bob@example.org'))).to.deep.equal(uidls(mail));
    } finally {
      await dovecot.stop();
    }
  });

  /** Answers each command as it is told. */
  async function withServer(
    answers: Readonly<Record<string, string>>,
    act: (url: string) => Promise<void>,
    port = 0,
  ): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.write('+OK\r\n');
      socket.on('data', (bytes) => {
        for (const line of bytes.toString('latin1').split('\r\n').slice(0, -1)) {
          const answer = answers[line] ?? answers[line.split(' ', 1)[0] as string] ?? '+OK\r\n';
          if (answer === 'close') socket.destroy();
          else socket.write(answer, 'latin1');
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    try {
      await act(`pop3://user@127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  const usual = {
    CAPA: '+OK\r\nPIPELINING\r\nUIDL\r\n.\r\n',
    LIST: '+OK\r\n1 10\r\n2 10\r\n3 10\r\n.\r\n',
    UIDL: '+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n',
  };

  it('takes away the dots that were put before lines, and bare ends of lines as they are meant', async () => {
    const db = await empty();
    const answers = {
      ...usual,
      'RETR 1': '+OK\r\nA: 1\r\n\r\n..\r\n..dot\r\n...\r\n.\r\n',
      'RETR 2': '+OK\nA: 2\n\nlf\n.\n',
      'RETR 3': '+OK\r\n.\r\n',
    };
    await withServer(answers, async (url) => {
      expect((await run(db, [url, '--password-file', 'password'])).stdout).to.match(/^Imported 3 messages/);
    });
    expect(await octets(db)).to.deep.equal(['A: 1\r\n\r\n.\r\n.dot\r\n..\r\n', 'A: 2\r\n\r\nlf\r\n', '']);
  });

  it('keeps what came before a connection broke, and goes on with the rest', async () => {
    const db = await empty();
    const broken = { ...usual, 'RETR 1': '+OK\r\none\r\n.\r\n', 'RETR 2': 'close' };
    const mended = { ...usual, 'RETR 1': 'close', 'RETR 2': '-ERR gone\r\n', 'RETR 3': '+OK\r\nthree\r\n.\r\n' };
    let port = 0;
    await withServer(broken, async (url) => {
      port = Number(new URL(url).port);
      const { status, stdout, stderr } = await run(db, [url, '--password-file', 'password']);
      expect(status).to.equal(1);
      expect(stderr).to.match(/127\.0\.0\.1 (closed|broke) the connection/);
      expect(stdout).to.match(/^Imported 1 message /);
    });
    const goesOn = async (url: string) => {
      const { status, stdout, stderr } = await run(db, [url, '--password-file', 'password']);
      expect(stderr).to.match(/message 2 of user at 127\.0\.0\.1 is left out: the server refuses RETR 2: gone\./);
      expect(stdout).to.match(/^Imported 1 message .*; 1 had come before; 1 left out\.$/m);
      expect(status).to.equal(1);
    };
    await withServer(mended, goesOn, port);
    expect(await octets(db)).to.deep.equal(['one\r\n', 'three\r\n']);
  });

  it('removes no message there that only shares its UIDL with one that came', async () => {
    const db = await empty();
    const large = `large\r\n${'0123456789abcde\r\n'.repeat(LARGE / 17)}`;
    const answers = {
      ...{ ...usual, UIDL: '+OK\r\n1 a\r\n2 a\r\n3 a\r\n.\r\n' },
      ...{ 'RETR 1': '+OK\r\none\r\n.\r\n', 'RETR 2': '+OK\r\ntwo\r\n.\r\n', 'RETR 3': `+OK\r\n${large}.\r\n` },
    };
    for (const said of [/^Imported 3 /, /^Imported 0 .*; 3 had come before/])
      await withServer(answers, async (url) => {
        expect((await run(db, [url, '--password-file', 'password', '--delete'])).stdout).to.match(said);
      });
    expect(await octets(db)).to.deep.equal(['one\r\n', 'two\r\n', large]);
  });

  it('knows servers at other ports of one host apart', async () => {
    const db = await empty();
    for (const name of ['one', 'two'])
      await withServer({ ...usual, RETR: `+OK\r\n${name}\r\n.\r\n` }, async (url) => {
        expect((await run(db, [url, '--password-file', 'password', '--delete'])).stdout).to.match(/^Imported 3 /);
      });
  });

  it('ends with a sentence when the server makes no sense', async () => {
    const db = await empty();
    for (const [answers, said] of [
      [{ ...usual, PASS: '-ERR [AUTH] \u001b[2Jno\r\n' }, /refuses the password: \[AUTH\] \?\[2Jno/],
      [{ ...usual, PASS: '-ERR not secret\r\n' }, /refuses the password: not \*\*\*\./],
      [{ ...usual, LIST: '+OK\r\nnonsense\r\n.\r\n' }, /in a way that is not understood/],
      [{ ...usual, UIDL: '-ERR what\r\n' }, /refuses UIDL/],
      [{ ...usual, USER: '220 hello\r\n' }, /answers USER with no reply of POP3/],
      [{ ...usual, CAPA: `+OK\r\n${'x'.repeat(10_000)}` }, /a line that is too long/],
    ] as const)
      await withServer(answers, async (url) => {
        const { status, stderr } = await run(db, [url, '--password-file', 'password']);
        expect(stderr)
          .to.match(said)
          .and.not.match(/\n\s+at /);
        expect(status).to.equal(1);
      });
    await withServer(usual, async (url) => {
      const { stderr } = await run(db, [`${url}?tls=required`, '--password-file', 'password']);
      expect(stderr).to.match(/does not offer STLS, and TLS is wanted/);
    });
  });
});
