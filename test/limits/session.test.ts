/** How a session may behave: deadlines, rates, frequent errors, free space and newlines, on the real server. */
import { setTimeout as after } from 'node:timers/promises';
import { expect } from 'chai';
import { LineClient } from '../support/line-client.js';
import { beginData, demand, fetchAll, pop3Session, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER, Server } from '../support/server.js';

describe('the limits of a session', () => {
  let server: Server;

  afterEach(() => server.release());

  async function start(...flags: readonly string[]): Promise<void> {
    server = await Server.start({ workers: 1, arguments: flags });
  }

  it('are kept by who says nothing, at each stage', async () => {
    await start('--greeting-timeout', '1s', '--smtp-timeout', '1s', '--pop3-timeout', '1s', '--data-timeout', '1s');
    const silent = await LineClient.greeted(server.smtpPort);
    const greeted = await smtpSession(server.smtpPort);
    const sending = await smtpSession(server.smtpPort);
    await beginData(sending, POSTMASTER);
    sending.send('Subject: never ended');
    for (const client of [silent, greeted, sending])
      expect(await client.rest()).to.equal('421 4.4.2 Nothing heard for too long; closing\r\n');
    const reader = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    expect(await reader.rest()).to.equal('-ERR Nothing heard for too long; closing, nothing was removed\r\n');
    expect(await fetchAll(server.pop3Port, POSTMASTER, server.password)).to.have.length(0);
  });

  it('end a session that lasts too long, however busy it is', async () => {
    await start('--session-timeout', '2s');
    const client = await smtpSession(server.smtpPort);
    let said = '';
    for (const untilMs = Date.now() + 10_000; !said.startsWith('421') && Date.now() < untilMs; await after(50)) {
      client.send('NOOP');
      said = await client.line();
    }
    expect(said).to.equal('421 4.4.2 This session has lasted too long; closing');
  });

  it('end a message that comes a byte a second, while two hundred of them slow nobody else', async () => {
    await start('--max-sessions', '300');
    const slow = await Promise.all(Array.from({ length: 200 }, () => smtpSession(server.smtpPort)));
    await Promise.all(slow.map((client) => beginData(client, POSTMASTER)));
    const dripping = setInterval(() => {
      for (const client of slow) if (!client.closed) client.write(Buffer.from('x'));
    }, 1000);
    try {
      const other = await smtpSession(server.smtpPort);
      await beginData(other, POSTMASTER);
      other.send('Subject: fast', '', '.');
      expect((await other.reply()).code).to.equal(250);
      await after(25_000);
      for (const client of slow)
        expect(await client.rest()).to.equal('421 4.4.2 The message comes too slowly; closing\r\n');
    } finally {
      clearInterval(dripping);
    }
  });

  it('keep a login from coming again before the delay, on every worker, and tell it how long that is', async () => {
    server = await Server.start({ workers: 2, arguments: ['--login-delay', '2s'] });
    await server.do('account', 'expire', POSTMASTER, '30d');
    const anybody = await LineClient.greeted(server.pop3Port);
    await anybody.ask('CAPA', /^\+OK/);
    expect((await anybody.multiline()).toString()).to.include('\r\nEXPIRE 30 USER\r\nLOGIN-DELAY 2\r\n');
    await anybody.ask('QUIT', /^\+OK/);
    const first = await pop3Session(server.pop3Port, POSTMASTER, server.password);
    const beganMs = Date.now();
    await first.ask('CAPA', /^\+OK/);
    expect((await first.multiline()).toString()).to.include('\r\nEXPIRE 30\r\nLOGIN-DELAY 2\r\n');
    await first.ask('QUIT', /^\+OK/);
    for (let login = 0; login < 6 && Date.now() < beganMs + 1_500; login++) {
      const early = await LineClient.greeted(server.pop3Port);
      await early.ask(`USER ${POSTMASTER}`, /^\+OK/);
      await early.ask(`PASS ${server.password}`, /^-ERR \[LOGIN-DELAY\] This login was here a moment ago/);
      await early.ask('QUIT', /^\+OK/);
    }
    await after(2_100);
    expect(await fetchAll(server.pop3Port, POSTMASTER, server.password)).to.have.length(0);
  });

  it('slow down who fails often', async () => {
    await start();
    const client = await smtpSession(server.smtpPort);
    for (let times = 0; times < 10; times++) await demand(client, 'RCPT TO:<x@y>', 503);
    const beganMs = Date.now();
    await demand(client, 'RCPT TO:<x@y>', 503);
    expect(Date.now() - beganMs).to.be.at.least(900);
    await demand(client, 'NOOP', 250);
  });

  it('put MAIL off while free space is short, and reading goes on', async () => {
    await start('--min-free', '1000000GB');
    const client = await smtpSession(server.smtpPort);
    client.send('MAIL FROM:<>');
    expect(await client.line()).to.equal('452 4.3.1 The mail store is full; try again later');
    expect(await fetchAll(server.pop3Port, POSTMASTER, server.password)).to.have.length(0);
  });

  it('mend bare newlines where that was asked for, and refuse them otherwise', async () => {
    const message = 'Subject: old\nFrom: me\r\n\rtext\n.\nmore\r\n.\r\n';
    for (const [flags, code] of [
      [['--bare-newlines', 'normalize'], 250],
      [[], 550],
    ] as const) {
      await start(...flags);
      const client = await smtpSession(server.smtpPort);
      await beginData(client, POSTMASTER);
      client.write(Buffer.from(message));
      expect((await client.reply()).code).to.equal(code);
      const mail = await fetchAll(server.pop3Port, POSTMASTER, server.password);
      const mended = 'Subject: old\r\nFrom: me\r\n\r\ntext\r\n.\r\nmore\r\n';
      expect(mail.map((each) => each.toString().endsWith(mended))).to.deep.equal(code === 250 ? [true] : []);
      if (code === 250) await server.release();
    }
  });
});
