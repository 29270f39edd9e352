/** SIGHUP rolls the workers one by one, a new one ready before an old one drains: nobody is refused, nobody cut off. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { inventoryOf, Load } from '../support/load.js';
import { beginData, demand, pop3Session, retrieve, sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { POSTMASTER, Server } from '../support/server.js';

describe('SIGHUP', () => {
  let server: Server;

  beforeEach(async () => {
    server = await Server.start();
  });

  afterEach(() => server.release());

  async function workerPids(): Promise<readonly number[]> {
    return (await server.status()).workers.map(({ pid }) => pid);
  }

  /** Resolves when the processes of the old workers have ended. */
  async function reload(): Promise<void> {
    const old = await workerPids();
    server.signal('SIGHUP');
    await eventually('the old workers to end', () => old.every((pid) => !isAlive(pid)), 20_000);
  }

  it('replaces every worker and keeps supervisor and store', async () => {
    const before = await server.status();
    await reload();
    const after = await server.status();
    expect(after.workers).to.have.length(2);
    expect(after.workers.map(({ pid }) => pid)).to.not.include.members(before.workers.map(({ pid }) => pid));
    expect([after.supervisor, after.store?.pid]).to.deep.equal([before.supervisor, before.store?.pid]);
  });

  it('under load refuses and breaks not one session, twice in a row', async () => {
    const load = new Load(server.smtpPort, [POSTMASTER], 8);
    await eventually('the load to run', () => load.acknowledged.size > 100);
    await reload();
    await reload();
    const before = load.acknowledged.size;
    await eventually('the load to run on', () => load.acknowledged.size > before + 100);
    await load.stop();
    expect(load.failures).to.deep.equal([]);
    const found = await inventoryOf(load, server.pop3Port, POSTMASTER, server.password);
    expect(found).to.deep.equal({ missing: [], twice: [] });
  });

  it('lets sessions that were open go on as if nothing had happened', async () => {
    const smtp = await smtpSession(server.smtpPort);
    await sendData(smtp, POSTMASTER, Buffer.from('Subject: before\r\n\r\n'));
    const pop3 = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    await beginData(smtp, POSTMASTER);
    const old = await workerPids();
    server.signal('SIGHUP');
    await eventually('the workers to be new', async () => {
      const now = await workerPids();
      return now.filter((pid) => !old.includes(pid)).length === 2;
    });
    smtp.send('Subject: after', '', '.');
    expect((await smtp.reply()).code).to.equal(250);
    await sendData(smtp, POSTMASTER, Buffer.from('Subject: more\r\n\r\n'));
    await demand(smtp, 'QUIT', 221);
    expect((await retrieve(pop3, 1)).toString()).to.include('Subject: before');
    await pop3.ask('DELE 1', /^\+OK/);
    await pop3.ask('QUIT', /^\+OK/);
    await eventually('the old workers to end', () => old.every((pid) => !isAlive(pid)));
    const next = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    await next.ask('STAT', /^\+OK 2 /);
    next.destroy();
  });

  it('reads the configuration again: another number of workers, another name', async () => {
    await server.release({ keep: true });
    const ports = ['--smtp-port', String(server.smtpPort), '--pop3-port', String(server.pop3Port)];
    const file = join(server.directory, 'pennypost.toml');
    await writeFile(file, 'workers = 1\n');
    server = await Server.start({ like: server, argv: ['serve', ...ports] });
    await writeFile(file, 'workers = 3\nhostname = "mail.example.org"\n');
    await reload();
    await eventually('three workers', async () => (await workerPids()).length === 3);
    const client = await smtpSession(server.smtpPort);
    expect((await client.command('EHLO again')).lines[0]).to.equal('250-mail.example.org');
    client.destroy();
  });

  it('with a broken configuration keeps everything as it is', async () => {
    const before = await workerPids();
    const file = join(server.directory, 'pennypost.toml');
    await writeFile(file, 'workers = 0\n');
    server.signal('SIGHUP');
    await eventually('the log to say so', () => /"level":50.*not reloaded.*workers/.test(server.stdout));
    await rm(file); // It would break `status` too.
    expect(await workerPids()).to.have.members([...before]);
  });
});
