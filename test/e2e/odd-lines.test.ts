/** Lines that are not as an RFC has them, on every port of a real server: what each is answered, how soon, and what the log says. */
import { connect as connectTls } from 'node:tls';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { freePorts, POSTMASTER, Server } from '../support/server.js';
import { secureClient } from '../support/tls-client.js';

const ALICE = 'alice@localhost';
const PASSWORD = 'secret';
/** A client of its own for logins that fail: they are counted. */
const STRANGER = '127.0.0.9';
const UNREADABLE = /^(?:500 5\.5\.2|-ERR) A command is one line of UTF-8 text ended by CRLF/;
/** Long before anything else would end the silence. */
const AT_ONCE_MS = 5_000;

type LogLine = Readonly<Record<string, unknown>>;

describe('odd lines', () => {
  let server: Server;
  let lmtpPort: number;

  before(async () => {
    [lmtpPort] = await freePorts();
    server = await Server.start({
      workers: 1,
      everyService: true,
      arguments: ['--lmtp-port', String(lmtpPort), '--trusted-networks', '127.0.0.1'],
    });
    await server.addAccount(ALICE, PASSWORD);
  });
  after(() => server.release());

  const ports = (): readonly (readonly [name: string, port: number, hello: string])[] => [
    ['smtp', server.smtpPort, 'HELO x'],
    ['submission', server.submissionPort, 'HELO x'],
    ['lmtp', lmtpPort, 'NOOP x'],
    ['pop3', server.pop3Port, 'CAPA'],
  ];

  function logged(of: (line: LogLine) => boolean): readonly LogLine[] {
    const lines = server.stdout.split('\n').filter((line) => line.startsWith('{"level"') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line) as LogLine).filter(of);
  }

  it('that end in a bare LF are answered at once, one by one, and obeyed by nobody', async () => {
    for (const [name, port, hello] of ports()) {
      const client = await LineClient.greeted(port);
      const beganMs = Date.now();
      for (const line of [hello, 'QUIT', '']) {
        client.write(Buffer.from(`${line}\n`));
        await client.expect(UNREADABLE);
      }
      expect(Date.now() - beganMs, name).to.be.below(3 * AT_ONCE_MS);
      await client.ask(hello, /^(?:250|\+OK)/);
      client.destroy();
    }
  });

  it('that end in a bare LF end a login that is going on, and are part of a message that is', async () => {
    const client = await LineClient.greeted(server.submissionPort);
    await client.ask('HELO x', /^250/);
    await client.ask('AUTH PLAIN', /^334/);
    client.write(Buffer.from(`${Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')}\n`));
    await client.expect(UNREADABLE);
    await client.ask('MAIL FROM:<>', /^530/);
    await client.ask(`AUTH PLAIN ${Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')}`, /^235/);
    for (const line of ['MAIL FROM:<>', `RCPT TO:<${ALICE}>`]) await client.ask(line, /^250/);
    await client.ask('DATA', /^354/);
    client.write(Buffer.from('Subject: x\r\n\r\n.\nQUIT\n'));
    await wait(1_000);
    client.send('', '.');
    await client.expect(/^550 5\.5\.2 /);
    client.destroy();
  });

  it('that hold a bare LF are one line, also when it comes in pieces', async () => {
    const client = await LineClient.greeted(server.smtpPort);
    await client.ask('HELO x', /^250 /);
    for (const piece of ['MAIL FROM:<bob@sender.example>\n', `RCPT TO:<${ALICE}>\n`, 'DATA\r\n']) {
      client.write(Buffer.from(piece));
      await wait(20);
    }
    await client.expect(UNREADABLE);
    await client.ask('RCPT TO:<x>', /^503 5\.5\.1 MAIL/);
    client.destroy();
  });

  it('leave a mistake its session, on every port, and under TLS', async () => {
    const secured = [
      await secureClient(server.submissionsPort),
      await secureClient(server.pop3sPort),
      ...(await Promise.all(ports().map(([, port]) => LineClient.connect(port)))),
    ];
    for (const client of secured) {
      await client.expect(/^(?:220 |\+OK)/);
      for (const line of ['XXXX client.example', '', 'QUIT?'])
        await client.ask(line, /^(?:500 5\.5\.2|-ERR) Command not/);
      await client.ask('QUIT', /^(?:221|\+OK)/);
      await client.rest();
    }
  });

  it('of another protocol end the session, and the log says what was seen', async () => {
    for (const [name, port] of ports())
      for (const [said, saw] of [
        ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP GET'],
        ['OPTIONS / RTSP/1.0\r\n\r\n', 'RTSP OPTIONS'],
        ['SSH-2.0-OpenSSH_9.6\r\n', 'SSH'],
        ['\x03\x00\x00\x0b\x06\xe0', 'octets 03 00 00 0b 06 e0'],
      ] as const) {
        const before = logged(({ saw: seen }) => seen === saw).length;
        const client = await LineClient.greeted(port);
        client.write(Buffer.from(said, 'latin1'));
        expect(await client.rest()).to.match(/^(?:500 5\.5\.2|-ERR) This is an? \w+ server, .*; closing\r\n$/);
        const lines = () => logged((line) => line['saw'] === saw);
        await eventually(`${saw} in the log`, () => lines().length > before);
        expect(lines().at(-1)).to.include({ protocol: name, outcome: 'other-protocol', msg: 'session' });
      }
  });

  it('of TLS on a port in clear end the session, so that the client does not wait', async () => {
    for (const [name, port] of ports()) {
      const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
        connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).once('error', resolve);
      });
      expect(error.code).to.match(/^(?:ERR_SSL_|EPROTO|ECONNRESET)/);
      const isIt = ({ saw, protocol }: LogLine) => saw === 'TLS ClientHello' && protocol === name;
      await eventually(`the log of ${name}`, () => logged(isIt).length === 1);
    }
  });

  it('whose password is not UTF-8 are logins that failed, and the session goes on', async () => {
    const failures = () => logged(({ event, peer }) => event === 'login failed' && peer === STRANGER);
    const client = await LineClient.greeted(server.pop3Port, '127.0.0.1', STRANGER);
    for (let times = 0; times < 2; times++) {
      await client.ask(`USER ${ALICE}`, /^\+OK/);
      client.write(Buffer.from('PASS s\xe9same\r\n', 'latin1'));
      expect(await client.line()).to.equal('-ERR [AUTH] Name or password is wrong');
    }
    await client.ask(`USER ${ALICE}`, /^\+OK/);
    await client.ask(`PASS ${PASSWORD}`, /^\+OK/);
    client.destroy();
    await eventually('each in the log', () => failures().length === 2);
    expect(failures()[0]).to.include({ outcome: 'wrong', account: ALICE, reason: 'the password is not UTF-8' });
    expect(server.stdout).to.not.match(/same/);
  });

  it('of AUTH with such a password are the same in submission', async () => {
    const from = '127.0.0.8';
    const client = await LineClient.greeted(server.submissionPort, '127.0.0.1', from);
    await client.ask('HELO x', /^250/);
    const plain = Buffer.from(`\0${POSTMASTER}\0s\xe9same`, 'latin1').toString('base64');
    await client.ask(`AUTH PLAIN  ${plain}`, /^535 5\.7\.8 /);
    await client.ask('AUTH LOGIN', /^334/);
    await client.ask(Buffer.from(POSTMASTER).toString('base64'), /^334/);
    await client.ask(Buffer.from('\xe9', 'latin1').toString('base64'), /^535 5\.7\.8 /);
    client.destroy();
    const found = () => logged(({ event, peer }) => event === 'login failed' && peer === from);
    await eventually('both in the log', () => found().length === 2);
    expect(found().map(({ mechanism }) => mechanism)).to.deep.equal(['PLAIN', 'LOGIN']);
  });
});
