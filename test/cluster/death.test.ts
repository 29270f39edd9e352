/**
 * kill -9 of each process while clients deliver: nothing acknowledged is missing, each message is there once,
 * and where a worker or the store died, service goes on by itself within two seconds.
 */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { inventoryOf, Load } from '../support/load.js';
import { beginData, demand, pop3Session, retrieve, sendBdat, sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { POSTMASTER, Server, type Status } from '../support/server.js';

const SENDERS = 6;
const GAP_LIMIT_MS = 2_000;
const NOTHING = { missing: [], twice: [] };

describe('kill -9', () => {
  let server: Server;

  beforeEach(async () => {
    server = await Server.start();
  });

  afterEach(() => server.release());

  /** Kills under load, waits until there were enough acknowledgements after it, and takes stock. */
  async function killUnderLoad(victim: (status: Status) => number): Promise<{ load: Load; killedAtMs: number }> {
    const load = new Load(server.smtpPort, [POSTMASTER], SENDERS);
    const pid = victim(await server.status());
    await eventually('the load to run', () => load.acknowledged.size > 100);
    const killedAtMs = Date.now();
    process.kill(pid, 'SIGKILL');
    await eventually('service to go on', () => load.acknowledgedSince(killedAtMs + 100) > 200, 20_000);
    await load.stop();
    expect(isAlive(pid)).to.equal(false);
    return { load, killedAtMs };
  }

  it('of a worker ends its own sessions only; another takes its place', async () => {
    const { load, killedAtMs } = await killUnderLoad(({ workers }) => workers[0]?.pid ?? NaN);
    expect(load.longestGapMs(killedAtMs)).to.be.below(GAP_LIMIT_MS);
    expect(await inventoryOf(load, server.pop3Port, POSTMASTER, server.password)).to.deep.equal(NOTHING);
    await eventually('two workers to be there', async () => (await server.status()).workers.length === 2);
  });

  it('of the store is answered with 451 for a moment; another takes its place', async () => {
    const { load, killedAtMs } = await killUnderLoad(({ store }) => store?.pid ?? NaN);
    expect(load.longestGapMs(killedAtMs)).to.be.below(GAP_LIMIT_MS);
    expect(load.failures.filter(({ what }) => !what.includes("'451 4."))).to.deep.equal([]);
    expect(await inventoryOf(load, server.pop3Port, POSTMASTER, server.password)).to.deep.equal(NOTHING);
  });

  it('of the store again and again loses nothing', async () => {
    const load = new Load(server.smtpPort, [POSTMASTER], SENDERS);
    for (let times = 0; times < 3; times++) {
      const { store } = await eventually('a store', async () => {
        const status = await server.status();
        return status.store === null ? undefined : status;
      });
      const before = load.acknowledged.size;
      await eventually('the load to run', () => load.acknowledged.size > before + 50);
      process.kill(store?.pid ?? NaN, 'SIGKILL');
    }
    const before = load.acknowledged.size;
    await eventually('service to go on', () => load.acknowledged.size > before + 50);
    await load.stop();
    expect(await inventoryOf(load, server.pop3Port, POSTMASTER, server.password)).to.deep.equal(NOTHING);
  });

  it('of the store leaves sessions standing: SMTP hears 451 and may try again, POP3 [SYS/TEMP]', async () => {
    const { store, supervisor } = await server.status();
    const smtp = await smtpSession(server.smtpPort);
    const large = await smtpSession(server.smtpPort);
    await sendData(smtp, POSTMASTER, Buffer.from('Subject: kept\r\n\r\n'));
    const pop3 = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    await pop3.ask('DELE 1', /^\+OK/);
    await beginData(large, POSTMASTER);
    large.write(Buffer.alloc(700_000, 'line of text\r\n'));
    await beginData(smtp, POSTMASTER);
    process.kill(supervisor?.pid ?? NaN, 'SIGSTOP'); // So that no other store comes before the answers.
    process.kill(store?.pid ?? NaN, 'SIGKILL');
    await eventually('the store to be gone', () => !isAlive(store?.pid ?? NaN));
    for (const client of [smtp, large]) {
      client.send('.');
      const { code, lines } = await client.reply();
      expect([code, lines[0]]).to.deep.equal([451, lines.find((line) => line.startsWith('451 4.'))]);
    }
    await pop3.ask('QUIT', /^-ERR \[SYS\/TEMP\]/);
    process.kill(supervisor?.pid ?? NaN, 'SIGCONT');
    await eventually('the same session to be served', async () => {
      await demand(smtp, 'RSET', 250);
      if ((await smtp.command('MAIL FROM:<>')).code === 451) return false;
      await demand(smtp, `RCPT TO:<${POSTMASTER}>`, 250);
      await demand(smtp, 'DATA', 354);
      smtp.send('Subject: again', '', '.');
      return (await smtp.reply()).code === 250;
    });
    const again = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    await again.ask('STAT', /^\+OK 2 /); // The first was not removed; what was answered with 451 is not there.
    expect((await retrieve(again, 1)).toString()).to.include('Subject: kept');
  });

  it('of a worker frees the maildrops of its sessions at once', async () => {
    const holder = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    const { workers } = await server.status();
    const worker = workers.find(({ sessions }) => sessions === 1);
    const refused = await LineClient.greeted(server.pop3Port);
    await refused.ask(`USER ${POSTMASTER}`, /^\+OK/);
    await refused.ask(
      `PASS ${server.password}`,
      /^-ERR \[IN-USE\] .*since \d{4}-\d\d-\d\dT[\d:.]+Z from 127\.0\.0\.1 \(session \S+\)/,
    );
    refused.destroy();
    await eventually('the refused session to end', async () =>
      (await server.status()).workers.every(({ pid, sessions }) => sessions === (pid === worker?.pid ? 1 : 0)),
    );
    process.kill(worker?.pid ?? NaN, 'SIGKILL');
    const killedAtMs = Date.now();
    await holder.rest();
    const next = await eventually(
      'the maildrop to be free',
      () => pop3Session(server.pop3Port, POSTMASTER, server.password).catch(() => undefined),
      GAP_LIMIT_MS,
    );
    expect(Date.now() - killedAtMs).to.be.below(GAP_LIMIT_MS);
    next.destroy();
  });

  it('of a client in the middle of a large message leaves nothing of it', async () => {
    const client = await smtpSession(server.smtpPort);
    await beginData(client, POSTMASTER);
    client.write(Buffer.alloc(2_000_000, 'line of text\r\n'));
    client.destroy();
    await sendBdat(await smtpSession(server.smtpPort), POSTMASTER, [Buffer.from('Subject: kept\r\n\r\n')]);
    const reader = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    await reader.ask('STAT', /^\+OK 1 /);
    reader.destroy();
  });

  it('of the supervisor ends its workers and the store, and a new server starts at once', async () => {
    const load = new Load(server.smtpPort, [POSTMASTER], SENDERS);
    await eventually('the load to run', () => load.acknowledged.size > 100);
    const { supervisor } = await server.status();
    process.kill(supervisor?.pid ?? NaN, 'SIGKILL');
    await server.end();
    const next = await Server.start({ like: server });
    try {
      const startedAtMs = Date.now();
      await eventually('service to go on', () => load.acknowledgedSince(startedAtMs) > 100);
      await load.stop();
      await eventually('the old processes to end', () => server.processes.length === 0, 5_000);
      const { store, workers } = await eventually('the new server to have its own store', async () => {
        const status = await next.status();
        return next.processes.includes(status.store?.pid ?? NaN) ? status : undefined;
      });
      expect(next.processes).to.have.members([next.pid, store?.pid, ...workers.map(({ pid }) => pid)]);
      expect(await inventoryOf(load, next.pop3Port, POSTMASTER, server.password)).to.deep.equal(NOTHING);
    } finally {
      await load.stop();
      await next.release({ keep: true });
    }
  });

  it('of the supervisor while nothing happens ends everything too', async () => {
    const idle = await smtpSession(server.smtpPort);
    process.kill(server.pid, 'SIGKILL');
    await server.end();
    await eventually('every process to end', () => server.processes.length === 0, 5_000);
    await idle.rest();
  });
});
