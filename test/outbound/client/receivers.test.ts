/** Real receivers: what our client sends arrives as it was, and what they answer is understood. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { addressOf, boxes } from '../../../bench/peers/accounts.js';
import { dovecot, startDovecot } from '../../../bench/peers/dovecot.js';
import { startServer, stopServer } from '../../../bench/processes/server.js';
import { fetchAll } from '../../support/mail-clients.js';
import { eventually } from '../../support/eventually.js';
import { Postfix } from '../../support/postfix.js';
import { itAsRoot, itNeeds } from '../../support/programs.js';
import { ScriptedServer } from '../../support/scripted-server.js';
import { freePorts, Server } from '../../support/server.js';
import { expectAll, kinds, MESSAGES, sendAll } from './receiving.js';
import { clientOf, connected, envelopeOf, hopTo, sourceOf, to } from './sending.js';

const PASSWORD = 'correct horse';

describe('a receiver', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'pennypost-receivers-'));
    chmodSync(home, 0o755); // Dovecot's user goes in.
  });
  afterEach(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

  it('of our own kind takes all by SMTP, LMTP and submission, with the strongest login and its certificate', async () => {
    const [lmtpPort] = await freePorts();
    const server = await Server.start({ everyService: true, workers: 1, arguments: ['--lmtp-port', String(lmtpPort)] });
    try {
      await server.addAccount('alice@localhost', PASSWORD);
      const trusting = clientOf({ certificateAuthorities: [readFileSync(server.certificate, 'utf8')] });
      const credentials = { kind: 'password', user: 'alice@localhost', password: PASSWORD } as const;
      const named = { tlsName: 'localhost', credentials } as const;
      const all = [
        await connected(trusting.connect(hopTo(server.smtpPort))),
        await connected(trusting.connect(hopTo(lmtpPort, { protocol: 'lmtp' }))),
        await connected(trusting.connect(hopTo(server.submissionPort, { tls: 'required', ...named }))),
        await connected(trusting.connect(hopTo(server.ports.submissions, { tls: 'implicit', ...named }))),
      ];
      for (const connection of all.slice(0, 2))
        expect(kinds(await sendAll(connection, 'alice@localhost'))).to.deep.equal(MESSAGES.map(() => 'delivered 250'));
      const arrived = await fetchAll(server.pop3Port, 'alice@localhost', PASSWORD);
      expect(arrived).to.have.length(2 * MESSAGES.length);
      for (const [at, message] of [...MESSAGES, ...MESSAGES].entries())
        expect(arrived[at]?.subarray(-message.length).equals(message)).to.equal(true);
      for (const connection of all.slice(2)) {
        const { outcomes } = await connection.send(
          envelopeOf(undefined, { reversePath: 'alice@localhost', ...to('alice@localhost') }),
          sourceOf(),
        );
        expect(kinds(outcomes)).to.deep.equal(['delivered 250']);
        await connection.quit();
      }
      const wrong = { ...credentials, password: 'wrong' };
      const refused = await trusting.connect(
        hopTo(server.submissionPort, { tls: 'required', ...named, credentials: wrong }),
      );
      expect(refused).to.include({ kind: 'deferred', concerns: 'login', code: 535 });
      const stranger = await connected(trusting.connect(hopTo(server.smtpPort)));
      const { outcomes } = await stranger.send(
        envelopeOf(undefined, to('nobody@localhost', 'alice@localhost')),
        sourceOf(),
      );
      expect(kinds(outcomes)).to.deep.equal(['failed 550', 'delivered 250']);
      await stranger.quit();
    } finally {
      await server.release();
    }
  });

  if (process.getuid?.() === 0)
    itNeeds(['postfix'], 'that is Postfix takes all, and hands it on as it was', async () => {
      const inside = await ScriptedServer.start({ lmtp: true, extensions: ['PIPELINING', '8BITMIME', 'SMTPUTF8'] });
      const [smtpPort] = await freePorts();
      const postfix = await Postfix.start({ smtpPort, transport: `lmtp:inet:127.0.0.1:${inside.port}` });
      try {
        const connection = await connected(clientOf().connect(hopTo(smtpPort)));
        expect(kinds(await sendAll(connection, 'alice@localhost'))).to.deep.equal(MESSAGES.map(() => 'delivered 250'));
        await eventually('Postfix to hand all on', () => inside.messages.length === MESSAGES.length, 20_000);
        expectAll(inside.messages);
        const other = await connected(clientOf().connect(hopTo(smtpPort)));
        const long = `${'x'.repeat(100)}.example`;
        const { outcomes } = await other.send(envelopeOf(undefined, to(`a@${long}`, 'bob@localhost')), sourceOf());
        expect(outcomes[1]).to.include({ kind: 'delivered', code: 250, status: '2.0.0' });
        await other.quit();
      } finally {
        await postfix.stop();
        await inside.stop();
      }
    });

  itAsRoot('that is Dovecot answers LMTP for each recipient', async function () {
    if (dovecot.missing() !== undefined) return this.skip();
    const instance = await startDovecot(home, { tuned: false, knowsUsers: true });
    try {
      const hop = hopTo(instance.lmtpPort ?? 0, { protocol: 'lmtp' });
      const box = addressOf(boxes(1)[0] ?? '');
      expect(kinds(await sendAll(await connected(clientOf().connect(hop)), box))).to.deep.equal(
        MESSAGES.map(() => 'delivered 250'),
      );
      const connection = await connected(clientOf().connect(hop));
      const { outcomes } = await connection.send(envelopeOf(undefined, to('nobody@localhost', box)), sourceOf());
      expect(kinds(outcomes)).to.deep.equal(['failed 550', 'delivered 250']);
      await connection.quit();
      const names = readdirSync(join(home, 'mail'), { recursive: true, encoding: 'utf8' });
      const files = names.filter((name) => /\/new\/./.test(name)).map((name) => readFileSync(join(home, 'mail', name)));
      expect(files).to.have.length(MESSAGES.length + 1);
    } finally {
      await instance.stop();
    }
  });

  itNeeds(['smtp-sink'], 'that is smtp-sink is understood, whatever it refuses or leaves out', async () => {
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    for (const [argv, told] of [
      [[], 'delivered 250'],
      [['-p', '-8', '-e'], 'delivered 250'],
      [['-q', '.'], 'unknown 0'],
      [['-q', 'rcpt'], 'deferred 0'],
      [['-r', 'mail'], 'deferred 450'],
      [['-f', 'data'], 'failed 500'],
      [['-f', '.'], 'failed 500'],
    ] as const) {
      const [port] = await freePorts();
      const pid = await startServer({
        program: 'smtp-sink',
        argv: [...user, ...argv, `127.0.0.1:${port}`, '10'],
        home,
        ports: [port],
      });
      const connection = await connected(clientOf().connect(hopTo(port)));
      const { outcomes } = await connection.send(envelopeOf(), sourceOf());
      expect(kinds(outcomes), argv.join(' ')).to.deep.equal([told]);
      await connection.quit();
      await stopServer(pid);
    }
  });
});
