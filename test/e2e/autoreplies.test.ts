/** What accounts answer by themselves (RFC 3834), on the real server of two workers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { demand, fetchAll, smtpSession, takeAll } from '../support/mail-clients.js';
import { Server } from '../support/server.js';

const TEXT = 'Ich bin verreist, grüße.\n.\n';

describe('an autoreply', () => {
  let server: Server;

  before(async () => {
    server = await Server.start({ workers: 2 });
    for (const name of ['alice', 'bob', 'carol', 'noreply', 'dave']) await server.addAccount(`${name}@localhost`, name);
    await server.do('alias', 'add', 'sales@localhost', 'alice@localhost');
    await server.do('domain', 'alias', 'add', 'local.example', 'localhost');
    const file = join(server.directory, 'away.txt');
    writeFileSync(file, TEXT);
    for (const name of ['alice', 'bob'])
      await server.do(
        'account',
        'autoreply',
        `${name}@localhost`,
        '--subject',
        `Bin weg: grüße, ${name}`,
        '--text',
        file,
      );
  });

  after(() => server.release());

  async function send(from: string, to: string, ...fields: readonly string[]): Promise<void> {
    const client = await smtpSession(server.smtpPort);
    await demand(client, `MAIL FROM:<${from}>`, 250);
    await demand(client, `RCPT TO:<${to}>`, 250);
    await demand(client, 'DATA', 354);
    await demand(client, [...fields, '', 'Hello.', '.'].join('\r\n'), 250);
    await client.ask('QUIT', /^221/);
  }

  const taken = async (name: string) =>
    (await takeAll(server.pop3Port, `${name}@localhost`, name)).map((message) => message.toString());
  const count = async (name: string) => (await fetchAll(server.pop3Port, `${name}@localhost`, name)).length;

  it('answers a sender once, and what belongs to it stands in it', async () => {
    const to = ['To: Alice <alice@localhost>', 'Message-ID: <2@x.example>', 'References: <1@x.example>'];
    await send('carol@localhost', 'alice@localhost', ...to);
    await send('Carol@localhost', 'alice+x@localhost', 'Cc: ALICE+x@localhost');
    const [answer = '', ...more] = await taken('carol');
    expect(more).to.deep.equal([]);
    for (const line of [
      ...['Return-Path: <>', 'From: <alice@localhost>', 'To: <carol@localhost>', 'Auto-Submitted: auto-replied'],
      ...['In-Reply-To: <2@x.example>', 'References: <1@x.example>\r\n <2@x.example>'],
    ])
      expect(answer).to.contain(`${line}\r\n`);
    expect(answer).to.match(/^Subject: =\?utf-8\?B\?/m);
    expect(answer).to.match(/\r\n\r\nIch bin verreist, grüße\.\r\n\.\r\n$/);
    expect((await taken('alice')).length).to.equal(2);
  });

  it('answers by other names of the account, and after what is new', async () => {
    const file = join(server.directory, 'away.txt');
    const again = () => server.do('account', 'autoreply', 'alice@localhost', '--subject', 'x', '--text', file);
    for (const [path, named] of [
      ['sales@localhost', 'sales@localhost'],
      ['alice@local.example', 'alice@local.example'],
      ['alice@localhost', 'sales@local.example'],
    ] as const) {
      await again();
      await send('dave@localhost', path, `To: ${named}`);
      expect(await taken('dave'), `${path} ${named}`).to.have.length(1);
    }
  });

  it('does not answer programs, lists, nobody, nor who did not name the account, nor itself', async () => {
    await send('dave@localhost', 'bob@localhost', 'To: undisclosed-recipients:;');
    await send('dave@localhost', 'bob@localhost', 'To: bob@localhost', 'List-Id: <x.example>');
    await send('dave@localhost', 'bob@localhost', 'To: bob@localhost', 'Auto-Submitted: auto-replied');
    await send('noreply@localhost', 'bob@localhost', 'To: bob@localhost');
    await send('', 'bob@localhost', 'To: bob@localhost');
    await send('dave@elsewhere.example', 'bob@localhost', 'To: bob@localhost');
    await send('bob@local.example', 'bob@localhost', 'To: bob@localhost');
    expect(await count('bob')).to.equal(7);
    expect([await count('dave'), await count('noreply')]).to.deep.equal([0, 0]);
    await taken('bob');
  });

  it('ends with one answer each, where both answer, whatever comes at once', async () => {
    await taken('alice');
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n % 2 === 0
          ? send('alice@localhost', 'bob@localhost', 'To: bob@localhost')
          : send('bob@localhost', 'alice@localhost', 'To: alice@localhost'),
      ),
    );
    expect([await count('alice'), await count('bob')]).to.deep.equal([21, 21]);
  });

  it('is shown, and ended', async () => {
    expect(await server.do('account', 'autoreply', 'bob@localhost')).to.match(
      /once a week\.\n\nSubject: Bin weg: .*, bob\n\nIch bin/,
    );
    expect(await server.do('account', 'autoreply', 'bob@localhost', 'off')).to.match(/answers nobody/);
    await send('carol@localhost', 'bob@localhost', 'To: bob@localhost');
    expect(await count('carol')).to.equal(0);
  });
});
