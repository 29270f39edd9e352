/** The messages of an account by HTTP, as programs see them that were written for Mailpit's API. */
import { expect } from 'chai';
import { ask, type HttpAnswer, type Question } from '../support/http-client.js';
import { pop3Session, sendData, smtpSession } from '../support/mail-clients.js';
import type { LineClient } from '../support/line-client.js';
import { Server } from '../support/server.js';

const ATTACHMENT = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 251));
const NEWSLETTER = [
  'From: "Doe, Jane" <jane@example.net>',
  'To: =?utf-8?q?B=C3=A4r=2C_Bob?= <bob@localhost>, carol@localhost',
  'Subject: =?utf-8?q?J=C3=BCrgen=27s_letter?=',
  'Message-ID: <one@example.net>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary="outer"',
  '',
  'preamble',
  '--outer',
  'Content-Type: multipart/alternative; boundary=inner',
  '',
  '--inner',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Gr=FC=DFe, und eine =',
  'Zeile',
  '--inner',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Grüße</p>',
  '--inner--',
  '--outer',
  "Content-Type: application/pdf; name*=utf-8''Rechnung%20%C3%9C.pdf",
  'Content-Transfer-Encoding: base64',
  'Content-Disposition: attachment',
  '',
  ...(ATTACHMENT.toString('base64').match(/.{1,76}/g) ?? []),
  '--outer',
  'Content-Type: image/png',
  'Content-ID: <logo@x>',
  'Content-Transfer-Encoding: base64',
  '',
  'iVBORw==',
  '--outer--',
].join('\r\n');

interface Page {
  readonly total: number;
  readonly messages: readonly { readonly ID: string; readonly Subject: string; readonly From: unknown }[];
}

interface Message extends Readonly<Record<string, unknown>> {
  readonly Attachments: readonly { readonly PartID: string; readonly Size: number }[];
}

