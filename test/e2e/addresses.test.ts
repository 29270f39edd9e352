/** IPv4 and IPv6 on the real server: every address at once, and how each is shown, announced and written down. */
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { demand, fetchAll, pop3Session, sendData, smtpSession, takeAll } from '../support/mail-clients.js';
import { forStrangers } from '../support/nobody.js';
import { POSTMASTER, Server } from '../support/server.js';

const MESSAGE = Buffer.from('Subject: addresses\r\n\r\nHello.\r\n');

/** An address of this machine that holds on one of its links only, as a client of this machine reaches it. */
function linkLocal(): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    for (const { address } of addresses ?? []) if (/^fe80:/i.test(address)) return `${address}%${name}`;
  return undefined;
}

describe('IPv4 and IPv6', () => {
  let server: Server;

  afterEach(() => server.release());

  async function listenEverywhere(hosts: string): Promise<void> {
    server = await Server.start({ workers: 2, ...(await forStrangers('--host', hosts)) });
  }

  for (const hosts of ['::,0.0.0.0', '0.0.0.0,::'])
    it(`--host ${hosts} serves both, each client as what it is`, async () => {
      await listenEverywhere(hosts);
      for (const [host, literal] of [
        ['127.0.0.1', '[127.0.0.1]'],
        ['::1', '[IPv6:::1]'],
      ] as const) {
        const client = await smtpSession(server.smtpPort, host);
        await sendData(client, POSTMASTER, MESSAGE);
        await client.ask('QUIT', /^221/);
        const [message] = await takeAll(server.pop3Port, POSTMASTER, server.password);
        expect(message?.toString()).to.contain(`Received: from test.example (${literal})\r\n`);
        await (await pop3Session(server.pop3Port, POSTMASTER, server.password, host)).ask('QUIT', /^\+OK/);
      }
      await eventually('both clients in the log', () =>
        ['127.0.0.1', '::1'].every((peer) => server.stdout.includes(`"peer":"${peer}"`)),
      );
    });

  it('the banner and status show each address as one would type it', async () => {
    await listenEverywhere('::,0.0.0.0');
    const places = (port: number) => `[::]:${port}  0.0.0.0:${port}`;
    expect(server.stdout).to.contain(`  SMTP  ${places(server.smtpPort)}\n  POP3  ${places(server.pop3Port)}\n`);
    const status = await server.do('status');
    for (const port of [server.smtpPort, server.pop3Port])
      expect(status).to.contain(`[::]:${port}`).and.to.contain(`0.0.0.0:${port}`);
  });

  it('one IPv6 address alone leaves IPv4 alone', async () => {
    await listenEverywhere('::');
    await smtpSession(server.smtpPort, '::1');
    const refused = await LineClient.connect(server.smtpPort, '127.0.0.1').catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'ECONNREFUSED');
  });

  it('a mailbox at the address that the client reached is here, in both families', async () => {
    await listenEverywhere('::,0.0.0.0');
    for (const [host, own, other] of [
      ['127.0.0.1', '[127.0.0.1]', '[IPv6:::1]'],
      ['::1', '[IPv6:0:0:0:0:0:0:0:1]', '[127.0.0.1]'],
    ] as const) {
      const client = await smtpSession(server.smtpPort, host);
      await demand(client, 'MAIL FROM:<sender@[IPv6:2001:db8::1]>', 250);
      await demand(client, `RCPT TO:<postmaster@${own}>`, 250);
      await demand(client, `RCPT TO:<postmaster@${other}>`, 550);
      await demand(client, 'RSET', 250);
      await sendData(client, `postmaster@${own}`, MESSAGE);
      client.destroy();
    }
    expect(await fetchAll(server.pop3Port, POSTMASTER, server.password)).to.have.length(2);
  });

  it('a link-local address is written down, and is a mailbox, without its zone', async function () {
    const host = linkLocal();
    if (host === undefined) return this.skip();
    await listenEverywhere('::,0.0.0.0');
    const address = host.replace(/%.*/, '');
    const client = await smtpSession(server.smtpPort, host);
    await sendData(client, `postmaster@[IPv6:${address}]`, MESSAGE);
    await client.ask('QUIT', /^221/);
    const [message] = await takeAll(server.pop3Port, POSTMASTER, server.password);
    expect(message?.toString()).to.contain(`Received: from test.example ([IPv6:${address}])\r\n`);
    await eventually('the client in the log', () => server.stdout.includes(`"peer":"${address}"`));
  });
});
