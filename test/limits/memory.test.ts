/**
 * A worker's memory does not grow with what is sent to it. ABUSE_MEGABYTES=40 makes the messages as large as those
 * behind the figures in docs/security.md; the default keeps CI short.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { LineClient } from '../support/line-client.js';
import { beginData, demand, pop3Session, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER, Server } from '../support/server.js';

const CLIENTS = 50;
const MESSAGE_BYTES = Number(process.env['ABUSE_MEGABYTES'] ?? '8') * 1e6;
const PEAK_LIMIT_MIB = 200;
const BLOCK = Buffer.from(`${'x'.repeat(70)}\r\n`.repeat(900));

describe('the memory of a worker', function () {
  this.timeout(240_000);
  let server: Server;

  beforeEach(async () => {
    server = await Server.start({ workers: 1 });
  });

  afterEach(async function () {
    const peak = await peakMiB();
    await server.release();
    process.stdout.write(`      peak ${peak} MiB: ${this.currentTest?.title ?? ''}\n`);
    expect(peak).to.be.below(PEAK_LIMIT_MIB);
  });

  /** VmHWM of the one worker. */
  async function peakMiB(): Promise<number> {
    const { workers } = await server.status();
    const status = readFileSync(`/proc/${workers[0]?.pid ?? 0}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  async function sendLarge(to: readonly string[], header = ''): Promise<void> {
    const client = await smtpSession(server.smtpPort);
    await demand(client, 'MAIL FROM:<>', 250);
    for (const each of to) await demand(client, `RCPT TO:<${each}>`, 250);
    await demand(client, 'DATA', 354);
    if (header !== '') await client.flush(Buffer.from(header));
    for (let sent = 0; sent < MESSAGE_BYTES; sent += BLOCK.length) await client.flush(BLOCK);
    client.send('.');
    for (;;) {
      const code = await client.reply().then(
        (reply) => reply.code,
        (error: unknown) => String(error),
      );
      if (typeof code === 'string' && code.includes('Waited in vain')) continue; // Many large messages take their time.
      expect(code).to.equal(250);
      client.destroy();
      return;
    }
  }

  it('is bounded while fifty clients send large messages at once', async () => {
    await Promise.all(Array.from({ length: CLIENTS }, () => sendLarge([POSTMASTER])));
  });

  /** So many clients, each with a large message of its own account, send a command so often and read no answer. */
  async function askAndNeverRead(clients: number, command: string, times: number, header?: string): Promise<void> {
    const names = Array.from({ length: clients }, (_, at) => `u${at}@localhost`);
    for (const name of names) await server.addAccount(name, 'secret');
    await sendLarge(names, header);
    for (const name of names) {
      const client = await pop3Session(server.pop3Port, name, 'secret');
      client.pause();
      client.send(...Array.from({ length: times }, () => command));
    }
    const other = await smtpSession(server.smtpPort);
    for (let time = 0; time < 20; time++) await demand(other, 'NOOP', 250);
  }

  it('is bounded while fifty clients ask for large messages and never read', () =>
    askAndNeverRead(CLIENTS, 'RETR 1', 20));

  it('is bounded while six clients ask for the beginning of a large message, over and over, and never read', () =>
    askAndNeverRead(6, 'TOP 1 0', 10_000, `X-Long: ${'x'.repeat(900)}\r\n\r\n`));

  it('is bounded by three thousand chunks of one byte', async () => {
    const client = await smtpSession(server.smtpPort);
    await demand(client, 'MAIL FROM:<>', 250);
    await demand(client, `RCPT TO:<${POSTMASTER}>`, 250);
    client.write(Buffer.from(`${'BDAT 1\r\nx'.repeat(3000)}BDAT 0 LAST\r\n`));
    for (let chunk = 0; chunk <= 3000; chunk++) expect((await client.reply()).code).to.equal(250);
  });

  it('is bounded by a line that does not end', async () => {
    const client = await LineClient.greeted(server.smtpPort);
    for (let times = 0; times < 1000; times++) await client.flush(Buffer.alloc(60_000, 'x'));
    expect((await client.command('')).code).to.equal(500);
  });

  it('is bounded by a thousand recipients and ten thousand header fields', async () => {
    const client = await smtpSession(server.smtpPort);
    await demand(client, 'MAIL FROM:<>', 250);
    for (let at = 0; at < 1000; at++) await demand(client, `RCPT TO:<postmaster+${at}@localhost>`, 250);
    await demand(client, 'RCPT TO:<postmaster+more@localhost>', 452);
    await demand(client, 'DATA', 354);
    client.write(Buffer.from(Array.from({ length: 10_000 }, (_, at) => `X-Field-${at}: value\r\n`).join('')));
    client.send('', 'text', '.');
    expect((await client.reply()).code).to.equal(250);
    await beginData(client, POSTMASTER);
    client.destroy();
  });
});
