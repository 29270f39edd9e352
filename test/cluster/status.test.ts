/** What a running server says of itself, how it refuses to start, and that it sees what administration changes. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { demand, pop3Session, sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { POSTMASTER, Server, type Status } from '../support/server.js';

describe('a running server', () => {
  let server: Server;

  before(async () => {
    server = await Server.start();
  });

  after(() => server.release());

  it('shows its processes, listeners and counts in status --json', async () => {
    const client = await smtpSession(server.smtpPort);
    await sendData(client, POSTMASTER, Buffer.from('Subject: one\r\n\r\n'));
    const status = await server.shownStatus();
    expect(status.supervisor).to.deep.equal({ pid: server.pid });
    expect(status.store?.pid).to.satisfy(isAlive);
    expect(status.workers).to.have.length(2);
    for (const { pid } of status.workers) expect(pid).to.satisfy(isAlive);
    expect(status.workers.map(({ sessions }) => sessions).toSorted()).to.deep.equal([0, 1]);
    const pids = [status.supervisor?.pid, status.store?.pid, ...status.workers.map(({ pid }) => pid)];
    expect(new Set(pids)).to.deep.equal(new Set(server.processes));
    for (const host of ['127.0.0.1', '::1']) {
      expect(status.listeners).to.deep.include({ protocol: 'smtp', host, port: server.smtpPort });
      expect(status.listeners).to.deep.include({ protocol: 'pop3', host, port: server.pop3Port });
    }
    expect(status.messagesAccepted).to.equal(1);
    expect(status.walBytes).to.be.above(0);
    expect(status.queue).to.deep.equal({
      ...{ active: 0, deferred: 0, hold: 0, corrupt: 0 },
      ...{ oldestQueuedAtMs: null, nextDueAtMs: null },
    });
    client.destroy();
  });

  it('shows the same to people', async () => {
    const text = await server.do('status');
    expect(text).to.match(new RegExp(`supervisor +pid ${server.pid}`));
    expect(text).to.match(/store +pid \d+/);
    expect(text).to.match(/queue +0 active, 0 deferred, 0 hold, 0 corrupt\n(?!oldest|next)/);
    expect(text).to.include(`127.0.0.1:${server.smtpPort}`);
  });

  it('greets on IPv4 and IPv6', async () => {
    for (const host of ['127.0.0.1', '::1'])
      for (const port of [server.smtpPort, server.pop3Port]) (await LineClient.greeted(port, host)).destroy();
  });

  it('sees a new account, a new password and its removal at once, in every worker', async () => {
    await server.addAccount('carol@localhost', 'first');
    await everywhere(async () => {
      const client = await smtpSession(server.smtpPort);
      await demand(client, 'MAIL FROM:<>', 250);
      await demand(client, 'RCPT TO:<carol@localhost>', 250);
      client.destroy();
      await logIn('carol', 'first');
    });
    await server.do('account', 'passwd', 'carol@localhost', '--password', 'second');
    await everywhere(async () => {
      await logIn('carol', 'second');
      const client = await LineClient.greeted(server.pop3Port);
      await client.ask('USER carol', /^\+OK/);
      await client.ask('PASS first', /^-ERR/);
      client.destroy();
    });
    await server.do('account', 'remove', 'carol@localhost');
    await everywhere(async () => expect(await rcpt('carol@localhost')).to.equal(550));
  });

  it('sees a new domain and a new alias, and their removal, at once', async () => {
    await everywhere(async () => expect(await rcpt('sales@example.org')).to.equal(550));
    await server.do('domain', 'add', 'example.org');
    await server.do('alias', 'add', 'sales@example.org', POSTMASTER);
    await everywhere(async () => expect(await rcpt('sales@example.org')).to.equal(250));
    await server.do('alias', 'remove', 'sales@example.org');
    await server.do('domain', 'remove', 'example.org');
    await everywhere(async () => expect(await rcpt('sales@example.org')).to.equal(550));
  });

  it('takes a message from the command line and hands it to POP3', async () => {
    await server.addAccount('dave@localhost', 'secret');
    await server.do('mail', 'send', '--file', '/dev/null', 'dave@localhost');
    const client = await pop3Session(server.pop3Port, 'dave', 'secret');
    await client.ask('STAT', /^\+OK 1 /);
    await client.ask('QUIT', /^\+OK/);
  });

  it('that is started twice on the same ports says so in one sentence and ends with 69', async () => {
    const second = await Server.launch({ like: server, arguments: ['--db', 'other.db'] });
    try {
      expect(await second.end()).to.deep.equal({ status: 69, signal: null });
      const lines = second.stderr.trim().split('\n');
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(
        /^pennypost: Cannot listen on \S+ port \d+ for (SMTP|POP3): another program is using it; .* --(smtp|pop3)-port$/,
      );
      await eventually('its processes to end', () => second.processes.length === 0);
    } finally {
      await second.release({ keep: true });
    }
    expect((await server.status()).workers).to.have.length(2);
  });

  /** Often enough to have met every worker, whichever of them takes a connection. */
  async function everywhere(check: () => Promise<unknown>): Promise<void> {
    for (let times = 0; times < 6; times++) await check();
  }

  async function logIn(user: string, password: string): Promise<void> {
    const client = await pop3Session(server.pop3Port, user, password);
    await client.ask('QUIT', /^\+OK/);
    await client.rest();
  }

  async function rcpt(address: string): Promise<number> {
    const client = await smtpSession(server.smtpPort);
    await demand(client, 'MAIL FROM:<>', 250);
    const { code } = await client.command(`RCPT TO:<${address}>`);
    client.destroy();
    return code;
  }
});

