/**
 * Behind a proxy: who must say by a PROXY header for whom it comes, and what follows from what it says.
 * Headers by hand where a proxy would not send them, and curl, swaks and HAProxy where it would.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { eventually, within } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { behindTrace, demand, pop3Session, retrieve, sendData, smtpSession } from '../support/mail-clients.js';
import { itNeeds, run } from '../support/programs.js';
import { proxyV1, proxyV2, V2 } from '../support/proxy-headers.js';
import { freePorts, POSTMASTER, Server } from '../support/server.js';

const MESSAGE = Buffer.from('Subject: through a proxy\r\n\r\nHello.\r\n');
const FROM_CLIENT = proxyV1('TCP4 192.0.2.7 198.51.100.1 40000 25');
const FROM_CLIENT_V2 = V2.of({ address: '2001:db8::7', port: 40_000 }, { address: '2001:db8::1', port: 25 });

interface LogLine {
  readonly msg: string;
  readonly peer?: string;
  readonly via?: string;
  readonly why?: string;
}

describe('behind a proxy', () => {
  let server: Server;

  afterEach(() => server.release());

  async function start(...flags: readonly string[]): Promise<void> {
    server = await Server.start({ workers: 1, arguments: ['--proxy-networks', '127.0.0.1/32', ...flags] });
  }

  /** A connection that begins with these bytes, in pieces as long as told. */
  async function speak(port: number, bytes: Uint8Array, piece = bytes.length): Promise<LineClient> {
    const client = await LineClient.connect(port);
    for (let at = 0; at < bytes.length; at += piece) await client.flush(bytes.subarray(at, at + piece));
    return client;
  }

  function logged(msg: string): readonly LogLine[] {
    return server.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
      .filter((line) => line.msg === msg);
  }

  async function lastReceived(): Promise<string> {
    const host = '::1'; // From where no header is wanted.
    const client = await pop3Session(server.pop3Port, POSTMASTER, server.password, host);
    const [, count] = (await client.ask('STAT', /^\+OK/)).split(' ');
    await client.ask(`RETR ${count}`, /^\+OK/);
    const message = await client.multiline();
    await client.ask('QUIT', /^\+OK/);
    return /^Received: (.*)\r\n/m.exec(message.toString())?.[1] ?? '';
  }

  for (const [version, header, literal, address] of [
    ['1', FROM_CLIENT, '[192.0.2.7]', '192.0.2.7'],
    ['2', FROM_CLIENT_V2, '[IPv6:2001:db8::7]', '2001:db8::7'],
  ] as const)
    it(`the client's address is the one in the header of version ${version}, in the message and in the log`, async () => {
      await start();
      const client = await speak(server.smtpPort, header, 1);
      await client.expect(/^220 /);
      await demand(client, 'EHLO client.example', 250);
      await sendData(client, POSTMASTER, MESSAGE);
      await client.ask('QUIT', /^221/);
      expect(await lastReceived()).to.equal(`from client.example (${literal})`);
      await eventually('the line of the session', () => logged('session').some(({ peer }) => peer === address));
      expect(logged('session')[0]).to.include({ peer: address, via: '127.0.0.1' });
    });

  it('the address that the client reached is the one in the header', async () => {
    await start();
    const client = await speak(server.smtpPort, FROM_CLIENT);
    await client.expect(/^220 /);
    await demand(client, 'EHLO client.example', 250);
    await demand(client, 'MAIL FROM:<sender@example.org>', 250);
    await demand(client, 'RCPT TO:<postmaster@[198.51.100.1]>', 250);
    await demand(client, 'RCPT TO:<postmaster@[127.0.0.1]>', 550);
    client.destroy();
  });

  it('what follows the header in the same packet is the client speaking', async () => {
    await start('--trusted-networks', '192.0.2.0/24');
    const lines = Buffer.from('EHLO client.example\r\nQUIT\r\n');
    const client = await speak(server.smtpPort, Buffer.concat([FROM_CLIENT, lines]));
    await client.expect(/^220 /);
    expect((await client.reply()).code).to.equal(250);
    await client.expect(/^221 /);
    const gone = connect(server.smtpPort, '127.0.0.1');
    gone.resume().end(FROM_CLIENT); // Half-closed behind its header: it gets a greeting, and the end.
    await within(10_000, 'the server to close', once(gone, 'close'));
  });

  it('what follows the header before the greeting is too early from a client that is not trusted', async () => {
    await start();
    const client = await speak(server.smtpPort, Buffer.concat([FROM_CLIENT, Buffer.from('EHLO client.example\r\n')]));
    expect(await client.rest()).to.match(/^554 5\.5\.1 /);
  });

  it('a client from elsewhere is not on this machine, wherever the proxy is', async () => {
    await start();
    const far = await speak(server.pop3Port, FROM_CLIENT);
    await far.expect(/^\+OK/);
    await far.ask(`USER ${POSTMASTER}`, /^-ERR/);
    const near = await speak(server.pop3Port, proxyV1('TCP4 127.0.0.1 127.0.0.1 40000 110'));
    await near.expect(/^\+OK/);
    await near.ask(`USER ${POSTMASTER}`, /^\+OK/);
    const nobody = await speak(server.pop3Port, proxyV1('UNKNOWN'));
    await nobody.expect(/^\+OK/);
    await nobody.ask(`USER ${POSTMASTER}`, /^-ERR/);
    const itself = await speak(server.pop3Port, proxyV2(V2.local, V2.unspecified));
    await itself.expect(/^\+OK/);
    await itself.ask(`USER ${POSTMASTER}`, /^\+OK/);
    for (const client of [far, near, nobody, itself]) client.destroy();
  });

  it('limits per address count the address in the header', async () => {
    await start('--max-sessions-per-address', '2');
    const from = (address: string) => speak(server.smtpPort, proxyV1(`TCP6 ${address} ::1 40000 25`));
    const first = await from('2001:db8::1');
    await first.expect(/^220 /);
    const second = await from('2001:db8::2');
    await second.expect(/^220 /);
    await (await from('2001:db8::3')).expect(/^421 4\.7\.0 /);
    const other = await from('2001:db8:0:1::1');
    await other.expect(/^220 /);
    first.destroy();
    await eventually('room for another', async () => (await (await from('2001:db8::4')).line()).startsWith('220 '));
    for (const client of [second, other]) client.destroy();
  });

  for (const [what, bytes] of [
    ['a command instead of a header', Buffer.from('EHLO client.example\r\n')],
    ['a header that is wrong', proxyV1('TCP4 192.0.2.7 192.0.2.1 1 65536')],
    ['a header that is too long', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}\r\n`)],
    [
      'a header of version 2 that is too long',
      proxyV2(
        V2.proxy,
        V2.tcp4,
        Array.from({ length: 9000 }, () => 0),
      ),
    ],
    ['forty thousand bytes of anything', Buffer.alloc(40_000, '\r\n')],
  ] as const)
    it(`${what} closes the connection, with one line in the log and no word`, async () => {
      await start();
      const client = await speak(server.smtpPort, bytes);
      expect(await client.rest()).to.equal('');
      await eventually('the line in the log', () => logged('no PROXY header').length > 0);
      expect(logged('no PROXY header')).to.have.length(1);
      expect(logged('no PROXY header')[0]).to.include({ peer: '127.0.0.1', why: 'it is not one of version 1 or 2' });
      expect(logged('session')).to.deep.equal([]);
    });

  it('a connection that ends inside its header is told of once', async () => {
    await start();
    for (const end of ['end', 'destroy'] as const) {
      const socket = connect(server.smtpPort, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      await new Promise((resolve) => socket.write('PROXY TCP4', resolve));
      socket.resume()[end]();
    }
    await eventually('the lines in the log', () => logged('no PROXY header').length === 2);
    for (const { why } of logged('no PROXY header')) expect(why).to.equal('the connection ended inside it');
  });

  it('a connection that is reset at once is no session, whether it was seen or not', async () => {
    await start();
    for (let times = 0; times < 20; times++) {
      const socket = connect(server.smtpPort, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      socket.resetAndDestroy();
    }
    const client = await speak(server.smtpPort, FROM_CLIENT);
    await client.expect(/^220 /);
    await client.ask('QUIT', /^221/);
    await eventually('the line of the session', () => logged('session').length > 0);
    expect(logged('session').map(({ peer }) => peer)).to.deep.equal(['192.0.2.7']);
  });

  it('a header that does not come in time closes the connection, also one that comes letter by letter', async () => {
    await start();
    const silent = await LineClient.connect(server.smtpPort);
    const slow = await LineClient.connect(server.pop3Port);
    for (const letter of 'PROXY TCP4 192.0') {
      slow.write(Buffer.from(letter));
      await after(100);
    }
    expect(await silent.rest()).to.equal('');
    expect(await slow.rest()).to.equal('');
    await eventually('the lines in the log', () => logged('no PROXY header').length === 2);
    for (const { why } of logged('no PROXY header')) expect(why).to.equal('it took too long');
  });

  it('only so many connections may be sending their header, and those with one come in all the same', async () => {
    await start();
    const waiting = await Promise.all(Array.from({ length: 256 }, () => speak(server.smtpPort, Buffer.from('PROXY '))));
    const more = await speak(server.smtpPort, FROM_CLIENT);
    expect(await more.rest().catch(() => '')).to.equal('');
    await eventually('the line in the log', () => logged('no PROXY header').length > 0);
    expect(logged('no PROXY header')[0]?.why).to.equal('too many wait for their header');
    waiting[0]?.write(Buffer.from('UNKNOWN\r\n'));
    await waiting[0]?.expect(/^220 /);
    await (await speak(server.smtpPort, FROM_CLIENT)).expect(/^220 /);
    for (const client of waiting) client.destroy();
  });

  it('a header from an address that is not listed is a wrong first line', async () => {
    await start();
    for (const header of [FROM_CLIENT, FROM_CLIENT_V2]) {
      const client = await LineClient.greeted(server.smtpPort, '::1');
      client.write(header);
      expect(await client.rest()).to.match(/^500 5\.5\.2 .*\r\n/);
    }
    const client = await smtpSession(server.smtpPort, '::1');
    await demand(client, FROM_CLIENT.toString().trim(), 500);
    client.destroy();
  });

  it('without --proxy-networks nobody is a proxy', async () => {
    server = await Server.start({ workers: 1 });
    const client = await LineClient.greeted(server.smtpPort);
    client.write(FROM_CLIENT);
    expect(await client.rest()).to.match(/^500 5\.5\.2 /);
  });

  itNeeds(['curl'], 'curl sends and fetches with --haproxy-protocol', async () => {
    await start();
    const common = ['--silent', '--show-error', '--max-time', '20', '--haproxy-protocol'];
    await run(
      'curl',
      [
        ...common,
        ...['--mail-from', 'sender@example.org', '--mail-rcpt', POSTMASTER, '--upload-file', '-'],
        `smtp://127.0.0.1:${server.smtpPort}/client.example`,
      ],
      { input: MESSAGE },
    );
    const { stdout } = await run('curl', [
      ...common,
      ...['--user', `${POSTMASTER}:${server.password}`],
      `pop3://127.0.0.1:${server.pop3Port}/1`,
    ]);
    expect(stdout.toString()).to.contain('Received: from client.example ([127.0.0.1])').and.to.contain('Hello.');
  });

  for (const version of ['1', '2'])
    itNeeds(['swaks'], `swaks sends with --proxy-version ${version}`, async () => {
      await start();
      await run('swaks', [
        ...['--server', '127.0.0.1', '--port', String(server.smtpPort), '--timeout', '20'],
        ...['--helo', 'client.example', '--from', 'sender@example.org', '--to', POSTMASTER],
        ...['--proxy-version', version, '--proxy-family', version === '1' ? 'TCP6' : 'AF_INET6'],
        ...(version === '2' ? ['--proxy-protocol', 'STREAM'] : []),
        ...['--proxy-source', '2001:db8::7', '--proxy-source-port', '40000'],
        ...['--proxy-dest', '2001:db8::1', '--proxy-dest-port', '25'],
      ]);
      expect(await lastReceived()).to.equal('from client.example ([IPv6:2001:db8::7])');
    });

  /** A relay that puts a header before what the client says first, in one piece with it or in another. */
  async function relay(to: number, header: Buffer, together: boolean): Promise<NetServer> {
    const relaying = createServer((client) => {
      const onward = connect(to, '127.0.0.1').on('error', () => undefined);
      if (!together) onward.write(header);
      client.once('data', (first) => {
        onward.write(together ? Buffer.concat([header, first]) : first);
        client.pipe(onward);
      });
      onward.pipe(client);
      client.on('error', () => onward.destroy());
    });
    relaying.listen(0, '127.0.0.1');
    await once(relaying, 'listening');
    return relaying;
  }

  for (const together of [true, false])
    it(`TLS begins behind the header, ${together ? 'in the same packet' : 'in another one'}`, async () => {
      const [port] = await freePorts();
      await start('--pop3s-port', String(port));
      const between = await relay(port, FROM_CLIENT, together);
      const secured = connectTls({ port: (between.address() as AddressInfo).port, rejectUnauthorized: false });
      try {
        let said = '';
        secured.setEncoding('utf8').on('data', (text: string) => (said += text));
        secured.write(`USER ${POSTMASTER}\r\nPASS ${server.password}\r\nQUIT\r\n`);
        await within(15_000, 'the server to close', once(secured, 'end'));
        expect(said).to.match(/^(?:\+OK[^\n]*\n){4}$/);
      } finally {
        secured.destroy();
        between.close();
      }
      await eventually('the line of the session', () => logged('session').length > 0);
      expect(logged('session')[0]).to.include({ peer: '192.0.2.7', via: '127.0.0.1', outcome: 'quit' });
    });

  describe('HAProxy', () => {
    let haproxy: ChildProcess | undefined;

    afterEach(() => haproxy?.kill('SIGKILL'));

    /** One that listens on ::1 and connects from 127.0.0.1, and looks every now and then whether the server is well. */
    async function startHaproxy(how: string): Promise<readonly [smtp: number, pop3: number]> {
      const ports = await freePorts();
      const section = (name: string, port: number, to: number) =>
        `listen ${name}\n bind [::1]:${port}\n server ${name} 127.0.0.1:${to} ${how} check inter 200ms\n`;
      const file = join(server.directory, 'haproxy.cfg');
      await writeFile(
        file,
        'defaults\n mode tcp\n timeout connect 5s\n timeout client 30s\n timeout server 30s\n' +
          section('smtp', ports[0], server.smtpPort) +
          section('pop3', ports[1], server.pop3Port),
      );
      haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
      await eventually('HAProxy to be there', () => smtpSession(ports[0], '::1').then(Boolean, () => false));
      return ports;
    }

    for (const how of ['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options unique-id,crc32c'])
      itNeeds(['haproxy'], `speaks for its clients, and for itself, with ${how}`, async () => {
        await start();
        const [smtpPort] = await startHaproxy(how);
        const client = await smtpSession(smtpPort, '::1');
        await sendData(client, POSTMASTER, MESSAGE);
        await client.ask('QUIT', /^221/);
        expect(await lastReceived()).to.equal('from test.example ([IPv6:::1])');
        // Most looks are broken off before the server has accepted them: one that is not may take a while to come.
        await eventually(
          'a look whether the server is well',
          () => logged('session').some(({ peer }) => peer === '127.0.0.1'),
          40_000,
        );
        await eventually('the session in the log', () =>
          logged('session').some(({ peer, via }) => peer === '::1' && via === '127.0.0.1'),
        );
        expect(logged('no PROXY header')).to.deep.equal([]);
      });

    itNeeds(['haproxy'], 'keeps what POP3 clients fetch as it is', async () => {
      await start();
      const [smtpPort, pop3Port] = await startHaproxy('send-proxy-v2');
      const client = await smtpSession(smtpPort, '::1');
      await sendData(client, POSTMASTER, MESSAGE);
      const reader = await pop3Session(pop3Port, POSTMASTER, server.password, '::1');
      expect(behindTrace(await retrieve(reader, 1)).toString()).to.equal(MESSAGE.toString());
    });
  });
});
