/** The dispatcher over a store in memory and servers over real sockets: what is sent when, what is tried again, who is told. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRelayUrl } from '../../src/outbound/client/relay-url.js';
import { LiveRoutes } from '../../src/outbound/live-routes.js';
import { relaysWith } from '../../src/outbound/relays.js';
import { StoreError } from '../../src/store/errors.js';
import { MemoryServer, type MemoryStore } from '../store/memory/store.js';
import { eventually } from '../support/eventually.js';
import { ScriptedServer, type Script } from '../support/scripted-server.js';
import { WallClock } from '../support/wall-clock.js';
import { enqueue, entries, mailOf, SENDER, Sending, type SendingOptions } from './sending.js';

const NOBODY = { kind: 'error', status: '5.1.2', text: 'Nobody is there' } as const;

describe('the dispatcher', () => {
  let server: MemoryServer;
  let store: MemoryStore;
  const sendings: Sending[] = [];
  const servers: ScriptedServer[] = [];

  beforeEach(async () => {
    server = new MemoryServer();
    store = server.connect('at once');
    server.data.ensureDomain('example.org');
    await store.directory.addAccount({ local: 'alice', domain: 'example.org' }, 'hash');
  });

  afterEach(async () => {
    for (const sending of sendings.splice(0)) {
      await sending.stop();
      expect(sending.troubles).to.deep.equal([]);
    }
    for (const each of servers.splice(0)) await each.stop();
  });

  async function scripted(script: Script = {}): Promise<ScriptedServer> {
    const started = await ScriptedServer.start(script);
    servers.push(started);
    return started;
  }

  async function send(options: SendingOptions = {}): Promise<Sending> {
    const sending = new Sending(server, options);
    sendings.push(sending);
    return sending.start();
  }

  const url = ({ port }: ScriptedServer) => `smtp://127.0.0.1:${port}?tls=none`;
  const empty = () => eventually('the queue to be empty', async () => (await entries(store)).length === 0);
  const received = (from: ScriptedServer, count = 1) =>
    eventually(`${count} messages to come`, () => from.messages.length >= count);

  it('sends what is queued at once, byte for byte, and settles it', async () => {
    const relay = await scripted();
    const { dispatcher, attempts } = await send({ relays: [url(relay)] });
    await enqueue(store, { to: ['bob@example.com'], text: 'Subject: dots\r\n\r\n.\r\n..\r\nend\r\n' });
    await empty();
    expect(relay.messages.map(String)).to.deep.equal([
      'Received: by mail.example.org; Mon, 30 Nov 2026 10:12:05 +0000\r\nSubject: dots\r\n\r\n.\r\n..\r\nend\r\n',
    ]);
    expect(relay.lines).to.include('MAIL FROM:<alice@example.org>').and.to.include('RCPT TO:<bob@example.com>');
    expect(attempts.map(({ outcome }) => outcome.kind)).to.deep.equal(['delivered']);
    expect(dispatcher.counters).to.deep.equal({ delivered: 1, deferred: 0, failed: 0 });
    expect(server.data.bodies.size).to.equal(0);
  });

  it('sends a message once to all of its recipients that take the same way, a limit at a time', async () => {
    const relay = await scripted();
    const to = Array.from({ length: 7 }, (_, at) => `r${at}@${at < 4 ? 'one' : 'two'}.example`);
    await enqueue(store, { to });
    await send({ relays: [url(relay)], limits: { recipients: 5 } });
    await empty();
    expect(relay.messages).to.have.length(2);
    const named = relay.lines.filter((line) => line.startsWith('RCPT')).toSorted();
    expect(named).to.deep.equal(to.map((each) => `RCPT TO:<${each}>`).toSorted());
  });

  it('sends to more recipients than a server takes at once in the next transactions, without a wait', async () => {
    let named = 0;
    const relay = await scripted({
      answer: (line) => {
        if (line.startsWith('MAIL')) named = 0;
        if (!line.startsWith('RCPT')) return undefined;
        return ++named > 2 ? '452 4.5.3 Too many recipients' : undefined;
      },
    });
    const to = Array.from({ length: 5 }, (_, at) => `r${at}@example.com`);
    await enqueue(store, { to });
    const { attempts } = await send({ relays: [url(relay)], limits: { first: 1, most: 1 } });
    await empty();
    expect(relay.messages).to.have.length(3);
    expect(attempts.map(({ outcome }) => outcome.kind)).to.deep.equal(Array(5).fill('delivered'));
  });

  it('keeps a connection for the next message, and no longer than it may', async () => {
    const relay = await scripted();
    const many = Array.from({ length: 7 }, (_, at) => at);
    for (const at of many) await enqueue(store, { to: [`r${at}@example.com`] });
    await send({ relays: [url(relay)], limits: { first: 1, most: 1, messages: 3, idle: 50 } });
    await empty();
    expect(relay.sessions.map(({ messages }) => messages.length)).to.deep.equal([3, 3, 1]);
    await eventually('the last connection to be closed', () => relay.sessions.every(({ closed }) => closed), 5_000);
    expect(relay.lines.filter((line) => line === 'QUIT')).to.have.length(3);
  });

  it('sends over another connection when the one that was kept is closed', async () => {
    const relay = await scripted();
    const sending = await send({ relays: [url(relay)] });
    await enqueue(store, { to: ['bob@example.com'] });
    await received(relay);
    await empty();
    relay.sessions[0]?.end();
    await eventually('it to be closed', () => relay.sessions[0]?.closed);
    await enqueue(store, { to: ['bob@example.com'] });
    await empty();
    expect(relay.messages).to.have.length(2);
    expect(sending.attempts.map(({ outcome }) => outcome.kind)).to.deep.equal(['delivered', 'delivered']);
  });

  describe('when it is refused', () => {
    it('tells the sender, here in the transaction of the outcome', async () => {
      const relay = await scripted({
        answer: (line) => (/^RCPT.*(bob|carol)/.test(line) ? '550 5.1.1 <x>: User unknown' : undefined),
      });
      const sending = await send({ relays: [url(relay)] });
      await enqueue(store, { to: ['bob@example.com', 'dave@example.com', 'carol@example.com'] });
      await empty();
      const [report, ...more] = await mailOf(store, SENDER);
      expect(more).to.be.empty;
      expect(report).to.match(/^Return-Path: <>\r\nDelivered-To: alice@example\.org\r\n/);
      expect(report).to.match(/could not be delivered to these 2 recipients/);
      expect(report?.match(/^Final-Recipient: rfc822; (bob|carol)@example\.com\r$/gm)).to.have.length(2);
      expect(report).to.match(/\r\n\r\nHello\r\n/);
      expect(sending.dispatcher.counters).to.deep.equal({ delivered: 1, deferred: 0, failed: 2 });
      expect(server.data.queue.suppressions.size).to.equal(2);
    });

    it('queues the report for a sender elsewhere, from the null reverse-path, and never reports on that', async () => {
      const relay = await scripted({
        answer: (line) => (line.startsWith('RCPT') ? '550 5.7.1 no' : undefined),
      });
      await send({ relays: [url(relay)] });
      await enqueue(store, { to: ['bob@example.com'], from: 'remote@example.net' });
      await eventually('the report to be refused too', () => relay.lines.includes('RCPT TO:<remote@example.net>'));
      await empty();
      expect(relay.lines.filter((line) => line.startsWith('MAIL'))).to.deep.equal([
        'MAIL FROM:<remote@example.net>',
        'MAIL FROM:<>',
      ]);
    });

    it('tells nobody who does not want to hear it', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '550 5.7.1 no' : undefined) });
      await send({ relays: [url(relay)] });
      for (const notify of [['never'], ['success'], ['delay', 'success']] as const)
        await enqueue(store, { to: ['bob@example.com'], recipient: { notify } });
      await enqueue(store, { to: ['bob@example.com'], from: '' });
      await empty();
      expect(await mailOf(store, SENDER)).to.be.empty;
    });

    it('sends nothing to an address that was suppressed before, and tells of each failure all the same', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '550 5.1.1 unknown' : undefined) });
      await store.queuedMail.addSuppression('carol@example.com', 'asked for it');
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const to of ['carol@example.com', 'bob@example.com', 'bob@example.com']) await enqueue(store, { to: [to] });
      await send({ relays: [url(relay)] });
      await empty();
      const reports = await mailOf(store, SENDER);
      expect(reports).to.have.length(3);
      expect(reports.join('')).to.match(/carol@example\.com/);
      expect(relay.lines.join('')).to.not.include('carol@');
    });

    it('sends nothing to an address that was suppressed while its mail waited, and says so', async () => {
      const relay = await scripted();
      await enqueue(store, { to: ['carol@example.com', 'bob@example.com'] });
      await new Promise((resolve) => setTimeout(resolve, 5));
      await store.queuedMail.addSuppression('Carol@example.com', 'asked for it');
      const { attempts } = await send({ relays: [url(relay)] });
      await empty();
      expect(relay.lines.filter((line) => line.startsWith('RCPT'))).to.deep.equal(['RCPT TO:<bob@example.com>']);
      expect(attempts.map(({ outcome }) => outcome.kind).toSorted()).to.deep.equal(['delivered', 'failed']);
      const [report = ''] = await mailOf(store, SENDER);
      expect(report)
        .to.match(/carol@example\.com\r\n/)
        .and.match(/any\s+more: asked for it/);
    });

    it('tells nobody of a suppressed member of an alias that somebody wrote to who has not logged in', async () => {
      const relay = await scripted();
      await enqueue(store, { to: ['carol@example.com', 'bob@example.com'], outgoing: { submitter: undefined } });
      await store.queuedMail.addSuppression('carol@example.com', 'asked for it');
      const { attempts, untoldOf } = await send({ relays: [url(relay)] });
      await empty();
      expect(attempts.map(({ outcome }) => outcome.kind).toSorted()).to.deep.equal(['delivered', 'failed']);
      expect(await mailOf(store, SENDER)).to.be.empty;
      expect(untoldOf).to.be.empty;
    });

    it('brings no more than a bounded header of what somebody wrote who has not logged in', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '550 5.7.1 no' : undefined) });
      await send({ relays: [url(relay)] });
      const text = `Subject: x\r\n${'X-Long: y\r\n'.repeat(4_000)}\r\nBuy this\r\n`;
      await enqueue(store, { to: ['bob@example.com'], text, outgoing: { submitter: undefined } });
      await empty();
      const [report = ''] = await mailOf(store, SENDER);
      expect(report)
        .to.match(/Content-Type: text\/rfc822-headers/)
        .and.not.match(/Buy this/);
      expect(report.length).to.be.within(8_000, 12_000);
    });

    it("sends by no route of a sender's domain what somebody wrote who has not logged in", async () => {
      const relay = await scripted();
      const routes = [{ scope: 'sender', domain: 'example.org', route: { kind: 'hold', text: 'no' } }] as const;
      await enqueue(store, { to: ['bob@example.com'], outgoing: { submitter: undefined } });
      await enqueue(store, { to: ['carol@example.com'] });
      await send({ relays: [url(relay)], routes });
      await received(relay);
      const [entry, ...more] = await eventually('the other to be held', async () => {
        const found = await entries(store);
        return found.length === 1 && found[0]?.state === 'hold' ? found : undefined;
      });
      expect([entry?.recipient, more.length]).to.deep.equal(['carol@example.com', 0]);
    });

    it('brings the header alone of what is large, or where no more is wanted', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '550 5.7.1 no' : undefined) });
      await send({ relays: [url(relay)] });
      await enqueue(store, {
        to: ['b@example.com'],
        text: `Subject: big\r\n\r\n${'x'.repeat(70)}\r\n`.padEnd(60_000, 'y\r\n'),
      });
      await enqueue(store, { to: ['b@example.com'], outgoing: { returned: 'headers' } });
      await empty();
      const reports = await mailOf(store, SENDER);
      expect(reports).to.have.length(2);
      for (const report of reports) {
        expect(report).to.match(/Content-Type: text\/rfc822-headers/);
        expect(report.length).to.be.below(6_000);
        expect(report).to.not.match(/Hello|xxxx/);
      }
    });

    it('tries again later, and not now, what its sender could not be told', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '550 5.7.1 no' : undefined) });
      const account = server.data.byAddress.get(SENDER);
      if (account !== undefined) account.quota = { octets: 1 };
      await send({ relays: [url(relay)] });
      await enqueue(store, { to: ['bob@example.com'] });
      const [entry] = await eventually('it to wait', async () => {
        const found = await entries(store);
        return found[0]?.state === 'deferred' && !found[0].isLeased ? found : undefined;
      });
      expect(entry?.lastReply).to.include({ code: 550 });
      expect(await mailOf(store, SENDER)).to.be.empty;
    });

    it('holds what failed where a bug keeps its sender from being told, and says so', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '550 5.7.1 no' : undefined) });
      const sending = await send({
        relays: [url(relay)],
        deliver: () => {
          throw new StoreError('bug', 'a report has no room');
        },
      });
      await enqueue(store, { to: ['bob@example.com'] });
      const [entry] = await eventually('it to be held', async () => {
        const found = await entries(store);
        return found[0]?.state === 'hold' || found.length === 0 ? found : undefined;
      });
      expect(entry?.lastReply).to.include({ code: 550 });
      expect(entry?.lastReply?.text).to.match(/^no \(its sender could not be told: release it/);
      expect(sending.troubles.splice(0)[0]).to.equal('a bug kept a report from being made');
    });

    it('keeps what failed where there is no room for the report until its end', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '550 5.7.1 no' : undefined) });
      const sending = await send({
        relays: [url(relay)],
        deliver: () => {
          throw new StoreError('full', 'the disk is full');
        },
      });
      await enqueue(store, { to: ['bob@example.com'] });
      await eventually('an attempt', () => sending.attempts.length === 1);
      await sending.stop();
      const [entry] = await entries(store);
      expect(entry).to.include({ state: 'active', isLeased: false, attempts: 0 });
      expect(sending.untoldOf).to.be.empty;
    });

    it('tries again later what a route puts off', async () => {
      const routes = [
        { scope: 'destination', domain: '.example', route: { kind: 'retry', text: 'no password yet' } },
      ] as const;
      await send({ routes });
      await enqueue(store, { to: ['bob@later.example'] });
      const [entry] = await eventually('it to wait', async () => {
        const found = await entries(store);
        return found[0]?.state === 'deferred' && !found[0].isLeased ? found : undefined;
      });
      expect(entry?.lastReply).to.deep.equal({ enhanced: '4.3.5', text: 'no password yet' });
    });

    it("sends by the route of a sender's domain while the relay of all others is dead", async () => {
      const dead = await scripted();
      const relay = url(dead);
      await dead.stop();
      const own = await scripted();
      const routes = [
        { scope: 'sender', domain: 'shop.example', route: { kind: 'hops', hops: [parseRelayUrl(url(own)).nextHop] } },
      ] as const;
      await send({ relays: [relay], routes, limits: { firstProbe: 60_000, longestProbe: 60_000 } });
      for (let at = 0; at < 6; at++) {
        await enqueue(store, { to: [`dead${at}@example.com`] });
        await eventually('it to wait', async () =>
          (await entries(store)).every(
            ({ attempts, isLeased, restsUntilMs }) => !isLeased && (attempts > 0 || restsUntilMs !== undefined),
          ),
        );
      }
      await enqueue(store, { to: ['bob@example.com'], from: 'till@shop.example' });
      await eventually('the other to leave', () => own.messages.length === 1);
      await eventually('nothing else to have left', async () => (await entries(store)).length === 6);
    });

    it("sends by the relay while that of a sender's domain is slow, and piles up nothing for it", async () => {
      const slow = await scripted({ answer: () => '' });
      const relay = await scripted();
      const hops = [parseRelayUrl(url(slow)).nextHop];
      await send({
        ...{ relays: [url(relay)], limits: { waiting: 60 } },
        routes: [{ scope: 'sender', domain: 'shop.example', route: { kind: 'hops', hops } }],
      });
      const from = 'till@shop.example';
      await Promise.all(Array.from({ length: 150 }, (_, at) => enqueue(store, { to: [`r${at}@example.com`], from })));
      await eventually('it to be too much', async () =>
        (await store.queuedMail.list({ state: 'deferred' })).entries.some(
          ({ lastReply }) => lastReply?.text === 'Too much waits for the next hop',
        ),
      );
      await enqueue(store, { to: ['bob@example.com'] });
      await eventually('the other to leave', () => relay.messages.length === 1);
    });

    it('does so by a route that leads nowhere, and holds what is to be held', async () => {
      const routes = [
        { scope: 'destination', domain: 'closed.example', route: NOBODY },
        { scope: 'sender', domain: 'example.org', route: { kind: 'hold', text: 'until we know' } },
      ] as const;
      await send({ routes });
      await enqueue(store, { to: ['bob@closed.example', 'bob@open.example'] });
      await eventually('a report', async () => (await mailOf(store, SENDER)).length === 1);
      expect((await mailOf(store, SENDER))[0]).to.include('Diagnostic-Code: x-pennypost; Nobody is there');
      const [left, ...more] = await eventually('the other to be held', async () => {
        const found = await entries(store);
        return found.length === 1 && found[0]?.state === 'hold' ? found : undefined;
      });
      expect(more).to.be.empty;
      expect(left).to.include({ recipient: 'bob@open.example' });
    });
  });

  describe('when it is asked to report success', () => {
    it('says that it was passed on, where the next server does not report', async () => {
      const relay = await scripted();
      await send({ relays: [url(relay)] });
      await enqueue(store, { to: ['bob@example.com'], recipient: { notify: ['success'] } });
      await empty();
      expect((await mailOf(store, SENDER))[0]).to.include('\r\nAction: relayed\r\n');
    });

    it('leaves that to a server that announces it', async () => {
      const relay = await scripted({ extensions: ['DSN'] });
      await send({ relays: [url(relay)] });
      const recipient = { notify: ['success'], originalRecipient: 'rfc822;b+2Bx@example.com' } as const;
      await enqueue(store, {
        to: ['bob@example.com'],
        recipient,
        outgoing: { envelopeId: 'QQ+2B1', returned: 'headers' },
      });
      await empty();
      expect(await mailOf(store, SENDER)).to.be.empty;
      expect(relay.lines.find((line) => line.startsWith('RCPT'))).to.equal(
        'RCPT TO:<bob@example.com> NOTIFY=SUCCESS ORCPT=rfc822;b+2Bx@example.com',
      );
      expect(relay.lines.find((line) => line.startsWith('MAIL'))).to.match(/RET=HDRS ENVID=QQ\+2B1/);
    });

    it('says that it was delivered, behind LMTP', async () => {
      const lmtp = await scripted({ lmtp: true });
      await send({ relays: [`lmtp://127.0.0.1:${lmtp.port}?tls=none`] });
      await enqueue(store, { to: ['bob@example.com'], recipient: { notify: ['success', 'failure'] } });
      await empty();
      expect((await mailOf(store, SENDER))[0]).to.include('\r\nAction: delivered\r\n');
    });

    it('leaves that to LMTP too, where it announces it', async () => {
      const lmtp = await scripted({ lmtp: true, extensions: ['DSN'] });
      await send({ relays: [`lmtp://127.0.0.1:${lmtp.port}?tls=none`] });
      await enqueue(store, { to: ['bob@example.com'], recipient: { notify: ['success'] } });
      await empty();
      expect(await mailOf(store, SENDER)).to.be.empty;
      expect(lmtp.lines).to.include('RCPT TO:<bob@example.com> NOTIFY=SUCCESS');
    });
  });

  it('returns the header alone of what had to go by TLS, and could not (RFC 8689 §5)', async () => {
    const relay = await scripted();
    await send({ relays: [url(relay)] });
    await enqueue(store, {
      to: ['bob@example.com'],
      outgoing: { requireTls: true, returned: 'full', envelopeId: '1+2B' },
    });
    await empty();
    const [report = ''] = await mailOf(store, SENDER);
    expect(report).to.include('\r\nStatus: 5.7.10\r\n');
    expect(report).to.include('\r\nOriginal-Envelope-Id: 1+\r\n');
    expect(report).to.include('Subject: Scan 7').and.to.not.include('Hello');
    expect(relay.messages).to.be.empty;
  });

  it('sends what it tells of such a message by TLS alone too', async () => {
    const relay = await scripted();
    const { attempts } = await send({ relays: [url(relay)] });
    const outgoing = { requireTls: true };
    await enqueue(store, { to: ['bob@example.com'], from: 'carol@elsewhere.example', outgoing });
    await empty();
    const tried = attempts.map(({ message, outcome }) => [message.reversePath, message.requireTls, outcome.kind]);
    expect(tried).to.deep.equal([
      ['carol@elsewhere.example', true, 'failed'],
      ['', true, 'failed'],
    ]);
  });

  describe('when it fails for now', () => {
    it('tries again when the schedule says so, and tells nobody', async () => {
      let tries = 0;
      const relay = await scripted({
        answer: (line) => (line.startsWith('RCPT') && ++tries < 3 ? '451 4.7.1 Greylisted' : undefined),
      });
      const { attempts } = await send({ relays: [url(relay)], schedule: { minimalBackoff: 20 } });
      await enqueue(store, { to: ['bob@example.com'] });
      await empty();
      expect(attempts.map(({ outcome, recipient }) => [outcome.kind, recipient.attempts])).to.deep.equal([
        ['deferred', 1],
        ['deferred', 2],
        ['delivered', 3],
      ]);
      expect(await mailOf(store, SENDER)).to.be.empty;
    });

    it('tells the sender once that it takes longer, and gives up in the end', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('RCPT') ? '451 4.2.2 Full' : undefined) });
      await send({ relays: [url(relay)], schedule: { minimalBackoff: 50_000 } });
      const nowMs = Date.now();
      await enqueue(store, {
        to: ['bob@example.com', 'carol@example.com'],
        outgoing: { delayNoticeAtMs: nowMs + 100, expiresAtMs: nowMs + 1_500 },
      });
      await empty();
      const reports = await mailOf(store, SENDER);
      expect(reports.map((report) => /^Subject: (.*)\r$/m.exec(report)?.[1])).to.deep.equal([
        'Your message is delayed',
        'Your message could not be delivered',
      ]);
      expect(reports[0]).to.match(/The mailbox is full\./);
      expect(reports[1]?.match(/^Status: 4\.4\.7\r$/gm)).to.have.length(2);
      expect(reports[1]).to.include('Diagnostic-Code: smtp; 451 4.2.2 Full');
    });

    it('waits, and sends nothing back, while a login is refused', async () => {
      const relay = await scripted({
        extensions: ['AUTH PLAIN'],
        answer: (line) => (line.startsWith('AUTH') ? '535 5.7.8 Bad password' : undefined),
      });
      const { attempts } = await send({ relays: [`smtp://office@127.0.0.1:${relay.port}?tls=none`] });
      for (let at = 0; at < 30; at++) await enqueue(store, { to: [`r${at}@example.com`] });
      await eventually('the relay to rest', () => server.data.queue.rests.has('example.com'));
      expect(attempts.every(({ outcome }) => outcome.kind === 'deferred')).to.equal(true);
      expect(attempts.length).to.be.below(20);
      expect(await mailOf(store, SENDER)).to.be.empty;
    });

    const refusedAll: readonly (readonly [what: string, script: Script, url?: (port: number) => string])[] = [
      ['greeting', { greeting: '554 5.7.1 You are blocked' }],
      ['HELO', { answer: (line) => (/^(EHLO|HELO)/.test(line) ? '550 5.7.1 not you' : undefined) }],
      [
        'STARTTLS',
        { extensions: ['STARTTLS'], answer: (line) => (line === 'STARTTLS' ? '554 5.7.0 no' : undefined) },
        (port) => `smtp://127.0.0.1:${port}?tls=required`,
      ],
      ['MAIL', { answer: (line) => (line.startsWith('MAIL') ? '530 5.7.0 Must issue STARTTLS first' : undefined) }],
      ['RCPT', { answer: (line) => (line.startsWith('RCPT') ? '530 5.7.1 Authentication required' : undefined) }],
      ['greeting', { lmtp: true, greeting: '521 5.3.2 no mail here' }, (port) => `lmtp://127.0.0.1:${port}?tls=none`],
    ];
    for (const [command, script, place = (port: number) => `smtp://127.0.0.1:${port}?tls=none`] of refusedAll)
      it(`waits, and sends nothing back, where ${script.lmtp === true ? 'LMTP' : 'a relay'} refuses us for good at ${command}`, async () => {
        const relay = await scripted(script);
        const { attempts } = await send({ relays: [place(relay.port)] });
        await enqueue(store, { to: ['bob@example.com'] });
        await eventually('an attempt', () => attempts.length === 1);
        const outcome = attempts[0]?.outcome;
        expect(outcome?.kind).to.equal('deferred');
        const reply = outcome !== undefined && 'reply' in outcome ? outcome.reply : undefined;
        expect(reply).to.include({ command });
        expect(reply?.code).to.be.within(521, 554);
        expect(await mailOf(store, SENDER)).to.be.empty;
      });

    it('defers one recipient that wants a login, and not the relay that takes the others', async () => {
      const relay = await scripted({
        answer: (line) => (/^RCPT.*outside/.test(line) ? '530 5.7.1 Authentication required' : undefined),
      });
      const { attempts } = await send({
        relays: [url(relay)],
        limits: { failures: 1, firstProbe: 60_000, longestProbe: 60_000 },
      });
      await enqueue(store, { to: ['outside@example.com', 'bob@example.com'] });
      await eventually('attempts', () => attempts.length === 2);
      await enqueue(store, { to: ['outside@example.com'] });
      await eventually('another', () => attempts.length === 3);
      await enqueue(store, { to: ['carol@example.com'] });
      await received(relay, 2);
      expect(attempts.map(({ outcome }) => outcome.kind)).to.deep.equal([
        ...['deferred', 'delivered', 'deferred', 'delivered'],
      ]);
    });

    it('does not send twice what broke off before its last reply, and waits', async () => {
      const relay = await scripted({ answer: (line, session) => (line === '.' ? session.destroy() : undefined) });
      const second = await scripted();
      const { attempts } = await send({ relays: [url(relay), url(second)] });
      await enqueue(store, { to: ['bob@example.com'] });
      await eventually('an attempt', () => attempts.length === 1);
      expect(attempts[0]?.outcome.kind).to.equal('deferred');
      expect(second.messages).to.be.empty;
    });
  });

  describe('with more than one relay', () => {
    it('takes the next one when the preferred one cannot be reached, in the same attempt', async () => {
      const dead = await scripted();
      const first = url(dead);
      await dead.stop();
      const second = await scripted();
      const { attempts } = await send({ relays: [first, url(second)] });
      for (let at = 0; at < 10; at++) await enqueue(store, { to: [`r${at}@example.com`] });
      await empty();
      expect(second.messages).to.have.length(10);
      expect(attempts.every(({ outcome }) => outcome.kind === 'delivered')).to.equal(true);
    });

    it('takes the next one at a greeting that refuses and at a goodbye in the middle, but not for a refused message', async () => {
      const greeting = await scripted({ greeting: '554 5.3.2 no service' });
      const goodbye = await scripted({
        answer: (line, session) => (line.startsWith('MAIL') ? session.end('421 4.3.2 going down') : undefined),
      });
      const refusing = await scripted({ answer: (line) => (line.startsWith('MAIL') ? '550 5.7.1 no' : undefined) });
      const last = await scripted();
      const { dispatcher } = await send({ relays: [greeting, goodbye, refusing, last].map(url) });
      await enqueue(store, { to: ['bob@example.com'] });
      await empty();
      expect(dispatcher.counters).to.include({ failed: 1, delivered: 0 });
      expect(last.messages).to.be.empty;
    });
  });

  describe('with a dead destination beside others', () => {
    it('delays nobody else, tries the dead one by one probe at a time, and goes on when it lives', async () => {
      const live = await scripted();
      const gone = await scripted();
      const { port } = gone;
      await gone.stop();
      const hop = (to: string) => ({ kind: 'hops', hops: [parseRelayUrl(to).nextHop] }) as const;
      const routes = [
        { scope: 'destination', domain: 'dead.example', route: hop(`smtp://127.0.0.1:${port}?tls=none`) },
      ] as const;
      for (let at = 0; at < 300; at++) await enqueue(store, { to: [`r${at}@dead.example`] });
      const sending = await send({ relays: [url(live)], routes, schedule: { minimalBackoff: 100 } });
      await eventually('it to be dead', () => server.data.queue.rests.has('dead.example'));
      const tried = sending.attempts.length;
      expect(tried).to.be.below(30);
      const startedAt = Date.now();
      await enqueue(store, { to: ['bob@live.example'] });
      await received(live);
      expect(Date.now() - startedAt).to.be.below(1_000);
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(sending.attempts.length - tried).to.be.below(10);
      const { deferred } = sending.dispatcher.counters;
      expect(deferred).to.be.below(40);
    });
  });

  describe('with a server that was taken for dead', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pennypost-dead-'));
    const path = join(folder, 'lmtp.sock');
    after(() => rmSync(folder, { recursive: true }));

    async function dead(firstProbe: number): Promise<Sending> {
      await enqueue(store, { to: ['bob@example.com'] });
      const limits = { failures: 1, firstProbe, longestProbe: firstProbe };
      const sending = await send({ relays: [`lmtp:${path}`], limits, schedule: { minimalBackoff: 50 } });
      await eventually('it to be dead', () => server.data.queue.rests.has('example.com'));
      return sending;
    }

    it('tries it at once when an administrator says so', async () => {
      const { attempts } = await dead(60_000);
      await store.queuedMail.retry((await entries(store)).map(({ id }) => id));
      await eventually('another attempt', () => attempts.length === 2);
      await eventually('it to rest again', () => (server.data.queue.rests.get('example.com') ?? 0) > Date.now());
      await scripted({ lmtp: true, path });
      await store.queuedMail.retry((await entries(store)).map(({ id }) => id));
      await empty();
      expect(attempts).to.have.length(3);
    });

    it('takes another way as soon as there is one', async () => {
      const dead = await scripted();
      const noPassword = (): undefined => undefined;
      const router = new LiveRoutes(relaysWith([parseRelayUrl(url(dead))], noPassword), noPassword);
      await dead.stop();
      const { attempts, dispatcher } = await send({
        router,
        limits: { failures: 1, firstProbe: 60_000, longestProbe: 60_000 },
      });
      await enqueue(store, { to: ['bob@example.com'] });
      await eventually('an attempt', () => attempts.length === 1);
      await enqueue(store, { to: ['carol@example.com'] });
      await eventually('it to rest', async () => (await store.queue.dueDestinations(1)).length === 0);
      const other = await scripted();
      router.replace([{ scope: 'destination', domain: '.com', action: { kind: 'relay', urls: [url(other)] } }]);
      dispatcher.rerouted(router.hops);
      await received(other);
    });

    it('tries at once what another password was refused for, and nothing of what waits for another reason', async () => {
      let password = 'old';
      const plain = (secret: string) => Buffer.from(`\0us\0${secret}`).toString('base64');
      const relay = await scripted({
        extensions: ['AUTH PLAIN'],
        answer: (line) => {
          if (line.startsWith('RCPT TO:<grey@')) return '450 4.7.1 later';
          if (!line.startsWith('AUTH')) return undefined;
          return line.endsWith(plain('new')) ? '235 2.7.0 welcome' : '535 5.7.8 no';
        },
      });
      const place = parseRelayUrl(url(relay).replace('//', '//us@'));
      const router = new LiveRoutes(
        relaysWith([place], () => password),
        () => password,
      );
      const { attempts, dispatcher } = await send({ router });
      await enqueue(store, { to: ['bob@example.com'] });
      await eventually('a refusal', () => attempts.length === 1);
      password = 'new';
      dispatcher.rerouted((router.replace([]), router.hops));
      await empty();
      await enqueue(store, { to: ['grey@example.com'] });
      await eventually('a refusal of the recipient', () => attempts.length === 3);
      password = 'newer';
      dispatcher.rerouted((router.replace([]), router.hops));
      await enqueue(store, { to: ['carol@example.com'] });
      await eventually('another refusal', () => attempts.length === 4);
      expect(attempts.map(({ recipient }) => recipient.recipient.split('@')[0])).to.deep.equal([
        'bob',
        'bob',
        'grey',
        'carol',
      ]);
    });

    it('tries it as soon as before when the clock is set back', async () => {
      const { attempts } = await dead(500);
      const clock = new WallClock();
      try {
        clock.forward(-3_600_000);
        await scripted({ lmtp: true, path });
        await enqueue(store, { to: ['carol@example.com'] });
        await eventually('the new message to be sent', () => attempts.at(-1)?.recipient.recipient.startsWith('carol'));
      } finally {
        clock.putRight();
      }
      await store.queuedMail.retry((await entries(store)).map(({ id }) => id));
      await empty();
    });
  });

  describe('with a store that fails', () => {
    it('sends again at once what a lease that was never answered has taken', async () => {
      const relay = await scripted();
      let lost = 0;
      for (let at = 0; at < 3; at++) await enqueue(store, { to: [`r${at}@example.com`] });
      await send({
        relays: [url(relay)],
        queue: (queue) => ({
          lease: async (requests, leaseMs) => {
            const leased = await queue.lease(requests, leaseMs);
            if (lost++ === 0) throw new StoreError('unavailable', 'the store is away');
            return leased;
          },
        }),
      });
      await empty();
      expect(relay.messages).to.have.length(3);
      expect(lost).to.be.above(1);
    });

    it('has what it never heard of given back, and takes new mail again', async () => {
      const relay = await scripted();
      let taken = 0;
      await send({
        relays: [url(relay)],
        queue: (queue) => ({
          takeNew: (taker, leaseMs) => {
            const loses = taken++ === 0;
            const goAway = async (): Promise<void> => {
              await queue.leaveNew();
              taker.lost();
              await queue.rest('nowhere.example', undefined); // It is woken, as by a store that is back.
            };
            return queue.takeNew({ ...taker, ...(loses && { leased: () => void goAway() }) }, leaseMs);
          },
        }),
      });
      await enqueue(store, { to: ['bob@example.com'] });
      await empty();
      await enqueue(store, { to: ['carol@example.com'] });
      await empty();
      expect(relay.messages).to.have.length(2);
      expect(taken).to.equal(2);
    });

    it('gives back what it could not look up suppressions for, and tries again', async () => {
      const relay = await scripted();
      await enqueue(store, { to: ['bob@example.com'] });
      let failed = 0;
      const { attempts } = await send({
        relays: [url(relay)],
        queue: (queue) => ({
          findSuppression: (address) => {
            if (failed++ === 0) throw new StoreError('unavailable', 'the store is away');
            return queue.findSuppression(address);
          },
        }),
      });
      await empty();
      expect(attempts.map(({ recipient, outcome }) => [recipient.attempts, outcome.kind])).to.deep.equal([
        [1, 'delivered'],
      ]);
    });

    it('parts an outcome that is refused for good from the others, and holds its recipient', async () => {
      const relay = await scripted({
        answer: (line) => (/^RCPT.*refused/.test(line) ? '550 5.1.1 nobody' : undefined),
      });
      for (let at = 0; at < 20; at++) await enqueue(store, { to: [`r${at}@example.com`] });
      await enqueue(store, { to: ['refused@example.com'] });
      const bad = (await entries(store)).find(({ recipient }) => recipient.startsWith('r7@'));
      const sending = await send({
        relays: [url(relay)],
        queue: (queue) => ({
          settle: async (settlements) => {
            if (settlements.some(({ id, outcome }) => id === bad?.id && outcome.kind === 'delivered'))
              throw new StoreError('bug', 'no');
            await queue.settle(settlements);
          },
        }),
      });
      const left = await eventually('the others to be settled', async () => {
        const found = await entries(store);
        return found.length === 1 && found[0]?.state === 'hold' ? found : undefined;
      });
      expect(left[0]?.recipient).to.equal('r7@example.com');
      expect(left[0]?.lastReply?.text).to.match(/outcome of the last attempt \(delivered\) could not be stored/);
      expect(relay.messages).to.have.length(20);
      expect(await mailOf(store, SENDER)).to.have.length(1);
      expect(sending.troubles.splice(0)[0]).to.match(/refuses the outcome of recipient \d+ of the queue/);
    });
  });

  it('closes a connection over which a bug of ours broke a message off, and tries that again later', async () => {
    const relay = await scripted();
    let sent = 0;
    const sending = await send({
      relays: [url(relay)],
      client: (client) => ({
        async connect(next, signal) {
          const connection = await client.connect(next, signal);
          if (connection.kind !== 'connected') return connection;
          const really = connection.send.bind(connection);
          connection.send = async (envelope, source) => {
            if (sent++ === 0) throw new TypeError('a bug');
            return really(envelope, source);
          };
          return connection;
        },
      }),
    });
    await enqueue(store, { to: ['bob@example.com'] });
    await eventually('it to be closed', () => relay.sessions[0]?.closed);
    const [entry] = await eventually('it to wait', async () => {
      const found = await entries(store);
      return found[0]?.isLeased === false ? found : undefined;
    });
    expect(entry).to.include({ state: 'deferred', attempts: 1 });
    expect(sending.troubles.splice(0)[0]).to.equal('a bug ended a connection');
    await enqueue(store, { to: ['carol@example.com'] });
    await received(relay);
  });

  it('divides what a hop can take among its destinations', async () => {
    const slow = await scripted({ answer: (line) => (line.startsWith('MAIL') ? '' : undefined) });
    for (let at = 0; at < 500; at++) await enqueue(store, { to: [`r${at}@large.example`] });
    for (let at = 0; at < 5; at++) await enqueue(store, { to: [`r@small${at}.example`] });
    const sending = await send({ relays: [url(slow)] });
    await eventually('the first lease', () => sending.leases.length > 0);
    expect(sending.leases[0]).to.have.length(6);
    expect(new Set(sending.leases[0]?.map(({ recipients }) => recipients)).size).to.equal(1);
    await eventually('each small one to be leased', () => {
      const leased = [...server.data.queue.rows.values()].filter(({ lease }) => lease !== undefined);
      return leased.filter(({ recipient }) => recipient.destination.startsWith('small')).length === 5;
    });
  });

  it('goes on with what it did not lease at first while one message takes long', async () => {
    const relay = await scripted({ answer: (line) => (line.includes('slow@') ? '' : undefined) });
    await enqueue(store, { to: ['bob@example.com'], from: 'slow@example.org' });
    for (let at = 0; at < 120; at++) await enqueue(store, { to: [`r${at}@example.com`] });
    await send({ relays: [url(relay)], limits: { first: 2, most: 2 } });
    const startedMs = performance.now();
    await received(relay, 120);
    expect(performance.now() - startedMs).to.be.below(3_000);
  });

  it('holds no more in memory than it may, however much is due', async () => {
    const slow = await scripted({ answer: (line) => (line.startsWith('MAIL') ? '' : undefined) });
    for (let at = 0; at < 400; at++) await enqueue(store, { to: [`r${at}@d${at}.example`] });
    await send({ relays: [url(slow)], limits: { leased: 30 } });
    await eventually('connections', () => slow.sessions.length >= 3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await entries(store)).filter(({ isLeased }) => isLeased).length).to.be.within(5, 30);
  });

  describe('for a domain that has become local while its mail waited', () => {
    it('delivers here, tells of whom there is not, and sends on what is not local', async () => {
      const relay = await scripted();
      const to = ['bob@new.example', 'nobody@new.example', 'carol@example.com'];
      await enqueue(store, { to, recipient: { notify: ['success', 'failure'] } });
      await store.queuedMail.addSuppression('bob@new.example', 'nobody had that address where it was before');
      server.data.ensureDomain('new.example');
      await store.directory.addAccount({ local: 'bob', domain: 'new.example' }, 'hash');
      const { dispatcher } = await send({ relays: [url(relay)] });
      await empty();
      expect(relay.lines.filter((line) => line.startsWith('RCPT'))).to.deep.equal(['RCPT TO:<carol@example.com>']);
      const [here, ...more] = await mailOf(store, 'bob@new.example');
      expect(more).to.be.empty;
      expect(here).to.match(
        /^Return-Path: <alice@example\.org>\r\nDelivered-To: bob@new\.example\r\nReceived: .*\r\n\tby .*\r\n.*\r\nReceived: by mail\.example\.org; .*\r\nSubject: Scan 7\r\n/,
      );
      const told = await eventually('three reports', async () => {
        const reports = (await mailOf(store, SENDER)).join('');
        return reports.split('Final-Recipient').length === 4 ? reports : undefined;
      });
      for (const action of ['delivered', 'failed', 'relayed']) expect(told).to.include(`\r\nAction: ${action}\r\n`);
      expect(told).to.match(/^Status: 5\.1\.1\r$/m);
      expect(dispatcher.counters).to.deep.equal({ delivered: 2, deferred: 0, failed: 1 });
    });

    it('does so while every relay is dead, and waits where the mailbox is full', async () => {
      const relay = await scripted();
      const dead = url(relay);
      await relay.stop();
      await enqueue(store, { to: ['full@new.example', 'nobody@new.example', 'bob@new.example'] });
      server.data.ensureDomain('new.example');
      for (const local of ['bob', 'full']) await store.directory.addAccount({ local, domain: 'new.example' }, 'hash');
      const full = server.data.byAddress.get('full@new.example');
      if (full !== undefined) full.quota = { octets: 1 };
      const { attempts } = await send({ relays: [dead] });
      await eventually('attempts', () => attempts.length === 3);
      const byName = new Map(attempts.map(({ recipient, outcome }) => [recipient.recipient, outcome]));
      expect(byName.get('bob@new.example')?.kind).to.equal('delivered');
      expect(byName.get('full@new.example')).to.deep.include({ kind: 'deferred' });
      expect(byName.get('nobody@new.example')).to.deep.include({ kind: 'failed' });
    });
  });

  it('stops delivering here when it is to end, and gives back the rest uncounted', async () => {
    const to = Array.from({ length: 30 }, (_, at) => `nobody${at}@new.example`);
    await enqueue(store, { to: ['bob@new.example', ...to], recipient: { notify: [] } });
    server.data.ensureDomain('new.example');
    await store.directory.addAccount({ local: 'bob', domain: 'new.example' }, 'hash');
    let isBegun = false;
    const sending = await send({
      deliver: (envelope) => {
        const delivery = store.deliver(envelope);
        const commit = delivery.commit.bind(delivery);
        isBegun = true;
        delivery.commit = () => new Promise((resolve) => setTimeout(() => resolve(commit()), 100));
        return delivery;
      },
    });
    await eventually('the first', () => isBegun);
    await sending.stop(5_000);
    expect(sending.attempts.map(({ outcome }) => outcome.kind)).to.deep.equal(['delivered']);
    const left = await entries(store);
    expect(left).to.have.length(30);
    expect(left.every(({ attempts, isLeased }) => attempts === 0 && !isLeased)).to.equal(true);
  });

  it('does not send what was removed while it waited here', async () => {
    let answer: () => void = () => undefined;
    const relay = await scripted({
      answer: (line, session) => {
        if (line !== '.') return undefined;
        answer = () => session.say('250 2.0.0 ok');
        return '';
      },
    });
    await send({ relays: [url(relay)], limits: { first: 1, most: 1 } });
    await enqueue(store, { to: ['bob@example.com'] });
    await received(relay);
    await enqueue(store, { to: ['carol@example.com'] });
    const waiting = (await entries(store)).filter(({ recipient }) => recipient.startsWith('carol'));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await store.queuedMail.remove(waiting.map(({ id }) => id));
    answer();
    await empty();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(relay.messages).to.have.length(1);
  });

  describe('when it is to end', () => {
    it('finishes what is under way, and gives back the rest uncounted', async () => {
      const relay = await scripted({
        answer: (line, session) => (line === '.' ? later(() => session.say('250 2.0.0 ok')) : undefined),
      });
      for (let at = 0; at < 20; at++) await enqueue(store, { to: [`r${at}@example.com`] });
      const sending = await send({ relays: [url(relay)], limits: { first: 2, most: 2 } });
      await received(relay, 2);
      await sending.stop(5_000);
      const left = await entries(store);
      expect(sending.dispatcher.counters).to.deep.equal({ delivered: 2, deferred: 0, failed: 0 });
      expect(left).to.have.length(18);
      expect(
        left.every(
          ({ attempts, crashes, isLeased, state }) => attempts + crashes === 0 && !isLeased && state === 'active',
        ),
      ).to.equal(true);
    });

    it('breaks off what takes longer than it may, and tries that again', async () => {
      const relay = await scripted({ answer: (line) => (line.startsWith('MAIL') ? '' : undefined) });
      await enqueue(store, { to: ['bob@example.com'] });
      const sending = await send({ relays: [url(relay)] });
      await eventually('it to be under way', () => relay.lines.some((line) => line.startsWith('MAIL')));
      await sending.stop(50);
      const [entry] = await entries(store);
      expect(entry).to.include({ state: 'active', isLeased: false, attempts: 0, crashes: 0 });
    });
  });

  it('lets what was sent as a whole wait for its reply when it is to end, and breaks off the rest', async () => {
    const relay = await scripted({
      answer: (line, session) => {
        if (line.startsWith('MAIL') && line.includes('slow@')) return '';
        return line === '.' ? later(() => session.say('250 2.0.0 ok')) : undefined;
      },
    });
    await enqueue(store, { to: ['bob@example.com'], from: 'slow@example.org' });
    await enqueue(store, { to: ['carol@example.com'] });
    const sending = await send({ relays: [url(relay)], limits: { unsent: 50 } });
    await received(relay);
    await sending.stop(10_000);
    const left = await entries(store);
    expect(left.map(({ recipient, state }) => [recipient, state])).to.deep.equal([['bob@example.com', 'active']]);
    expect(sending.dispatcher.counters).to.include({ delivered: 1, deferred: 0 });
  });

  describe('after another has ended without a word', () => {
    it('sends what that had leased, alone at first, and loses nothing', async () => {
      const silent = await scripted({ answer: (line) => (line.startsWith('MAIL') ? '' : undefined) });
      for (let at = 0; at < 12; at++) await enqueue(store, { to: [`r${at}@example.com`] });
      const killed = new Sending(server, { relays: [url(silent)] });
      await killed.start();
      await eventually('it to hold all', async () => (await entries(store)).every(({ isLeased }) => isLeased));
      await killed.store.close();
      const relay = await scripted();
      await send({ relays: [url(relay)] });
      await empty();
      expect(relay.messages).to.have.length(12);
      void killed.dispatcher.drain(0);
    });

    it('sends all other mail soon, however long what that was sending takes', async () => {
      const relay = await scripted({ answer: (line) => (line.includes('slow@') ? '' : undefined) });
      const tried = () => relay.lines.filter((line) => line.includes('slow@')).length;
      for (let at = 0; at < 2; at++) await enqueue(store, { to: ['bob@example.com'], from: 'slow@example.org' });
      const killed = new Sending(server, { relays: [url(relay)] });
      await killed.start();
      await eventually('both to be under way', () => tried() === 2);
      await killed.store.close();
      const sending = await send({ relays: [url(relay)] });
      await eventually('one to be under way again', () => tried() === 3);
      const clock = new WallClock();
      try {
        await enqueue(store, { to: ['carol@example.com'] });
        clock.forward(4_000);
        await received(relay);
        clock.forward(4_000);
        await enqueue(store, { to: ['dave@example.com'] });
        await eventually('all else to leave', () => relay.messages.length === 2);
        expect(tried()).to.equal(3); // It is slow, and so the other waits.
        clock.forward(60_000);
        await eventually('the other to be under way again', () => tried() === 4);
      } finally {
        clock.putRight();
      }
      await sending.stop(50);
      void killed.dispatcher.drain(0);
    });
  });

  it('waits for a store that is away, and settles what it holds', async () => {
    const relay = await scripted({
      answer: (line) => (line === '.' ? ((server.isDown = true), undefined) : undefined),
    });
    const sending = await send({ relays: [url(relay)] });
    await enqueue(store, { to: ['bob@example.com'] });
    await received(relay);
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.isDown = false;
    await empty();
    expect(relay.messages).to.have.length(1);
    expect(sending.dispatcher.counters.delivered).to.equal(1);
  });
});

function later(act: () => void): '' {
  setTimeout(act, 300);
  return '';
}
