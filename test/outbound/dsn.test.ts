/**
 * Reports over whole servers: who submits a message to one hears of its success from it where the next server does not report, and from
 * the next one where it does. Both are our own; the next one reports by LMTP to the first.
 */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { freePorts, Server } from '../support/server.js';

const ALICE = 'alice@localhost';
const BOB = 'bob@b.example';
const PASSWORD = 'correct horse';

describe('a report of success', () => {
  let next: Server;
  let first: Server;

  afterEach(async () => {
    await first.release();
    await next.release();
  });

  /** The next server is for b.example, takes mail as one behind a front, and sends on if it is told how. */
  async function begin(sendsOn: boolean): Promise<void> {
    const [lmtpPort, nextPort] = await freePorts();
    const relay = (url: string) => ['--outbound', 'relay', '--relay', url];
    const back = sendsOn ? relay(`lmtp://127.0.0.1:${lmtpPort}?tls=none`) : [];
    next = await Server.start({
      workers: 1,
      arguments: ['--domain', 'b.example', '--lmtp-port', String(nextPort), ...back],
    });
    await next.addAccount(BOB, PASSWORD);
    const on = relay(sendsOn ? `lmtp://127.0.0.1:${nextPort}?tls=none` : `smtp://127.0.0.1:${next.smtpPort}?tls=none`);
    const more = ['--lmtp-port', String(lmtpPort), ...on];
    first = await Server.start({ workers: 1, everyService: true, arguments: more });
    await first.addAccount(ALICE, PASSWORD);
  }

  async function submit(parameters: string, ...recipients: readonly string[]): Promise<void> {
    const client = await LineClient.greeted(first.submissionPort);
    await say(client, 'EHLO client.example');
    await say(client, `AUTH PLAIN ${Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')}`);
    await say(client, `MAIL FROM:<${ALICE}>${parameters}`);
    for (const recipient of recipients) await say(client, `RCPT TO:${recipient}`);
    await say(client, 'DATA');
    client.send('Subject: Offer', '', 'Confidential', '.');
    await client.expect(/^250 /);
    client.send('QUIT');
  }

  async function say(client: LineClient, line: string): Promise<void> {
    client.send(line);
    while (/^\d{3}-/.test(await client.expect(/^[23]/)));
  }

  async function mailOf(server: Server, address: string): Promise<readonly string[]> {
    const listed = JSON.parse(await server.do('mail', 'list', address, '--json')) as readonly unknown[];
    return Promise.all(listed.map((_, at) => server.do('mail', 'show', address, String(at + 1))));
  }

  const arrived = (server: Server, address: string) =>
    eventually('mail to be there', async () => {
      const mail = await mailOf(server, address);
      return mail.length > 0 ? mail : undefined;
    });

  it('comes from the next server where that announces DSN, and from nobody else', async () => {
    await begin(true);
    await submit(' RET=HDRS ENVID=QQ+2B1', `<${BOB}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bob@b.example`);
    const [report = '', ...more] = await arrived(first, ALICE);
    expect(more).to.deep.equal([]);
    expect(report).to.include('\r\nSubject: Your message was delivered\r\n');
    expect(report).to.include('\r\nOriginal-Envelope-Id: QQ+1\r\n');
    expect(report).to.include(
      `\r\nOriginal-Recipient: rfc822; Bob@b.example\r\nFinal-Recipient: rfc822; ${BOB}\r\nAction: delivered\r\n`,
    );
    expect(await mailOf(next, BOB)).to.have.length(1);
    expect((await next.do('queue', 'list')).trim()).to.not.include(ALICE);
  });

  it('says that the message was passed on, where the next server does not announce DSN', async () => {
    await begin(false);
    await submit('', `<${BOB}> NOTIFY=SUCCESS`, '<nobody@b.example> NOTIFY=NEVER');
    const [report = '', ...more] = await arrived(first, ALICE);
    expect(more).to.deep.equal([]);
    expect(report).to.include(`\r\nFinal-Recipient: rfc822; ${BOB}\r\nAction: relayed\r\n`);
    expect(report).to.not.include('nobody@');
  });

  it('of a message that is held comes when its time has come, and not before (RFC 4865)', async () => {
    await begin(false);
    const startedAtMs = Date.now();
    await submit(' HOLDFOR=2', `<${BOB}> NOTIFY=SUCCESS`);
    expect(await first.do('queue', 'list')).to.match(/bob@b\.example/);
    await arrived(first, ALICE);
    expect(Date.now() - startedAtMs).to.be.at.least(2_000);
    expect(await mailOf(next, BOB)).to.have.length(1);
  });
});
