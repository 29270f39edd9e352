/**
 * The whole server with a sender: what is queued leaves within a second, a refusal comes back into the sender's maildrop, a dead relay
 * keeps mail in the queue, and nothing is lost when the sender is killed. One server for all.
 */
import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outgoing } from '../../src/store/deliveries.js';
import { driverOf } from '../../src/store/open.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { Server } from '../support/server.js';

const SENDER = 'postmaster@localhost';
const DAY_MS = 24 * 3_600_000;

describe('a server that sends', () => {
  let server: Server;
  let store: MailStore;
  let relay: ScriptedServer;
  let isSilent = false;

  before(async () => {
    relay = await ScriptedServer.start({
      answer: (line) => {
        if (line.startsWith('RCPT TO:<nobody@')) return '550 5.1.1 No such user';
        return isSilent && line === '.' ? '' : undefined;
      },
    });
    server = await Server.start({
      workers: 1,
      arguments: ['--outbound', 'relay', '--relay', `smtp://127.0.0.1:${relay.port}?tls=none`],
    });
    store = await driverOf(server.db).open(server.db);
  });

  after(async () => {
    await store.close();
    await server.release();
    await relay.stop();
  });

  async function enqueue(...to: readonly string[]): Promise<void> {
    const nowMs = Date.now();
    const outgoing: Outgoing = {
      trace: Buffer.from('Received: by localhost; Mon, 30 Nov 2026 10:12:05 +0000\r\n'),
      ...{ firstAttemptAtMs: nowMs, expiresAtMs: nowMs + DAY_MS, bodyKind: '7bit', smtputf8: false, requireTls: false },
    };
    const recipients = to.map((recipient) => ({
      ...{ kind: 'remote' as const, recipient, destination: recipient.slice(recipient.indexOf('@') + 1) },
    }));
    const delivery = store.deliver({ reversePath: SENDER, receivedAtMs: nowMs, recipients, outgoing });
    await delivery.write(Buffer.from('Subject: Scan 7\r\n\r\nHello\r\n'));
    await delivery.commit();
  }

  const waiting = async () => (await store.queuedMail.list({})).entries;
  const sender = async () => (await server.status()).processes.find(({ role }) => role === 'sender');
  const empty = () => eventually('the queue to be empty', async () => (await waiting()).length === 0);
  const to = (address: string) => relay.lines.filter((line) => line === `RCPT TO:<${address}>`).length;

  it('sends what is queued within a second, and writes a line about it', async () => {
    const startedAtMs = Date.now();
    await enqueue('bob@example.com');
    await eventually('it to leave', () => relay.messages.length === 1);
    expect(Date.now() - startedAtMs).to.be.below(1_000);
    expect(relay.messages[0]?.toString()).to.match(/^Received: by localhost;.*\r\nSubject: Scan 7\r\n\r\nHello\r\n$/s);
    await empty();
    await eventually('a line of the log', () =>
      /"to":"bob@example.com","outcome":"delivered".*"code":250.*"durationMs":\d+.*"msg":"attempt"/.test(server.stdout),
    );
  });

  it('is one process, shown by status with what it counts', async () => {
    const shown = await eventually('it to have counted', async () => {
      const found = await sender();
      return found?.counts?.['delivered'] === 1 ? found : undefined;
    });
    expect(shown).to.include({ state: 'ready', restarts: 0 });
    expect(shown.counts).to.deep.equal({ inFlight: 0, delivered: 1, deferred: 0, failed: 0 });
    expect(await server.do('status')).to.match(
      /^sender +pid \d+, ready, 0 connections in use, 1 delivered, 0 deferred/m,
    );
  });

  it("puts a report of a refusal into the sender's maildrop", async () => {
    await enqueue('nobody@example.com', 'bob@example.com');
    await empty();
    const listed = JSON.parse(await server.do('mail', 'list', SENDER, '--json')) as readonly { subject: string }[];
    expect(listed.map(({ subject }) => subject)).to.deep.equal(['Your message could not be delivered']);
    const report = await server.do('mail', 'show', SENDER, '1');
    expect(report)
      .to.match(/^Return-Path: <>\r\n/)
      .and.to.include('Final-Recipient: rfc822; nobody@example.com\r\n');
    expect(to('bob@example.com')).to.equal(2);
  });

  it('loses nothing when it is killed, and sends again at most what was under way', async () => {
    isSilent = true;
    const addresses = Array.from({ length: 8 }, (_, at) => `killed${at}@example.com`);
    for (const address of addresses) await enqueue(address);
    await eventually('some to be under way', () => to('killed0@example.com') > 0);
    const { pid } = (await sender()) ?? { pid: NaN };
    process.kill(pid, 'SIGKILL');
    isSilent = false;
    await empty();
    for (const address of addresses) expect(to(address), address).to.be.within(1, 2);
    expect((await sender())?.restarts).to.equal(1);
  });

  it('keeps what a dead relay does not take, and is replaced with the next configuration on a reload', async () => {
    const before = (await sender())?.pid;
    await writeFile(join(server.directory, 'pennypost.toml'), 'log-level = "debug"\n');
    server.signal('SIGHUP');
    await eventually(
      'another to be there',
      async () => {
        const all = (await server.status()).processes.filter(({ role }) => role === 'sender');
        return all.length === 1 && all[0]?.pid !== before && all[0]?.state === 'ready';
      },
      20_000,
    );
    await relay.stop();
    await enqueue('late@example.com');
    const [entry] = await eventually('it to be deferred', async () => {
      const found = await waiting();
      return found[0]?.attempts === 1 && !found[0].isLeased ? found : undefined;
    });
    expect(entry?.state).to.equal('deferred');
    expect(entry?.lastReply?.command).to.equal('connect');
    expect(await server.do('status')).to.match(
      /^queue +0 active, 1 deferred, 0 hold, 0 corrupt\noldest in queue +2\d{3}-.*Z\nnext due +2\d{3}-.*Z$/m,
    );
  });

  it('follows a route as soon as it is made, and until it is removed, without a restart', async () => {
    const own = await ScriptedServer.start({});
    const before = await sender();
    const route = (...words: readonly string[]) => server.do('route', ...words);
    try {
      const url = `smtp://127.0.0.1:${own.port}?tls=none`;
      expect(await route('add', '.routed.example', url)).to.include('names below routed.example goes to');
      await enqueue('bob@mail.routed.example', 'late@example.com');
      await eventually('it to leave by the route', () => own.messages.length === 1, 2_000);
      await route('add', '.routed.example', 'hold:not now');
      await enqueue('bob@mail.routed.example');
      await eventually('it to be held', async () => (await waiting()).some(({ state }) => state === 'hold'));
      await route('remove', '.routed.example');
      await route('add', 'mail.routed.example', url);
      await server.do('queue', 'release', '--domain', 'mail.routed.example');
      await eventually('it to leave by the next', () => own.messages.length === 2, 2_000);
      await route('remove', 'mail.routed.example');
      expect((await sender())?.pid).to.equal(before?.pid);
    } finally {
      await own.stop();
    }
  });

  it('ends in order, with the queue as it is', async () => {
    await store.close();
    expect(await server.stop()).to.deep.equal({ status: 0, signal: null });
    expect(server.processes).to.deep.equal([]);
  });
});
