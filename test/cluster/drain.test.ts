/** SIGTERM and SIGINT: no new sessions, what runs is finished, who rests hears 421, nothing is left behind, exit 0. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { inventory, Load } from '../support/load.js';
import { beginData, fetchAll, pop3Session, retrieve, sendData, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER, Server, type ServerOptions } from '../support/server.js';

const WELL = { status: 0, signal: null };

describe('the end of a server', () => {
  let server: Server;

  afterEach(() => server.release());

  async function start(options: ServerOptions = {}): Promise<void> {
    server = await Server.start(options);
  }

  async function isGone(): Promise<void> {
    await eventually('every process to end', () => server.processes.length === 0, 2_000);
  }

  /** The same server again, to see what is there. */
  async function lookAgain(look: (server: Server) => Promise<void>): Promise<void> {
    const next = await Server.start({ like: server, workers: 1 });
    try {
      await look(next);
    } finally {
      await next.release({ keep: true });
    }
  }

  for (const [how, stop] of [
    ['SIGTERM', () => server.signal('SIGTERM')],
    ['SIGINT', () => server.signal('SIGINT')],
    ['SIGINT to every process at once', () => server.signalAll('SIGINT')],
    ['SIGTERM to every process at once', () => server.signalAll('SIGTERM')],
  ] as const)
    it(`by ${how} lets a message in the middle finish and says 421 to who rests`, async () => {
      await start();
      const { password } = server;
      const resting = await smtpSession(server.smtpPort);
      const fresh = await LineClient.greeted(server.smtpPort);
      const reader = await LineClient.greeted(server.pop3Port);
      const sender = await smtpSession(server.smtpPort);
      await beginData(sender, POSTMASTER);
      sender.send('Subject: in the middle', '');
      stop();
      for (const idle of [resting, fresh]) expect(await idle.rest()).to.match(/^421 4\.3\.2 .*\r\n$/);
      expect(await reader.rest()).to.match(/^-ERR \[SYS\/TEMP\] .*\r\n$/);
      sender.write(Buffer.alloc(500_000, 'line of text\r\n'));
      sender.send('', '.');
      expect((await sender.reply()).code).to.equal(250);
      expect(await sender.rest()).to.match(/^421 /);
      expect(await server.end(5_000)).to.deep.equal(WELL);
      await isGone();
      await lookAgain(async (next) => {
        const messages = await fetchAll(next.pop3Port, POSTMASTER, password);
        expect(messages.map((message) => message.includes('Subject: in the middle'))).to.deep.equal([true]);
      });
    });

  it('with nobody there is prompt', async () => {
    await start();
    const askedAtMs = Date.now();
    expect(await server.stop()).to.deep.equal(WELL);
    expect(Date.now() - askedAtMs).to.be.below(2_000);
    await isGone();
  });

  it('refuses new sessions while old ones finish', async () => {
    await start();
    const sender = await smtpSession(server.smtpPort);
    await beginData(sender, POSTMASTER);
    server.signal('SIGTERM');
    await eventually('new sessions to be refused', () =>
      LineClient.connect(server.smtpPort).then(
        (client) => {
          client.destroy();
          return false;
        },
        (error: unknown) => (error as NodeJS.ErrnoException).code === 'ECONNREFUSED',
      ),
    );
    sender.send('Subject: late', '', '.');
    expect((await sender.reply()).code).to.equal(250);
    expect(await server.end()).to.deep.equal(WELL);
  });

  it('comes at the deadline when a session does not', async () => {
    await start({ arguments: ['--drain-timeout', '500ms'] });
    const sender = await smtpSession(server.smtpPort);
    await beginData(sender, POSTMASTER);
    sender.send('Subject: never finished');
    const askedAtMs = Date.now();
    expect(await server.stop()).to.deep.equal(WELL);
    expect(Date.now() - askedAtMs).to.be.within(450, 3_500);
    expect(await sender.rest()).to.match(/^421 |^$/);
    await isGone();
  });

  it('comes at once when it is asked twice', async () => {
    await start();
    const sender = await smtpSession(server.smtpPort);
    await beginData(sender, POSTMASTER);
    server.signal('SIGINT');
    await eventually('the first to be heard', () => server.stdout.includes('"stopping"'));
    server.signal('SIGINT');
    expect(await server.end(3_000)).to.deep.equal(WELL);
    await isGone();
  });

  it('waits for a store that was only about to begin', async () => {
    const late = fileURLToPath(new URL('../support/late-store-process.js', import.meta.url));
    server = await Server.launch({ environment: { NODE_OPTIONS: `--import=${late}` } });
    await eventually('the store to be forked', () => server.processes.length === 2);
    expect(await server.stop()).to.deep.equal(WELL);
    expect(server.stdout).to.include('the store ended by itself with 0');
    await isGone();
  });

  it('lets a POP3 session that holds a maildrop take its mail and say QUIT', async () => {
    await start();
    const { password } = server;
    await sendData(await smtpSession(server.smtpPort), POSTMASTER, Buffer.from('Subject: taken\r\n\r\n'));
    const reader = await pop3Session(server.pop3Port, POSTMASTER, password);
    const resting = await LineClient.greeted(server.pop3Port);
    server.signal('SIGTERM');
    await resting.rest();
    expect((await retrieve(reader, 1)).toString()).to.include('Subject: taken');
    await reader.ask('DELE 1', /^\+OK/);
    await reader.ask('QUIT', /^\+OK .*1 message removed/);
    expect(await server.end()).to.deep.equal(WELL);
    await lookAgain(async (next) => {
      expect(await fetchAll(next.pop3Port, POSTMASTER, password)).to.deep.equal([]);
    });
  });

  it('removes nothing for a POP3 session that had not said QUIT', async () => {
    await start({ arguments: ['--drain-timeout', '500ms'] });
    const { password } = server;
    await sendData(await smtpSession(server.smtpPort), POSTMASTER, Buffer.from('Subject: kept\r\n\r\n'));
    const reader = await pop3Session(server.pop3Port, POSTMASTER, password);
    await reader.ask('DELE 1', /^\+OK/);
    await server.stop();
    await lookAgain(async (next) => {
      expect(await fetchAll(next.pop3Port, POSTMASTER, password)).to.have.length(1);
    });
  });

  it('under load loses nothing that was acknowledged, also when SIGKILL follows after 1.6 s', async () => {
    await start();
    const { password } = server;
    const load = new Load(server.smtpPort, [POSTMASTER], 6);
    await eventually('the load to run', () => load.acknowledged.size > 100);
    server.signalAll('SIGINT');
    const killer = setTimeout(() => server.signalAll('SIGKILL'), 1_600);
    expect(await server.end()).to.deep.equal(WELL);
    clearTimeout(killer);
    await load.stop();
    await lookAgain(async (next) => {
      const messages = await fetchAll(next.pop3Port, POSTMASTER, password);
      expect(inventory([load], messages)).to.deep.equal({ missing: [], twice: [] });
      expect(messages).to.have.length.within(load.acknowledged.size, load.acknowledged.size + 6);
    });
  });
});
