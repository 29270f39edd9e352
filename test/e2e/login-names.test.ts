/**
 * A right login is a right login, however it is written: names in every spelling of their mailbox, passwords as keyboards compose
 * them, by every mechanism. And one that binds itself to what the connection has not is told so, and counts as nothing.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { demand } from '../support/mail-clients.js';
import { itNeeds, run } from '../support/programs.js';
import { ScramClient } from '../support/scram-client.js';
import { Server } from '../support/server.js';
import { secureSocket } from '../support/tls-client.js';

const PASSWORD = 'correct-horse';
const IDN = 'idn@bücher.example';
const A_LABEL = 'idn@xn--bcher-kva.example';
const END_POINT = 'p=tls-server-end-point,,';

interface Login {
  readonly name: string;
  readonly password?: string;
  readonly authzid?: string;
}

/** Of one account: the first is how it was added. */
const spellings: readonly (readonly string[])[] = [
  [
    IDN,
    A_LABEL,
    'IDN@BÜCHER.Example',
    'idn@XN--BCHER-KVA.EXAMPLE',
    'idn@bu\u0308cher.example',
    ` ${IDN} `,
    `"idn"@bücher.example.`,
  ],
  [
    '"john smith"@localhost',
    '"John Smith"@LOCALHOST',
    'john smith@localhost',
    '"john smith"',
    'john smith',
    '"john\\ smith"@localhost',
  ],
  ['"a@b"@localhost', '"A@B"@localhost', 'a@b@localhost', '"a@b"'],
  [
    'alice@localhost',
    'alice',
    ' alice',
    'alice ',
    '\talice@localhost\t',
    '"alice"',
    '"alice"@localhost',
    'alice@localhost.',
  ],
  ['jörg@localhost', 'JÖRG', 'jo\u0308rg', 'jörg@localhost '],
];

const passwords: readonly (readonly string[])[] = [
  [' both ends '],
  ['pa\u0308ss\u00a0wört', 'päss wo\u0308rt', 'p\u00e4ss w\u00f6rt'],
  ['x'.repeat(512)],
  ['ä'.repeat(256), 'a\u0308'.repeat(256)],
  ['=2C,"@\\ %=3D'],
];