describe('mail by HTTP', () => {
  let server: Server;
  let smtp: LineClient;
  const authorization = `Basic ${Buffer.from("alice@localhost:alice's secret").toString('base64')}`;

  before(async () => {
    server = await Server.start({ web: true, workers: 1 });
    for (const name of ['alice', 'bob']) await server.addAccount(`${name}@localhost`, `${name}'s secret`);
    smtp = await smtpSession(server.smtpPort);
  });

  after(async () => {
    smtp.destroy();
    await server.release();
  });

  const call = (path: string, more: Partial<Question> = {}): Promise<HttpAnswer> =>
    ask(server.webPort, { path: `/api/v1/${path}`, headers: { authorization }, ...more });
  const page = async (path = 'messages'): Promise<Page> => JSON.parse((await call(path)).text) as Page;
  const subjects = async (path?: string) => (await page(path)).messages.map(({ Subject: subject }) => subject);
  const send = (message: string): Promise<void> => sendData(smtp, 'alice@localhost', Buffer.from(message));
  const remove = (ids?: readonly string[]) => call('messages', { method: 'DELETE', body: ids && { IDs: ids } });

  beforeEach(() => remove());

  it('lists them newest first, a page at a time', async () => {
    for (const number of [1, 2, 3]) await send(`Subject: ${number}\r\n\r\ntext  of\r\n ${number}\r\n`);
    expect(await subjects()).to.deep.equal(['3', '2', '1']);
    expect(await subjects('messages?start=1&limit=1')).to.deep.equal(['2']);
    expect(await subjects('messages?start=3')).to.deep.equal([]);
    const { total, messages } = await page('messages?limit=1');
    expect([total, messages[0]]).to.deep.equal([
      3,
      {
        ...{ ID: messages[0]?.ID, MessageID: '', Read: false, From: null, To: [], Cc: [], Bcc: [], ReplyTo: [] },
        ...{ Subject: '3', Created: (messages[0] as unknown as { Created: string }).Created, Username: '', Tags: [] },
        ...{ Size: (messages[0] as unknown as { Size: number }).Size, Attachments: 0, Snippet: 'text of 3' },
      },
    ]);
    for (const wrong of ['start=-1', 'limit=1000', 'limit=x'])
      expect((await call(`messages?${wrong}`)).status, wrong).to.equal(400);
  });

  it('takes a message apart: fields, texts and parts, and gives each part as it was before it was encoded', async () => {
    await send(`${NEWSLETTER}\r\n`);
    const { Attachments: attachments, ...message } = JSON.parse((await call('message/latest')).text) as Message;
    expect(message).to.deep.include({
      From: { Name: 'Doe, Jane', Address: 'jane@example.net' },
      To: [
        { Name: 'Bär, Bob', Address: 'bob@localhost' },
        { Name: '', Address: 'carol@localhost' },
      ],
      ...{ Subject: "Jürgen's letter", MessageID: 'one@example.net', HTML: '<p>Grüße</p>' },
      Text: 'Grüße, und eine Zeile',
      Inline: [{ PartID: '3', FileName: '', ContentType: 'image/png', ContentID: 'logo@x', Size: 6 }],
    });
    expect(attachments).to.deep.equal([
      {
        ...{ PartID: '2', FileName: 'Rechnung Ü.pdf', ContentType: 'application/pdf', ContentID: '' },
        Size: attachments[0]?.Size,
      },
    ]);
    expect(attachments[0]?.Size).to.be.within(ATTACHMENT.length, ATTACHMENT.length + 2);
    const part = await call('message/latest/part/2', { encoding: 'latin1' });
    expect(Buffer.from(part.text, 'latin1').equals(ATTACHMENT)).to.equal(true);
    expect(part.headers['content-disposition']).to.equal(
      `attachment; filename="Rechnung _.pdf"; filename*=UTF-8''Rechnung%20%C3%9C.pdf`,
    );
    expect(part.headers['content-security-policy']).to.equal("default-src 'none'; sandbox");
    expect((await call('message/latest/part/9')).status).to.equal(404);
    const raw = await call('message/latest/raw');
    expect(raw.text.endsWith(`${NEWSLETTER}\r\n`)).to.equal(true);
    const headers = JSON.parse((await call('message/latest/headers')).text) as Record<string, readonly string[]>;
    expect(headers['Subject']).to.deep.equal(["Jürgen's letter"]);
    expect(headers['Received']).to.have.length(1);
  });

  it('removes them as a mail program does, and takes them back', async () => {
    for (const name of ['a', 'b', 'c']) await send(`Subject: ${name}\r\n\r\n`);
    const [c, b, a] = (await page()).messages.map(({ ID }) => ID) as [string, string, string];
    expect((await remove([b, a, '999999'])).text).to.equal('ok');
    expect(await subjects()).to.deep.equal(['c']);
    expect((await call(`message/${a}`)).status).to.equal(404);
    expect((await call(`message/${a}/raw`)).status).to.equal(404);
    const restored = await call('messages/restore', { method: 'POST', body: { IDs: [a, b, c] } });
    expect([restored.status, restored.text]).to.deep.equal([200, '{"restored":2}']);
    expect((await subjects()).toSorted()).to.deep.equal(['a', 'b', 'c']);
    await remove();
    expect(await page()).to.deep.include({ total: 0, messages: [] });
    expect(await server.do('mail', 'removed', 'alice@localhost')).to.include('127.0.0.1 by HTTP');
  });

  it('shows nobody the mail of another, and nothing to who has not logged in', async () => {
    await send('Subject: mine\r\n\r\n');
    const bob = `Basic ${Buffer.from("bob@localhost:bob's secret").toString('base64')}`;
    const { ID: id } = (await page()).messages[0] ?? { ID: '' };
    for (const path of ['', '/raw', '/headers', '/part/1']) {
      expect((await call(`message/${id}${path}`, { headers: { authorization: bob } })).status, path).to.equal(404);
      expect((await call(`message/${id}${path}`, { headers: {} })).status, path).to.equal(401);
    }
    await call('messages', { method: 'DELETE', headers: { authorization: bob } });
    expect(await subjects()).to.deep.equal(['mine']);
  });

  it('refuses to remove while a mail program has the maildrop open, and says so', async () => {
    await send('Subject: x\r\n\r\n');
    const session = await pop3Session(server.pop3Port, 'alice@localhost', "alice's secret");
    const refused = await remove();
    expect([refused.status, refused.text]).to.deep.equal([
      ...[409, '{"error":"a mail program has the maildrop open; try again when it is done"}'],
    ]);
    await session.ask('QUIT', /^\+OK/);
    expect((await remove()).status).to.equal(200);
  });
});
