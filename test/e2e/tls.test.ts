/** TLS of the whole server: what an attacker puts around STARTTLS and STLS, large messages, and tickets between services. */
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { within } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { behindTrace, demand, sendData } from '../support/mail-clients.js';
import { lines } from '../support/messages.js';
import { POSTMASTER, Server, somePorts } from '../support/server.js';
import { inClear, secureClient, secureSocket, ticketOf, upgraded } from '../support/tls-client.js';

const PATIENCE_MS = 10_000;
const LARGE_BYTES = 40 * 1024 * 1024;

describe('TLS', function () {
  this.timeout(60_000);
  let server: Server;
  let submissions: number;
  let pop3s: number;

  before(async () => {
    const [first = 0, second = 0] = await somePorts(2);
    [submissions, pop3s] = [first, second];
    const ports = ['--submissions-port', String(first), '--pop3s-port', String(second)];
    server = await Server.start({ arguments: ports });
    await server.addAccount('alice@localhost', 'secret');
  });

  after(() => server.release());

  const begin = { smtp: ['EHLO client.example', 'STARTTLS'], pop3: ['STLS'] } as const;
  const port = (protocol: 'smtp' | 'pop3') => (protocol === 'smtp' ? server.smtpPort : server.pop3Port);

  for (const [protocol, injected, refusal] of [
    ['smtp', 'EHLO evil.example\r\nMAIL FROM:<evil@example.org>\r\n', /^421 4\.7\.0 /],
    ['pop3', 'USER alice\r\nPASS secret\r\n', /^-ERR /],
  ] as const) {
    it(`refuses what comes in clear behind ${begin[protocol].at(-1)}, in the same segment`, async () => {
      const { client } = await inClear(port(protocol));
      client.write(Buffer.from(`${begin[protocol].join('\r\n')}\r\n${injected}`));
      const said = (await within(PATIENCE_MS, 'the end', client.rest())).trimEnd().split('\r\n');
      expect(said.at(-1)).to.match(refusal);
      expect(said.filter((line) => /^(220 2|\+OK)/.test(line))).to.deep.equal([]);
    });

    it(`never obeys what comes in clear behind ${begin[protocol].at(-1)}, in a following segment`, async () => {
      const { client, socket } = await inClear(port(protocol));
      socket.setNoDelay(true);
      if (protocol === 'smtp') await demand(client, 'EHLO client.example', 250);
      await client.flush(Buffer.from(`${begin[protocol].at(-1) ?? ''}\r\n`));
      await client.flush(Buffer.from(injected));
      const said = await within(PATIENCE_MS, 'the end', client.rest());
      expect(said).to.match(/^(220 2\.0\.0|\+OK|421|-ERR)[^\r]*\r\n/);
      expect(said).to.not.match(/\r\n(250|334|\+OK)/);
    });
  }

  it('remembers nothing of what was said in clear: EHLO, MAIL, USER', async () => {
    const smtp = (await upgraded(server.smtpPort, ['EHLO client.example', 'MAIL FROM:<>', 'RSET', 'STARTTLS'])).client;
    await demand(smtp, 'MAIL FROM:<>', 503);
    await demand(smtp, 'RCPT TO:<alice@localhost>', 503);
    const hello = await demand(smtp, 'EHLO again.example', 250);
    expect(hello.lines.join()).to.not.include('STARTTLS');
    await demand(smtp, 'STARTTLS', 503);
    await sendData(smtp, 'alice@localhost', Buffer.from('Subject: x\r\n\r\n'));
    smtp.destroy();
    const pop3 = (await upgraded(server.pop3Port, ['USER alice', 'STLS'])).client;
    await pop3.ask('PASS secret', /^-ERR/);
    await pop3.ask('STLS', /^-ERR/);
    pop3.send('CAPA');
    await pop3.expect(/^\+OK/);
    expect((await pop3.multiline()).toString()).to.not.include('STLS');
    await pop3.ask('USER alice', /^\+OK/);
    await pop3.ask('PASS secret', /^\+OK/);
    await pop3.ask('RETR 1', /^\+OK/);
    expect((await pop3.multiline()).toString()).to.match(
      /from again\.example .*\r\n.* with ESMTPS \(TLSv1\.3 TLS_\w+\) id/,
    );
    await pop3.ask('DELE 1', /^\+OK/);
    await pop3.ask('QUIT', /^\+OK/);
  });

  it('begins in no transaction and with no argument', async () => {
    const smtp = await LineClient.greeted(server.smtpPort);
    await demand(smtp, 'STARTTLS now', 501);
    await demand(smtp, 'EHLO client.example', 250);
    await demand(smtp, 'STARTTLS now', 501);
    await demand(smtp, 'MAIL FROM:<>', 250);
    await demand(smtp, 'STARTTLS', 503);
    await demand(smtp, 'RSET', 250);
    smtp.destroy();
    const pop3 = await LineClient.greeted(server.pop3Port);
    await pop3.ask('STLS now', /^-ERR/);
    await pop3.ask('USER alice', /^\+OK/);
    await pop3.ask('PASS secret', /^\+OK/);
    await pop3.ask('STLS', /^-ERR/);
    pop3.destroy();
  });

  it('goes on with the others when a handshake is garbage or breaks off', async () => {
    for (const first of ['EHLO x\r\n', '\x16\x03\x01\xff\xff']) {
      const client = await LineClient.connect(submissions);
      client.write(Buffer.from(first, 'latin1'));
      if (first.startsWith('E')) await within(PATIENCE_MS, 'the end', client.rest());
      client.destroy();
    }
    const client = await secureClient(submissions);
    await client.expect(/^220 /);
    await demand(client, 'EHLO client.example', 250);
    await demand(client, 'MAIL FROM:<>', 530);
    client.destroy();
  });

  it('carries 40 MB in and out, byte for byte, at the pace of the slower side', async () => {
    const message = lines(LARGE_BYTES);
    const { client } = await upgraded(server.smtpPort, [...begin.smtp]);
    await demand(client, 'EHLO client.example', 250);
    await sendData(client, POSTMASTER, message);
    client.destroy();
    const pop3 = await secureClient(pop3s);
    await pop3.expect(/^\+OK/);
    await pop3.ask(`USER ${POSTMASTER}`, /^\+OK/);
    await pop3.ask(`PASS ${server.password}`, /^\+OK/);
    await pop3.ask('RETR 1', /^\+OK/);
    expect(behindTrace(await pop3.multiline()).equals(message)).to.equal(true);
    await pop3.ask('QUIT', /^\+OK/);
    await within(PATIENCE_MS, 'the end', pop3.rest());
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`resumes a session of ${version} at every worker of its service, and at no other service`, async () => {
      const visits = {
        smtp: (options: object) => upgraded(server.smtpPort, begin.smtp, options).then(({ socket }) => socket),
        pop3: (options: object) => upgraded(server.pop3Port, begin.pop3, options).then(({ socket }) => socket),
        submissions: (options: object) => greeted({ port: submissions, ...options }),
        pop3s: (options: object) => greeted({ port: pop3s, ...options }),
      };
      /** Tickets may come behind the first bytes. */
      const greeted = async (options: object) => {
        const socket = await secureSocket(options);
        await once(socket, 'data');
        return socket;
      };
      const visit = async (name: keyof typeof visits, session?: Buffer) => {
        const versions = { minVersion: version, maxVersion: version };
        const socket = await visits[name]({ ...versions, ...(session && { session }) });
        socket.write(name.startsWith('pop3') ? 'CAPA\r\n' : 'NOOP\r\n');
        await once(socket, 'data');
        const visited = { resumed: socket.isSessionReused(), ticket: ticketOf(socket) };
        socket.destroy();
        return visited;
      };
      for (const from of ['smtp', 'pop3', 'submissions', 'pop3s'] as const) {
        for (const to of ['smtp', 'pop3', 'submissions', 'pop3s'] as const) {
          const { ticket } = await visit(from);
          // Several times at its own: there are two workers, and either may answer.
          for (let times = from === to ? 6 : 1; times > 0; times--)
            expect((await visit(to, ticket)).resumed, `${from} at ${to}, ${times}`).to.equal(from === to);
        }
      }
    });
});

describe('a server whose certificate cannot be used', () => {
  it('does not start, says why in one sentence, and ends with 78', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pennypost-'));
    await writeFile(join(directory, 'bad.pem'), 'nothing');
    const server = await Server.launch({ directory, arguments: ['--tls-certificate', 'bad.pem'] });
    expect((await server.end()).status).to.equal(78);
    expect(server.stderr).to.include('pennypost: bad.pem holds no certificate in PEM form\n');
    await server.release();
  });
});
