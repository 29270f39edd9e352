/** A front that speaks for others by XCLIENT, as swaks does it; and one that is not listed. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { demand, sendData, smtpSession, takeAll } from '../support/mail-clients.js';
import { upgraded } from '../support/tls-client.js';
import { itNeeds, runAnyhow, type Ran } from '../support/programs.js';
import { POSTMASTER, Server } from '../support/server.js';

describe('XCLIENT', () => {
  let server: Server;

  afterEach(() => server.release());

  async function start(networks: string): Promise<void> {
    server = await Server.start({ workers: 1, arguments: ['--xclient-networks', networks] });
  }

  function swaks(...argv: readonly string[]): Promise<Ran> {
    return runAnyhow('swaks', [
      ...['--server', '127.0.0.1', '--port', String(server.smtpPort), '--timeout', '20'],
      ...['--helo', 'front.example', '--from', 'sender@example.org', '--to', POSTMASTER, ...argv],
    ]);
  }

  async function received(): Promise<string> {
    const [message] = await takeAll(server.pop3Port, POSTMASTER, server.password);
    return /^Received: (.*\r\n.*) id /m.exec(message?.toString() ?? '')?.[1] ?? '';
  }

  itNeeds(['swaks'], 'makes the client of swaks the peer, in the message and in the log', async () => {
    await start('127.0.0.0/8');
    const { status, stdout } = await swaks(
      ...['--xclient-addr', 'IPV6:2001:db8::7', '--xclient-port', '40000', '--xclient-name', '[UNAVAILABLE]'],
      ...['--xclient-helo', 'client.example', '--xclient-proto', 'SMTP', '--xclient-delim'],
      ...['--xclient-destaddr', '198.51.100.1', '--xclient-destport', '25', '--xclient-login', '[UNAVAILABLE]'],
    );
    expect(status, stdout.toString()).to.equal(0);
    expect(await received()).to.match(
      /^from client\.example \(\[IPv6:2001:db8::7\]\)\r\n\tby \S+ \(Pennypost\) with SMTP$/,
    );
    await eventually('the client in the log', () => server.stdout.includes('"peer":"2001:db8::7","via":"127.0.0.1"'));
  });

  it('outlives STARTTLS, with the name that the front gave', async () => {
    await start('127.0.0.0/8');
    const said = ['EHLO front.example', 'XCLIENT ADDR=192.0.2.7 HELO=client.example', 'EHLO front.example', 'STARTTLS'];
    const { client } = await upgraded(server.smtpPort, said);
    await demand(client, 'EHLO front.example', 250);
    await sendData(client, POSTMASTER, Buffer.from('Subject: by a front\r\n\r\nHello.\r\n'));
    await demand(client, 'QUIT', 221);
    expect(await received()).to.match(
      /^from client\.example \(\[192\.0\.2\.7\]\)\r\n\tby \S+ \(Pennypost\) with ESMTPS /,
    );
    await eventually('the client in the log', () => server.stdout.includes('"peer":"192.0.2.7","via":"127.0.0.1"'));
  });

  itNeeds(['swaks'], 'is neither announced to, nor taken from, who is not listed', async () => {
    await start('::1');
    const { stderr, status } = await swaks('--xclient-addr', '192.0.2.7');
    expect(status).to.equal(33);
    expect(stderr).to.contain('Host did not advertise XCLIENT');
    const client = await smtpSession(server.smtpPort, '127.0.0.1');
    await demand(client, 'XCLIENT ADDR=192.0.2.7', 550);
    await sendData(client, POSTMASTER, Buffer.from('Subject: mine\r\n\r\nHello.\r\n'));
    client.destroy();
    expect(await received()).to.match(/^from test\.example \(\[127\.0\.0\.1\]\)/);
  });
});
