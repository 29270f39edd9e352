/**
 * Real mail clients log in with each mechanism that they know: over STARTTLS or STLS, over TLS from the first byte, and
 * in clear from this machine. They check the server's own certificate. The server's log says who came in, and how.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import Pop3Command from 'node-pop3';
import { createTransport } from 'nodemailer';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { itNeeds, run } from '../support/programs.js';
import { ScramClient } from '../support/scram-client.js';
import { Server } from '../support/server.js';

const HOST = 'localhost';
const USER = 'alice@localhost';
const OTHER = 'bob@localhost';
const PASSWORD = 'correct-horse';
const MARK = 'a line that came all the way';
const MESSAGE = [
  ...[`From: <${USER}>`, `To: <${OTHER}>`, 'Subject: login', 'Date: Mon, 02 Nov 2026 10:00:00 +0000'],
  ...['Message-ID: <login@client.example>', '', MARK, ''],
].join('\r\n');

type Tls = 'upgrade' | 'implicit' | 'none';
const ways: readonly Tls[] = ['upgrade', 'implicit', 'none'];

interface SessionLine {
  readonly protocol: string;
  readonly account?: string;
  readonly mechanism?: string;
  readonly tls?: string;
  readonly accepted?: number;
}

describe('logins of real clients', () => {
  let server: Server;
  let directory = '';
  let seen = 0;

  before(async () => {
    server = await Server.start({ everyService: true, arguments: ['--verbose'] });
    await server.addAccount(USER, PASSWORD);
    await server.addAccount(OTHER, PASSWORD);
    const client = await smtpSession(server.smtpPort);
    await sendData(client, USER, Buffer.from(MESSAGE));
    await client.ask('QUIT', /^221/);
    await eventually('that session to end', () => sessions().length === 1);
  });

  after(() => server.release());

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-login-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function file(name: string, ...lines: readonly string[]): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, `${lines.join('\n')}\n`);
    await chmod(path, 0o600);
    return path;
  }

  function sessions(): readonly SessionLine[] {
    const lines = server.logs.split('\n').filter((line) => line.startsWith('{') && line.endsWith('"msg":"session"}'));
    return lines.map((line) => JSON.parse(line) as SessionLine);
  }

  /** The log's line of the session that has just ended. */
  async function logged(protocol: string, mechanism: string, tls: Tls): Promise<SessionLine> {
    const line = await eventually('the line of a session', () => sessions()[seen]);
    seen += 1;
    expect(line).to.include({ protocol, mechanism, account: USER });
    expect(line.tls).to.equal(tls === 'none' ? undefined : 'TLSv1.3');
    return line;
  }

  /** One session for each way, each of them with a message that was accepted. */
  async function sends(mechanism: string, send: (tls: Tls, port: number) => Promise<unknown>): Promise<void> {
    for (const tls of ways) {
      seen = sessions().length;
      await send(tls, tls === 'implicit' ? server.submissionsPort : server.submissionPort);
      expect(await logged('submission', mechanism, tls)).to.include({ accepted: 1 });
    }
  }

  async function fetches(
    mechanism: string,
    fetch: (tls: Tls, port: number) => Promise<string | Buffer>,
    by: readonly Tls[] = ways,
  ): Promise<void> {
    for (const tls of by) {
      seen = sessions().length;
      expect((await fetch(tls, tls === 'implicit' ? server.pop3sPort : server.pop3Port)).toString()).to.contain(MARK);
      await logged('pop3', mechanism, tls);
    }
  }

  async function maildir(): Promise<string> {
    const path = join(directory, 'maildir');
    await rm(path, { recursive: true, force: true });
    for (const name of ['new', 'cur', 'tmp']) await mkdir(join(path, name), { recursive: true });
    return path;
  }

  async function delivered(path: string): Promise<Buffer> {
    const [name = ''] = await readdir(join(path, 'new'));
    return readFile(join(path, 'new', name));
  }

  describe('swaks', () => {
    for (const mechanism of ['PLAIN', 'LOGIN'])
      itNeeds(['swaks'], mechanism, () =>
        sends(mechanism, async (tls, port) =>
          run('swaks', [
            ...['--server', HOST, '--port', String(port), '--helo', 'client.example', '--from', USER, '--to', OTHER],
            ...['--auth', mechanism, '--auth-user', USER, '--auth-password', PASSWORD],
            ...{ upgrade: ['--tls'], implicit: ['--tlsc'], none: [] }[tls],
            ...['--tls-verify', '--tls-ca-path', server.certificate, '--data', `@${await file('message', MESSAGE)}`],
          ]),
        ),
      );
  });

  describe('msmtp', () => {
    for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'])
      itNeeds(['msmtp'], mechanism, () =>
        sends(mechanism, async (tls, port) =>
          run(
            'msmtp',
            [
              ...[`--file=${await file('msmtprc', '')}`, `--host=${HOST}`, `--port=${port}`, `--from=${USER}`],
              ...[`--auth=${mechanism.toLowerCase()}`, `--user=${USER}`, `--passwordeval=echo ${PASSWORD}`],
              ...[`--tls=${tls === 'none' ? 'off' : 'on'}`, `--tls-starttls=${tls === 'upgrade' ? 'on' : 'off'}`],
              ...[`--tls-trust-file=${server.certificate}`, '--', OTHER],
            ],
            { input: MESSAGE.replaceAll('\r\n', '\n') },
          ),
        ),
      );
  });

  describe('mpop', () => {
    for (const mechanism of ['USER', 'PLAIN', 'LOGIN', 'SCRAM-SHA-256'])
      itNeeds(['mpop'], mechanism, () =>
        fetches(mechanism, async (tls, port) => {
          const path = await maildir();
          await rm(join(directory, 'uidls'), { force: true });
          await run('mpop', [
            ...[`--file=${await file('mpoprc', '')}`, `--host=${HOST}`, `--port=${port}`, '--keep=on', '--quiet'],
            ...[`--auth=${mechanism.toLowerCase()}`, `--user=${USER}`, `--passwordeval=echo ${PASSWORD}`],
            ...[`--tls=${tls === 'none' ? 'off' : 'on'}`, `--tls-starttls=${tls === 'upgrade' ? 'on' : 'off'}`],
            ...[`--tls-trust-file=${server.certificate}`, `--uidls-file=${join(directory, 'uidls')}`],
            `--delivery=maildir,${path}`,
          ]);
          return delivered(path);
        }),
      );
  });

  describe('curl', () => {
    const options = (mechanism: string, tls: Tls) => [
      ...['--silent', '--show-error', '--cacert', server.certificate, '--user', `${USER}:${PASSWORD}`],
      ...['--login-options', `AUTH=${mechanism}`, ...(tls === 'upgrade' ? ['--ssl-reqd'] : [])],
    ];

    for (const mechanism of ['PLAIN', 'LOGIN']) {
      itNeeds(['curl'], `${mechanism}, sending`, () =>
        sends(mechanism, async (tls, port) =>
          run('curl', [
            ...[...options(mechanism, tls), '--mail-from', USER, '--mail-rcpt', OTHER],
            ...['--upload-file', await file('message', MESSAGE.slice(0, -1))],
            `${tls === 'implicit' ? 'smtps' : 'smtp'}://${HOST}:${port}/client.example`,
          ]),
        ),
      );

      itNeeds(['curl'], `${mechanism}, fetching`, () =>
        fetches(mechanism, async (tls, port) => {
          const url = `${tls === 'implicit' ? 'pop3s' : 'pop3'}://${HOST}:${port}/1`;
          return (await run('curl', [...options(mechanism, tls), url])).stdout;
        }),
      );
    }
  });

  describe('mutt', () => {
    const settings = (tls: Tls) => [
      ...[`set certificate_file="${server.certificate}"`, `set ssl_force_tls=${tls === 'none' ? 'no' : 'yes'}`],
      ...[`set ssl_starttls=${tls === 'upgrade' ? 'yes' : 'no'}`, 'set copy=no', `set folder="${directory}"`],
    ];
    const account = encodeURIComponent(USER);

    for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'])
      itNeeds(['mutt'], `${mechanism}, sending`, () =>
        sends(mechanism, async (tls, port) => {
          const configuration = await file(
            'muttrc',
            ...[...settings(tls), `set from="${USER}"`, 'set use_from=yes', `set smtp_pass="${PASSWORD}"`],
            `set smtp_url="${tls === 'implicit' ? 'smtps' : 'smtp'}://${account}@${HOST}:${port}"`,
            `set smtp_authenticators="${mechanism.toLowerCase()}"`,
          );
          await run('mutt', ['-n', '-F', configuration, '-s', 'login', OTHER], { input: MARK, cwd: directory });
        }),
      );

    for (const mechanism of ['USER', 'PLAIN', 'LOGIN', 'SCRAM-SHA-256'])
      itNeeds(['mutt', 'script'], `${mechanism}, fetching`, () =>
        fetches(mechanism, async (tls, port) => {
          const mailbox = join(directory, 'mailbox');
          await rm(mailbox, { force: true });
          const configuration = await file(
            'muttrc',
            ...[...settings(tls), `set pop_authenticators="${mechanism.toLowerCase()}"`, `set pop_pass="${PASSWORD}"`],
            ...['set quit=yes', 'set pop_delete=no', 'set confirmappend=no', 'set confirmcreate=no', 'set move=no'],
            `push "<copy-message>${mailbox}<enter><exit>"`,
          );
          const url = `${tls === 'implicit' ? 'pops' : 'pop'}://${account}@${HOST}:${port}`;
          // It wants a terminal.
          await run('script', ['-qec', `mutt -n -F '${configuration}' -f '${url}'`, '/dev/null'], {
            cwd: directory,
            environment: { TERM: 'xterm', HOME: directory },
          });
          return readFile(mailbox);
        }),
      );
  });

  describe('fetchmail', () => {
    itNeeds(['fetchmail'], 'USER', () =>
      fetches('USER', async (tls, port) => {
        const target = join(directory, 'fetched');
        const checked = `sslcertck sslcertfile "${server.certificate}"`;
        const words = { upgrade: `sslproto tls1.2+ ${checked}`, implicit: `ssl ${checked}`, none: 'sslproto ""' }[tls];
        const configuration = await file(
          'fetchmailrc',
          `set no syslog\npoll ${HOST} protocol pop3 port ${port} auth password uidl no dns`,
          `user "${USER}" password "${PASSWORD}" ${words} no rewrite keep fetchall`,
          `mda "tee ${target}"`,
        );
        await run('fetchmail', ['--fetchmailrc', configuration, '--invisible'], {
          environment: { FETCHMAILHOME: directory, LC_ALL: 'C' },
        });
        return readFile(target);
      }),
    );
  });

  describe('getmail', () => {
    itNeeds(['getmail'], 'USER', () =>
      fetches(
        'USER',
        async (tls, port) => {
          const target = join(directory, 'fetched');
          await file(
            'getmailrc',
            ...['[retriever]', `type = SimplePOP3${tls === 'implicit' ? 'SSL' : ''}Retriever`, `server = ${HOST}`],
            ...[`port = ${port}`, `username = ${USER}`, `password = ${PASSWORD}`],
            ...(tls === 'implicit' ? [`ca_certs = ${server.certificate}`] : []),
            ...['[destination]', 'type = MDA_external', 'path = /usr/bin/tee', `arguments = ("${target}",)`],
            ...['allow_root_commands = true', 'unixfrom = false', '[options]', 'read_all = true', 'delete = false'],
          );
          await run('getmail', ['--getmaildir', directory]);
          return readFile(target);
        },
        ['implicit', 'none'],
      ),
    );
  });

  describe('Python', () => {
    for (const mechanism of ['PLAIN', 'LOGIN'])
      for (const [how, initial] of [
        ['in one line', 'True'],
        ['asked for', 'False'],
      ])
        itNeeds(['python3'], `smtplib, ${mechanism} ${how}`, () =>
          sends(mechanism, (tls, port) =>
            run('python3', [
              '-c',
              `
import smtplib, ssl
context = ssl.create_default_context(cafile='${server.certificate}')
${tls === 'implicit' ? `client = smtplib.SMTP_SSL('${HOST}', ${port}, context=context, timeout=10)` : `client = smtplib.SMTP('${HOST}', ${port}, timeout=10)`}
client.ehlo()
${tls === 'upgrade' ? 'client.starttls(context=context)\nclient.ehlo()' : ''}
client.user, client.password = '${USER}', '${PASSWORD}'
client.auth('${mechanism}', client.auth_${mechanism.toLowerCase()}, initial_response_ok=${initial})
client.sendmail('${USER}', ['${OTHER}'], ${JSON.stringify(MESSAGE)})
client.quit()
`,
            ]),
          ),
        );

    itNeeds(['python3'], 'poplib, USER', () =>
      fetches('USER', async (tls, port) => {
        const script = `
import poplib, ssl, sys
context = ssl.create_default_context(cafile='${server.certificate}')
${tls === 'implicit' ? `client = poplib.POP3_SSL('${HOST}', ${port}, context=context, timeout=10)` : `client = poplib.POP3('${HOST}', ${port}, timeout=10)`}
${tls === 'upgrade' ? 'client.stls(context)' : ''}
assert 'PLAIN' in client.capa()['SASL']
client.user('${USER}')
client.pass_('${PASSWORD}')
sys.stdout.buffer.write(b'\\n'.join(client.retr(1)[1]))
client.quit()
`;
        return (await run('python3', ['-c', script])).stdout;
      }),
    );
  });

  describe('nodemailer and node-pop3', () => {
    for (const mechanism of ['PLAIN', 'LOGIN'])
      it(`${mechanism}, sending`, () =>
        sends(mechanism, async (tls, port) => {
          const transport = createTransport({
            ...{
              host: HOST,
              port,
              secure: tls === 'implicit',
              requireTLS: tls === 'upgrade',
              ignoreTLS: tls === 'none',
            },
            ...{ auth: { user: USER, pass: PASSWORD }, authMethod: mechanism },
            tls: { ca: await readFile(server.certificate) },
          });
          await transport.sendMail({ envelope: { from: USER, to: [OTHER] }, raw: MESSAGE });
          transport.close();
        }));

    it('USER, fetching', () =>
      fetches(
        'USER',
        async (tls, port) => {
          const client = new Pop3Command({
            ...{ user: USER, password: PASSWORD, host: HOST, port, tls: tls === 'implicit' },
            tlsOptions: { ca: await readFile(server.certificate) },
          });
          const message = await client.RETR(1);
          await client.QUIT();
          return message;
        },
        ['implicit', 'none'],
      ));
  });

  describe('GNU SASL', () => {
    for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'])
      // It begins with STARTTLS, before it has said EHLO.
      itNeeds(['gsasl'], `${mechanism} over STARTTLS`, async () => {
        seen = sessions().length;
        const { stdout } = await run('gsasl', [
          ...[
            '--smtp',
            `--connect=127.0.0.1:${server.submissionPort}`,
            '--starttls',
            `--x509-ca-file=${server.certificate}`,
          ],
          ...(mechanism === 'SCRAM-SHA-256' ? ['--no-cb'] : []),
          ...['-m', mechanism, '-a', USER, '-z', USER, '-p', PASSWORD],
        ]);
        expect(stdout.toString()).to.contain('235 2.7.0 Logged in');
        await logged('submission', mechanism, 'upgrade');
      });
  });

  describe('SCRAM-SHA-256-PLUS over pop3s', () => {
    async function begin(): Promise<{ readonly client: LineClient; readonly binding: Buffer }> {
      const ca = await readFile(server.certificate);
      const socket = await new Promise<TLSSocket>((resolve, reject) => {
        const connecting = connectTls({ host: HOST, port: server.pop3sPort, ca }, () => resolve(connecting));
        connecting.once('error', reject);
      });
      const client = LineClient.over(socket);
      await client.expect(/^\+OK/);
      return { client, binding: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) };
    }

    /** The answer to the client's final message, and that message. */
    async function prove(client: LineClient, binding: Buffer) {
      const scram = new ScramClient({ name: USER, password: PASSWORD, header: 'p=tls-exporter,,', binding });
      const challenge = await client.ask(`AUTH SCRAM-SHA-256-PLUS ${scram.first.toString('base64')}`, /^\+ /);
      const final = scram.final(Buffer.from(challenge.slice(2), 'base64')).toString('base64');
      client.send(final);
      return { answer: await client.line(), expected: `+ ${Buffer.from(scram.expected).toString('base64')}`, final };
    }

    it('lets in on this connection, and not on another', async () => {
      const [one, other] = [await begin(), await begin()];
      expect((await prove(other.client, one.binding)).answer).to.equal('-ERR [AUTH] Name or password is wrong');
      const { answer, expected, final } = await prove(one.client, one.binding);
      expect(answer).to.equal(expected);
      await one.client.ask('', /^\+OK 1 message /);
      await one.client.ask('QUIT', /^\+OK/);
      // What was just right is wrong again elsewhere, and on the same connection it is no command.
      const first = new ScramClient({ name: USER, password: PASSWORD, header: 'p=tls-exporter,,' }).first;
      await other.client.ask(`AUTH SCRAM-SHA-256-PLUS ${first.toString('base64')}`, /^\+ /);
      await other.client.ask(final, /^-ERR \[AUTH\] /);
      await other.client.ask(final, /^-ERR Command not recognized/);
      await other.client.ask('QUIT', /^\+OK/);
    });
  });

  describe('the log, with -v', () => {
    it('shows no password, and no line of an exchange', () => {
      expect(server.logs).to.contain('C: AUTH ****').and.to.contain('C: ****');
      for (const secret of [PASSWORD, `\0${USER}\0${PASSWORD}`].map((text) => Buffer.from(text)))
        for (const encoding of ['utf8', 'base64'] as const)
          expect(server.logs).to.not.contain(secret.toString(encoding).replace(/=+$/, ''));
    });
  });
});
