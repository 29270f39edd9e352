/** Aliases that lead from one server to another: the copies here and the mail that goes out are one message; what goes in a circle ends. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { demand, smtpSession } from '../support/mail-clients.js';
import { Server, somePorts } from '../support/server.js';

const OTHER = 'other.example';
/** So near the limit of RFC 5321 §6.3 that few rounds are left. */
const TRAVELLED = 'Received: from a by b; Mon, 30 Nov 2026 10:12:05 +0000\r\n'.repeat(94);

describe('aliases between two servers', () => {
  let here: Server;
  let there: Server;

  before(async () => {
    const [thereSmtp = 0, therePop3 = 0] = await somePorts(2);
    const relay = (port: number) => ['--outbound', 'relay', '--relay', `smtp://127.0.0.1:${port}?tls=none`];
    here = await Server.start({ workers: 1, arguments: relay(thereSmtp) });
    const ports = ['--smtp-port', String(thereSmtp), '--pop3-port', String(therePop3), '--workers', '1'];
    there = await Server.start({ argv: ['serve', ...ports, '--domain', OTHER, ...relay(here.smtpPort)] });
    for (const [server, ...words] of [
      [here, 'team@localhost', 'postmaster@localhost', `carol@${OTHER}`],
      [here, 'round@localhost', `round@${OTHER}`],
      [there, `round@${OTHER}`, 'round@localhost'],
    ] as const)
      await server.do('alias', 'add', ...words, '--outbound', 'relay', '--relay', 'smtp://127.0.0.1');
    await there.addAccount(`carol@${OTHER}`, 'a password of hers');
  });

  after(async () => {
    await here.release();
    await there.release();
  });

  async function send(to: string, from: string, text: string): Promise<void> {
    const client = await smtpSession(here.smtpPort);
    await demand(client, `MAIL FROM:<${from}>`, 250);
    await demand(client, `RCPT TO:<${to}>`, 250);
    await demand(client, 'DATA', 354);
    await demand(client, `${text}\r\n.`, 250);
    client.destroy();
  }

  const listed = async (server: Server, account: string) =>
    JSON.parse(await server.do('mail', 'list', account, '--json')) as readonly { readonly subject: string }[];

  it('bring a message to those here and to those there, from whoever wrote it', async () => {
    await send('team@localhost', 'stranger@example.net', 'Subject: to all\r\n\r\ntext');
    await eventually('it to arrive there', async () => (await listed(there, `carol@${OTHER}`)).length === 1, 10_000);
    expect((await listed(here, 'postmaster@localhost')).map(({ subject }) => subject)).to.deep.equal(['to all']);
    expect(await there.do('mail', 'show', `carol@${OTHER}`, '1')).to.match(/^Return-Path: <stranger@example\.net>\r\n/);
  });

  it('end when they lead in a circle, and the sender hears of it once', async () => {
    await send('round@localhost', 'postmaster@localhost', `${TRAVELLED}Subject: round\r\n\r\ntext`);
    const reports = async () =>
      (await listed(here, 'postmaster@localhost')).filter(({ subject }) => subject.includes('could not be delivered'));
    await eventually('the report', async () => (await reports()).length > 0, 20_000);
    for (const server of [here, there])
      await eventually('nothing to wait', async () => {
        const { queue } = await server.status();
        return queue?.['active'] === 0 && queue['deferred'] === 0;
      });
    expect(await reports()).to.have.length(1);
  });
});
