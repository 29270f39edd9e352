/** What is sent comes back byte for byte behind our trace headers, by DATA and by BDAT, whatever its size. */
import { expect } from 'chai';
import {
  behindTrace,
  demand,
  pop3Session,
  retrieve,
  sendBdat,
  sendData,
  smtpSession,
} from '../support/mail-clients.js';
import { binary, lines, SAMPLE, SIZES } from '../support/messages.js';
import { POSTMASTER, Server } from '../support/server.js';

describe('a message', () => {
  let server: Server;

  before(async () => {
    server = await Server.start();
  });

  after(() => server.release());

  /** Fetches the only message there is, and removes it. */
  async function take(host?: string): Promise<Buffer> {
    const client = await pop3Session(server.pop3Port, POSTMASTER, server.password, host);
    const [, count, octets] = (await client.ask('STAT', /^\+OK/)).split(' ');
    const message = await retrieve(client, 1);
    expect([count, octets]).to.deep.equal(['1', String(message.length)]);
    await client.ask('DELE 1', /^\+OK/);
    await client.ask('QUIT', /^\+OK/);
    await client.rest();
    return behindTrace(message);
  }

  async function comesBack(send: (message: Buffer) => Promise<void>, message: Buffer, host?: string): Promise<void> {
    await send(message);
    const got = await take(host);
    expect(got.length).to.equal(message.length);
    expect(got.equals(message)).to.equal(true);
  }

  for (const host of ['127.0.0.1', '::1']) {
    const byData = async (message: Buffer) => {
      const client = await smtpSession(server.smtpPort, host);
      await sendData(client, POSTMASTER, message);
      await demand(client, 'QUIT', 221);
    };
    it(`of 0 B comes back by DATA over ${host}`, () => comesBack(byData, Buffer.alloc(0), host));
    it(`with dots and text beyond ASCII comes back by DATA over ${host}`, () => comesBack(byData, SAMPLE, host));
    for (const [name, octets] of SIZES.slice(0, host === '::1' ? 2 : 3))
      it(`of ${name} comes back by DATA over ${host}`, () => comesBack(byData, lines(octets), host));
  }

  const byBdat = (pieceOctets: number) => async (message: Buffer) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < message.length || pieces.length === 0; at += pieceOctets)
      pieces.push(message.subarray(at, at + pieceOctets));
    const client = await smtpSession(server.smtpPort);
    await sendBdat(client, POSTMASTER, pieces);
    await demand(client, 'QUIT', 221);
  };
  it('of 0 B comes back by BDAT', () => comesBack(byBdat(1), Buffer.alloc(0)));
  for (const [name, octets] of SIZES)
    it(`of ${name} with NULs comes back by BDAT in one chunk`, () => comesBack(byBdat(octets), binary(octets)));
  it('with NULs comes back by BDAT in chunks that end anywhere', () => comesBack(byBdat(4093), binary(300_000)));

  it('to several comes back to each, with headers of its own', async () => {
    await server.addAccount('alice@localhost', 'secret');
    const client = await smtpSession(server.smtpPort);
    await demand(client, 'MAIL FROM:<sender@example.org>', 250);
    for (const to of [POSTMASTER, 'alice+list@localhost']) await demand(client, `RCPT TO:<${to}>`, 250);
    await demand(client, 'DATA', 354);
    client.send('Subject: both', '', 'text', '.');
    expect((await client.reply()).code).to.equal(250);
    for (const [user, password, name] of [
      [POSTMASTER, server.password, POSTMASTER],
      ['alice', 'secret', 'alice+list@localhost'],
    ] as const) {
      const reader = await pop3Session(server.pop3Port, user, password);
      const message = await retrieve(reader, 1);
      expect(message.toString()).to.match(/^Return-Path: <sender@example\.org>\r\n/);
      expect(message.toString()).to.include(`\r\nDelivered-To: ${name}\r\n`);
      expect(behindTrace(message).toString()).to.equal('Subject: both\r\n\r\ntext\r\n');
      await reader.ask('QUIT', /^\+OK/);
    }
  });
});