describe('the original command lines', () => {
  it('smtp and pop3 on one directory share one store, and the second goes on when the first ends', async () => {
    const [smtp, pop3] = await startBoth();
    try {
      const ofPop3 = await statusOf(pop3);
      expect(smtp.processes).to.include(ofPop3.store?.pid);
      expect(smtp.processes).to.have.length(2 + smtpWorkers(smtp, ofPop3));
      expect(pop3.processes).to.have.length(1 + ofPop3.workers.length - smtpWorkers(smtp, ofPop3));

      await sendData(await smtpSession(smtp.smtpPort), POSTMASTER, Buffer.from('Subject: shared\r\n\r\n'));
      const reader = await pop3Session(pop3.pop3Port, POSTMASTER, smtp.password);
      await reader.ask('STAT', /^\+OK 1 /);
      await reader.ask('QUIT', /^\+OK/);

      expect(await smtp.stop()).to.deep.equal({ status: 0, signal: null });
      const again = await eventually('the second to have a store of its own', async () => {
        const { store } = await statusOf(pop3);
        return store !== null && pop3.processes.includes(store.pid) ? store : undefined;
      });
      expect(again.pid).to.not.equal(ofPop3.store?.pid);
      const goingOn = await eventually('the second to serve again', () =>
        pop3Session(pop3.pop3Port, POSTMASTER, smtp.password).catch(() => undefined),
      );
      await goingOn.ask('DELE 1', /^\+OK/);
      await goingOn.ask('QUIT', /^\+OK/);
      expect(await pop3.stop()).to.deep.equal({ status: 0, signal: null });
    } finally {
      await pop3.release({ keep: true });
      await smtp.release();
    }
  });

  it('smtp without a port, or with a bad one, is a mistake of 64', async () => {
    const server = await Server.launch({ argv: ['smtp'] });
    expect(await server.end()).to.deep.equal({ status: 64, signal: null });
    await server.release();
  });

  async function startBoth(): Promise<readonly [Server, Server]> {
    const ports = await Server.launch({ argv: ['--version'] }); // Only for its directory and ports.
    await ports.end();
    const smtp = await Server.start({ like: ports, argv: ['smtp', '-p', String(ports.smtpPort), 'box'] });
    const pop3 = await Server.start({ like: ports, argv: ['pop3', '-p', String(ports.pop3Port), 'box'] });
    return [smtp, pop3];
  }

  async function statusOf(server: Server): Promise<Status> {
    return JSON.parse((await server.run('status', '--json', '--db', 'box/mail.db')).stdout) as Status;
  }

  function smtpWorkers(smtp: Server, { workers }: Status): number {
    return workers.filter(({ pid }) => smtp.processes.includes(pid)).length;
  }
});

describe('a port that another program uses', () => {
  it('keeps the server from starting, with one sentence and 69, and leaves no process', async () => {
    const occupant = createServer().listen({ port: 0, host: '127.0.0.1' });
    await once(occupant, 'listening');
    const { port } = occupant.address() as { port: number };
    const server = await Server.launch({ argv: ['serve', '--smtp-port', String(port), '--pop3-port', '0'] });
    try {
      expect(await server.end()).to.deep.equal({ status: 69, signal: null });
      expect(server.stderr.trim().split('\n')).to.deep.equal([
        `pennypost: Cannot listen on 127.0.0.1 port ${port} for SMTP: ` +
          'another program is using it; stop that one, or choose --smtp-port',
      ]);
      await eventually('its processes to end', () => server.processes.length === 0);
    } finally {
      await server.release();
      occupant.close();
    }
  });
});