describe('right logins', function () {
  this.timeout(60_000);
  let server: Server;

  before(async () => {
    server = await Server.start({ everyService: true });
    for (const [address = ''] of spellings) await server.addAccount(address, PASSWORD);
    for (const [at, [password = '']] of passwords.entries()) await server.addAccount(`p${at}@localhost`, password);
  });

  after(() => server.release());

  const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');

  function scramOf({ name, password = PASSWORD }: Login, socket: TLSSocket, mechanism: string): ScramClient {
    if (mechanism === 'SCRAM-SHA-256') return new ScramClient({ name, password: prepared(password) });
    const binding = createHash('sha256').update(socket.getPeerCertificate().raw).digest();
    return new ScramClient({ name, password: prepared(password), header: END_POINT, binding });
  }

  /** As a client of SCRAM makes it (RFC 4013). */
  function prepared(password: string): string {
    return password.normalize('NFKC');
  }

  async function begin(protocol: 'pop3' | 'smtp') {
    const socket = await secureSocket({ port: protocol === 'pop3' ? server.pop3sPort : server.submissionsPort });
    const client = LineClient.over(socket);
    await client.expect(/^(220 |\+OK)/);
    if (protocol === 'smtp') await demand(client, 'EHLO client.example', 250);
    return { socket, client };
  }

  /** The server's last answer. */
  async function logIn(protocol: 'pop3' | 'smtp', mechanism: string, login: Login): Promise<string> {
    const { socket, client } = await begin(protocol);
    const { name, password = PASSWORD, authzid = '' } = login;
    const said: (string | ((challenge: string) => string))[] = [];
    if (mechanism === 'USER') said.push(`USER ${name}`, `PASS ${password}`);
    else if (mechanism === 'PLAIN') said.push(`AUTH PLAIN ${base64(`${authzid}\0${name}\0${password}`)}`);
    else if (mechanism === 'LOGIN') said.push('AUTH LOGIN', base64(name), base64(password));
    else {
      const scram = scramOf(login, socket, mechanism);
      const final = (challenge: string) => base64(scram.final(Buffer.from(challenge.replace(/^\S+ /, ''), 'base64')));
      said.push(`AUTH ${mechanism} ${base64(scram.first)}`, final, '');
    }
    let answer = '';
    for (const next of said) {
      client.send(typeof next === 'string' ? next : next(answer));
      answer = await client.line();
    }
    client.send('QUIT');
    await client.rest();
    return answer;
  }

  const mechanisms = ['PLAIN', 'LOGIN', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'];
  const failures = () => server.logs.split('\n').filter((line) => line.includes('"event":"login failed"'));

  for (const mechanism of ['USER', ...mechanisms])
    it(`are right in each spelling of the name, by ${mechanism}`, async () => {
      for (const names of spellings)
        for (const name of names) {
          expect(await logIn('pop3', mechanism, { name }), name).to.match(/^\+OK 0 messages/);
          if (mechanism !== 'USER') expect(await logIn('smtp', mechanism, { name }), name).to.match(/^235 /);
        }
      expect(failures()).to.deep.equal([]);
    });

  for (const mechanism of ['USER', ...mechanisms])
    it(`are right with each composition of the password, by ${mechanism}`, async () => {
      for (const [at, ways] of passwords.entries())
        for (const password of ways)
          expect(await logIn('pop3', mechanism, { name: `p${at}`, password }), password).to.match(/^\+OK 0 messages/);
      expect(failures()).to.deep.equal([]);
    });

  it('may say for whom in another spelling', async () => {
    for (const names of spellings)
      for (const authzid of [...names, ''])
        expect(await logIn('smtp', 'PLAIN', { name: names[0] as string, authzid }), authzid).to.match(/^235 /);
    expect(failures()).to.deep.equal([]);
  });

  itNeeds(['curl', 'gsasl'], 'are those of real clients too', async () => {
    const tls = ['--cacert', server.certificate];
    for (const names of spellings)
      for (const name of names.filter((one) => !/[\\:]/.test(one)))
        await run('curl', ['-sS', ...tls, '--user', `${name}:${PASSWORD}`, `pop3s://localhost:${server.pop3sPort}`]);
    for (const mechanism of ['SCRAM-SHA-256-PLUS', 'PLAIN'])
      for (const priority of ['NORMAL:-VERS-ALL:+VERS-TLS1.2', 'NORMAL'])
        for (const name of [IDN, A_LABEL]) {
          const { stdout } = await run('gsasl', [
            ...['--smtp', `--connect=127.0.0.1:${server.submissionPort}`, '--starttls', '--priority', priority],
            ...[`--x509-ca-file=${server.certificate}`, '-m', mechanism, '-a', name, '-z', name, '-p', PASSWORD],
          ]);
          expect(stdout.toString()).to.contain('235 2.7.0 Logged in');
        }
    expect(failures()).to.deep.equal([]);
  });

  it('of a name in another script are of its mailbox: commands, aliases and mail mean the same', async () => {
    await server.do('alias', 'add', 'info@BÜCHER.example', 'IDN@bücher.example');
    expect((await server.run('account', 'add', A_LABEL, '--password', 'x')).stderr).to.include('already');
    const made = await server.do('account', 'credential', 'add', 'idn@BÜCHER.example', 'phone');
    const password = /password is (\S+)/.exec(made)?.[1] ?? '';
    expect(await logIn('pop3', 'SCRAM-SHA-256', { name: IDN, password })).to.match(/^\+OK/);
    for (const mechanism of ['USER', ...mechanisms])
      for (const name of ['idn+phone@bücher.example', '"IDN+Phone"@XN--BCHER-KVA.example'])
        expect(await logIn('pop3', mechanism, { name, password }), `${mechanism} ${name}`).to.match(/^\+OK/);
    const client = (await begin('smtp')).client;
    await demand(client, `AUTH PLAIN ${base64(`\0${IDN}\0${PASSWORD}`)}`, 235);
    await demand(client, 'MAIL FROM:<idn@BÜCHER.example> SMTPUTF8', 250);
    for (const path of [IDN, A_LABEL, 'info@bücher.example', 'INFO@XN--BCHER-KVA.example'])
      await demand(client, `RCPT TO:<${path}>`, 250);
    await demand(client, 'DATA', 354);
    await demand(client, 'Subject: x\r\n\r\nx\r\n.', 250);
    client.destroy();
    expect(await logIn('pop3', 'PLAIN', { name: A_LABEL })).to.match(/^\+OK 1 message /);
    await server.do('account', 'passwd', 'idn@bücher.example', '--password', 'another');
    expect(await logIn('pop3', 'SCRAM-SHA-256', { name: A_LABEL, password: 'another' })).to.match(/^\+OK/);
    await server.do('account', 'passwd', A_LABEL, '--password', PASSWORD);
    await server.do('alias', 'remove', 'info@bücher.example');
    expect(failures()).to.deep.equal([]);
  });

  it('that bind to what the connection has not are told so, however often, and count as nothing', async () => {
    const unbound = () => server.logs.split('\n').filter((line) => line.includes('"event":"login not bound"')).length;
    const first = (header: string) => base64(new ScramClient({ name: 'alice', password: PASSWORD, header }).first);
    const wrong: readonly (readonly [string, string, RegExp, RegExp])[] = [
      ['SCRAM-SHA-256-PLUS', 'p=tls-unique,,', /^-ERR This channel binding/, /^535 5\.7\.8 This channel binding/],
      ['SCRAM-SHA-256-PLUS', 'p=x,,', /^-ERR This channel binding/, /^535 5\.7\.8 This channel binding/],
      ['SCRAM-SHA-256-PLUS', 'n,,', /^-ERR This channel binding/, /^535 5\.7\.8 This channel binding/],
      ['SCRAM-SHA-256', END_POINT, /^-ERR This channel binding/, /^535 5\.7\.8 This channel binding/],
      ['SCRAM-SHA-256', 'y,,', /^-ERR SCRAM-SHA-256-PLUS is offered/, /^535 5\.7\.8 SCRAM-SHA-256-PLUS is offered/],
    ];
    for (let round = 0; round < 6; round++) {
      const [pop3, smtp] = [(await begin('pop3')).client, (await begin('smtp')).client];
      for (const [mechanism, header, byPop3, bySmtp] of wrong) {
        await pop3.ask(`AUTH ${mechanism} ${first(header)}`, byPop3);
        await smtp.ask(`AUTH ${mechanism} ${first(header)}`, bySmtp);
      }
      for (const client of [pop3, smtp]) client.destroy();
    }
    await eventually('a line for each', () => unbound() === 60);
    expect(failures()).to.deep.equal([]);
    for (const mechanism of mechanisms) expect(await logIn('smtp', mechanism, { name: 'alice' })).to.match(/^235 /);
  });

  it('are not those of somebody else, and wrong ones are counted and logged as ever', async () => {
    for (const login of [
      { name: 'idn@bucher.example' },
      { name: 'idn' },
      { name: '"john  smith"' },
      { name: 'alice', password: `${PASSWORD} ` },
      { name: 'alice', authzid: 'jörg' },
    ])
      expect(await logIn('smtp', 'PLAIN', login), login.name).to.match(/^535 /);
    const { socket, client } = await begin('pop3');
    const binding = createHash('sha256')
      .update(await readFile(server.certificate))
      .digest();
    const scram = new ScramClient({ name: 'alice', password: PASSWORD, header: END_POINT, binding });
    const challenge = await client.ask(`AUTH SCRAM-SHA-256-PLUS ${base64(scram.first)}`, /^\+ /);
    await client.ask(base64(scram.final(Buffer.from(challenge.slice(2), 'base64'))), /^-ERR \[AUTH\] /);
    socket.destroy();
    await eventually('a line for each', () => failures().length >= 6);
    expect(failures()).to.have.length(6); // And none for any that was right, above.
  });
});
