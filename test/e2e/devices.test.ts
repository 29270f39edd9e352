/**
 * The port for devices, as machines in a house use it, and the proof that what is taken there is refused on every other port: the same
 * bytes are said to each. A proxy's header says from which address of the house they come. One server for all.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { Device } from '../../src/store/devices.js';
import { driverOf } from '../../src/store/open.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually, within } from '../support/eventually.js';
import { proxyV1 } from '../support/proxy-headers.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { Server, somePorts } from '../support/server.js';
import { allPieces } from '../support/sources.js';

const SCANNER = '192.168.1.20';
const LOCAL_ONLY = '192.168.1.30';
const LIMITED = '192.168.1.40';
const OWNED = '192.168.1.50';
const OFFICE = 'office@localhost';
const PASSWORD = 'a long secret';
const PLAIN = Buffer.from(`\0${OFFICE}\0${PASSWORD}`).toString('base64');
const WRONG = Buffer.from(`\0${OFFICE}\0nonsense`).toString('base64');
const OLD: ConnectionOptions = {
  ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0', rejectUnauthorized: false },
};

type Port = 'device' | 'smtp' | 'submission';

/** Said behind the greeting, all at once. */
interface Case {
  readonly what: string;
  readonly said: string;
  /** All that is answered behind the greeting. */
  readonly device: RegExp;
  readonly smtp: RegExp;
  readonly submission: RegExp;
  /** What the listing says of it afterwards. */
  readonly mended?: readonly string[];
}

const ENVELOPE = ['HELO scanner', `MAIL FROM:<${OFFICE}>`, `RCPT TO:<${OFFICE}>`, 'DATA'];
/** What a stranger wrote in the text of a message that a device sends. */
const SMUGGLED = `MAIL FROM:<${OFFICE}>\r\nRCPT TO:<victim@good.example>\r\nDATA\r\nSubject: smuggled\r\n\r\n`;
const message = (end: string): string => [...ENVELOPE, 'Subject: s', '', 'text', '.', 'QUIT', ''].join(end);

const cases: readonly Case[] = [
  {
    what: 'lines that end with LF, of commands and of a message',
    said: message('\n'),
    device: /^250 .*\r\n250 .*\r\n250 .*\r\n354 .*\r\n250 .*\r\n221 /,
    smtp: /^500 5\.5\.2 /,
    submission: /^500 5\.5\.2 /,
    mended: ['line-ends', 'from', 'date', 'message-id'],
  },
  {
    what: 'a message that ends with LF, a dot and LF',
    said: `${ENVELOPE.join('\r\n')}\r\nSubject: s\r\n\r\ntext\n.\nQUIT\r\n`,
    device: /354 .*\r\n250 2\.0\.0 Accepted.*\r\n221 /,
    smtp: /354 [^\r]*\r\n$/,
    submission: /^250 .*\r\n530 /,
    mended: ['line-ends', 'from', 'date', 'message-id'],
  },
  {
    what: 'no commands in the text of a message that an LF cut',
    said: `${ENVELOPE.join('\r\n')}\r\nSubject: s\r\n\r\ntext\n.\n${SMUGGLED}\r\n.\r\nQUIT\r\n`,
    device: /354 [^\r]*\r\n554 5\.5\.0 [^\r]*\r\n$/,
    smtp: /354 [^\r]*\r\n550 5\.5\.2 [^\r]*\r\n221 /,
    submission: /^250 .*\r\n530 /,
  },
  {
    what: 'a last line that nothing ends',
    said: 'HELO scanner\r\nQUIT',
    device: /^250 .*\r\n221 /,
    smtp: /^250 [^\r]*\r\n$/,
    submission: /^250 [^\r]*\r\n$/,
  },
  {
    what: 'text mode, which ends lines with CR CR LF',
    said: message('\r\r\n'),
    device: /354 .*\r\n250 2\.0\.0 Accepted.*\r\n221 /,
    smtp: /^500 5\.5\.2 /,
    submission: /^500 5\.5\.2 /,
  },
  {
    what: 'no name in HELO',
    said: 'HELO\r\nQUIT\r\n',
    device: /^250 .*\r\n221 /,
    smtp: /^501 /,
    submission: /^501 /,
  },
  {
    what: 'a password in clear',
    said: `EHLO scanner\r\nAUTH PLAIN ${PLAIN}\r\nQUIT\r\n`,
    device: /^235 2\.7\.0 /m,
    smtp: /^500 5\.5\.2 /m,
    submission: /^538 5\.7\.11 /m,
  },
  {
    what: 'a login behind HELO, by LOGIN with the name in the command',
    said: `HELO scanner\r\nAUTH LOGIN ${btoa(OFFICE)}\r\n${btoa(PASSWORD)}\r\nQUIT\r\n`,
    device: /^250 .*\r\n334 UGFzc3dvcmQ6\r\n235 .*\r\n221 /,
    smtp: /^250 .*\r\n500 5\.5\.2 /,
    submission: /^250 .*\r\n538 /,
  },
  {
    what: 'a login before any greeting, and mail behind it',
    said: `AUTH PLAIN ${PLAIN}\r\nMAIL FROM:<${OFFICE}>\r\nQUIT\r\n`,
    device: /^235 .*\r\n250 .*\r\n221 /,
    smtp: /^500 .*\r\n503 /,
    submission: /^503 .*\r\n503 /,
  },
  {
    what: 'mail without a login to another domain',
    said: `EHLO scanner\r\nMAIL FROM:<${OFFICE}>\r\nRCPT TO:<bob@elsewhere.example>\r\nQUIT\r\n`,
    device: /250 2\.1\.0 .*\r\n250 2\.1\.5 .*\r\n221 /,
    smtp: /250 2\.1\.0 .*\r\n550 5\.7\.1 /,
    submission: /530 5\.7\.0 /,
  },
];

describe('the port for devices', () => {
  let server: Server;
  let relay: ScriptedServer;
  let store: MailStore;
  let devicePort = 0;

  before(async () => {
    relay = await ScriptedServer.start();
    [devicePort = 0] = await somePorts(1);
    server = await Server.start({
      everyService: true,
      arguments: [
        ...['--device-port', String(devicePort), '--proxy-networks', '127.0.0.1/32', '--bare-newlines', 'refuse'],
        ...['--outbound', 'relay', '--relay', `smtp://127.0.0.1:${relay.port}?tls=none`],
        ...['--max-new-sessions-per-minute', '10000', '--max-sessions-per-address', '1000'],
      ],
    });
    await server.addAccount(OFFICE, PASSWORD);
    store = await driverOf(server.db).open(server.db);
    const office = { local: 'office', domain: 'localhost' };
    await server.do('device', 'add', 'scanner', '--network', SCANNER, '--account', OFFICE);
    await store.devices.addDevice({ name: 'camera', networks: [LOCAL_ONLY] });
    await store.devices.addDevice({
      ...{ name: 'limited', networks: [`${LIMITED}/32`], account: office, toDomains: ['good.example'] },
      ...{ rate: { messages: 2, periodMs: 3_600_000 }, maxOctets: 2000 },
    });
    await store.devices.addDevice({
      name: 'owned',
      networks: [OWNED],
      account: office,
      from: 'scans@elsewhere.example',
    });
    await store.devices.addDevice({ name: 'house', networks: ['192.168.1.32/27'] });
  });

  after(async () => {
    await store.close();
    await server.release();
    await relay.stop();
  });

  const portOf = (port: Port): number => (port === 'device' ? devicePort : server.ports[port]);

  async function dial(port: Port, from: string): Promise<Socket> {
    const socket = connect({ port: portOf(port), host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined).on('end', () => socket.end());
    await once(socket, 'connect');
    socket.write(proxyV1(`TCP4 ${from} 192.168.1.1 40000 25`));
    return socket;
  }

  /** All that is heard from now on. */
  function hearing(socket: Socket): () => string {
    let heard = '';
    socket.setEncoding('latin1').on('data', (text: string) => (heard += text));
    return () => heard;
  }

  /** What is said behind the greeting, and then the client's side is closed; all that was answered. */
  async function talk(port: Port, from: string, said: string): Promise<string> {
    return converse(await dial(port, from), said);
  }

  async function converse(socket: Socket, said: string): Promise<string> {
    let heard = '';
    let hasSpoken = false;
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
      if (!heard.includes('\r\n') || hasSpoken) return;
      hasSpoken = true;
      socket.end(Buffer.from(said, 'latin1'));
    });
    await once(socket, 'close');
    return heard.replace(/^220 [^\r]*\r\n/, '');
  }

  const deviceMail = (from: string, lines: readonly string[], to = OFFICE, sender = OFFICE): Promise<string> =>
    talk(
      'device',
      from,
      ['EHLO d', `MAIL FROM:<${sender}>`, `RCPT TO:<${to}>`, 'DATA', ...lines, '.', 'QUIT', ''].join('\r\n'),
    );

  async function listed(name: string): Promise<Device> {
    const found = (await store.devices.listDevices()).find((device) => device.name === name);
    if (found === undefined) throw new Error(`no device ${name}`);
    return found;
  }

  async function lastMail(): Promise<string> {
    const address = { local: 'office', domain: 'localhost' };
    const count = (await store.mailboxes.countMail(address)) ?? 0;
    const found = await store.mailboxes.findMail(address, count);
    const source = await store.mailboxes.readMail(address, found?.id ?? -1);
    return Buffer.concat((await allPieces(source)).map((piece) => Buffer.from(piece))).toString('latin1');
  }

  function logged(pattern: RegExp): Promise<string> {
    return eventually(`a line like ${String(pattern)}`, () =>
      server.stdout.split('\n').find((line) => pattern.test(line)),
    );
  }

  describe('takes, where others refuse', () => {
    for (const { what, said, mended, ...answers } of cases)
      it(what, async () => {
        expect(await talk('device', SCANNER, said), 'device').to.match(answers.device);
        expect(await talk('smtp', SCANNER, said), 'smtp').to.match(answers.smtp);
        expect(await talk('submission', SCANNER, said), 'submission').to.match(answers.submission);
        if (mended !== undefined) expect((await listed('scanner')).activity.lastMended).to.include.members(mended);
      });
  });

  describe('TLS', () => {
    async function secure(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
      const secured = connectTls({ socket, ...options });
      await Promise.race([
        once(secured, 'secureConnect'),
        once(secured, 'close').then(() => Promise.reject(new Error('closed'))),
      ]);
      return secured;
    }

    /** Up to the answer to STARTTLS. */
    async function startTls(port: Port): Promise<Socket> {
      const socket = await dial(port, SCANNER);
      let heard = '';
      const told = (text: Buffer): void => void (heard += text.toString());
      socket.on('data', told);
      await eventually('the greeting', () => heard.startsWith('220 '));
      socket.write('EHLO d\r\nSTARTTLS\r\n');
      await eventually('the answer', () => /^220 2\.0\.0 /m.test(heard));
      socket.off('data', told);
      return socket;
    }

    const failure = (act: Promise<unknown>): Promise<string | undefined> =>
      act.then(
        () => undefined,
        (error: unknown) => String(error),
      );

    it('of version 1.0 begins with the first octet, there alone', async () => {
      const secured = await secure(await dial('device', SCANNER), OLD);
      expect(secured.getProtocol()).to.equal('TLSv1');
      expect(await converse(secured, message('\r\n'))).to.match(/250 2\.0\.0 Accepted.*\r\n221 /);
      expect((await listed('scanner')).activity.lastMended).to.include('old-tls');
      for (const port of ['smtp', 'submission'] as const)
        expect(await failure(dial(port, SCANNER).then((socket) => secure(socket, OLD))), port).to.be.a('string');
    });

    it('of version 1.0 follows STARTTLS, there alone', async () => {
      const secured = await secure(await startTls('device'), OLD);
      expect(secured.getProtocol()).to.equal('TLSv1');
      secured.end('EHLO d\r\nMAIL FROM:<office@localhost>\nQUIT\n');
      let heard = '';
      secured.on('data', (text: Buffer) => (heard += text.toString()));
      await once(secured, 'close');
      expect(heard).to.match(/250 2\.1\.0 .*\r\n221 /);
      for (const port of ['smtp', 'submission'] as const)
        expect(await failure(startTls(port).then((socket) => secure(socket, OLD))), port).to.be.a('string');
    });

    it('of today begins with the first octet too', async () => {
      const secured = await secure(await dial('device', SCANNER), { rejectUnauthorized: false });
      expect(secured.getProtocol()).to.equal('TLSv1.3');
      expect(await converse(secured, 'QUIT\r\n')).to.match(/^221 /);
    });

    it('that fails is remembered with the device', async () => {
      const socket = await dial('device', LOCAL_ONLY);
      socket.write(Buffer.from([0x16, 3, 1, 0, 4, 1, 0, 0, 0])); // A ClientHello of nothing.
      await eventually('the refusal', async () =>
        ((await listed('camera')).activity.lastRefusal ?? '').startsWith('no TLS handshake: '),
      );
    });
  });

  it('is closed to whoever is not listed, with the words to list it, and to whoever is not listed any more', async () => {
    expect(await talk('device', '192.168.1.99', '')).to.equal(
      '554 5.7.1 Mail is taken here from listed devices, and 192.168.1.99 is none; ' +
        "'pennypost device add NAME --network 192.168.1.99' lists it\r\n",
    );
    await logged(/"peer":"192\.168\.1\.99","outcome":"not-listed"/);
    await server.do('device', 'add', 'ups', '--network', '192.168.1.99');
    expect(await talk('device', '192.168.1.99', 'QUIT\r\n')).to.match(/^221 /);
    const client = await dial('device', '192.168.1.99');
    await once(client, 'data');
    await server.do('device', 'remove', 'ups');
    client.end();
    expect(await talk('device', '192.168.1.99', '')).to.match(/^554 /);
  });

  it('ends a session whose device was removed at its next message', async () => {
    await store.devices.addDevice({ name: 'shortly', networks: ['192.168.1.98'] });
    const socket = await dial('device', '192.168.1.98');
    const heard = hearing(socket);
    socket.write('HELO d\r\n');
    await eventually('the greeting', () => /^250 /m.test(heard()));
    await store.devices.removeDevice('shortly');
    socket.write(`MAIL FROM:<${OFFICE}>\r\n`);
    await once(socket, 'close');
    expect(heard()).to.match(/^554 5\.7\.1 /m);
  });

  it('takes no command that comes a moment after an LF has cut a message', async () => {
    const socket = await dial('device', SCANNER);
    const heard = hearing(socket);
    socket.write(`${ENVELOPE.join('\r\n')}\r\nSubject: s\r\n\r\ntext\n.\n`);
    await delay(50);
    socket.write(`${SMUGGLED}.\r\n`);
    await once(socket, 'close');
    expect(heard()).to.match(/^354 [^\r]*\r\n554 5\.5\.0 [^\r]*\r\n$/m);
    expect(relay.messages.some((each) => each.includes('smuggled'))).to.equal(false);
  });

  it('ends a session whose device was removed, though another of its name was added', async () => {
    await store.devices.addDevice({ name: 'again', networks: ['192.168.1.97'] });
    const socket = await dial('device', '192.168.1.97');
    const heard = hearing(socket);
    socket.write('HELO d\r\n');
    await eventually('the greeting', () => /^250 /m.test(heard()));
    await store.devices.removeDevice('again');
    await store.devices.addDevice({ name: 'again', networks: ['192.168.1.97'], from: 'other@localhost' });
    socket.write(`MAIL FROM:<${OFFICE}>\r\n`);
    await once(socket, 'close');
    expect(heard()).to.match(/^554 5\.7\.1 /m);
  });

  it('lends no account that was disabled before the device was greeted', async () => {
    const owner = { local: 'owner', domain: 'localhost' };
    await server.addAccount('owner@localhost', PASSWORD);
    await store.devices.addDevice({ name: 'lent', networks: ['192.168.1.96'], account: owner });
    const socket = await dial('device', '192.168.1.96');
    const heard = hearing(socket);
    await eventually('the greeting', () => /^220 /m.test(heard()));
    await store.directory.setEnabled(owner, false);
    socket.end('HELO d\r\nMAIL FROM:<owner@localhost>\r\nRCPT TO:<bob@good.example>\r\nQUIT\r\n');
    await once(socket, 'close');
    expect(heard()).to.match(/^550 5\.7\.1 .*--account/m);
  });

  it("takes mail for this server's own address", async () => {
    const said = 'HELO d\r\nMAIL FROM:<camera@lan>\r\nRCPT TO:<office@[192.168.1.1]>\r\nQUIT\r\n';
    expect(await talk('device', LOCAL_ONLY, said)).to.match(/250 2\.1\.0 .*\r\n250 2\.1\.5 .*\r\n221 /);
  });

  it('completes a message, says whose it is, and notes what it mended', async () => {
    expect(await deviceMail(LOCAL_ONLY, ['Content-Type: text/plain', '', 'text'], OFFICE, 'camera@lan')).to.match(
      /^250 2\.0\.0/m,
    );
    const text = await lastMail();
    expect(text).to.match(/^Received: from \S+ \(device camera\)\r\n\tby \S+ \(Pennypost\) with ESMTP id /m);
    expect(text).to.match(
      /^From: camera <camera@lan>\r\nDate: .*\r\nMessage-ID: <.*>\r\nMIME-Version: 1\.0\r\n\r\ntext/m,
    );
    expect((await listed('camera')).activity.lastMended).to.deep.equal(['from', 'date', 'message-id', 'mime-version']);
    await logged(/"protocol":"device".*"device":"camera","mended":"from date message-id mime-version"/);
    expect(await server.do('device', 'show', 'camera')).to.match(/^mended +from date message-id mime-version$/m);
  });

  it('takes a message that is text alone, and breaks lines that are too long', async () => {
    const line = 'y'.repeat(2500);
    expect(await deviceMail(LOCAL_ONLY, [line])).to.match(/^250 2\.0\.0/m);
    const text = await lastMail();
    expect(text).to.match(/^Date: .*\r\n/m);
    expect(text.split('\r\n').every(({ length }) => length <= 998)).to.equal(true);
    expect(text.replaceAll('\r\n ', '')).to.contain(line);
    expect((await listed('camera')).activity.lastMended).to.include('long-lines');
  });

  it('sends nothing elsewhere for a device without an account, or to other domains than it may', async () => {
    expect(await deviceMail(LOCAL_ONLY, ['x'], 'bob@good.example')).to.match(/^550 5\.7\.1 .*no account.*--account/m);
    expect(await deviceMail(LIMITED, ['x'], 'bob@bad.example')).to.match(/^550 5\.7\.1 .*--to-domains/m);
    await eventually('the refusal', async () =>
      ((await listed('limited')).activity.lastRefusal ?? '').includes('to-domains'),
    );
    expect(await server.do('device', 'list')).to.match(/^limited .*550 5\.7\.1/m);
  });

  it('takes no other sender than one of its account', async () => {
    expect(await deviceMail(LIMITED, ['x'], OFFICE, 'boss@localhost')).to.match(
      /^550 5\.7\.1 <boss@localhost> is no address of office@localhost, the account of this device; 'pennypost device set limited --from/m,
    );
  });

  it('limits messages by their size and their number, in all its sessions together', async () => {
    const fit = ['Subject: s', '', 'x'];
    expect(await deviceMail(LIMITED, ['x'.repeat(900), 'x'.repeat(900), 'x'.repeat(900)])).to.match(
      /^552 5\.3\.4 .* 2000 octets/m,
    );
    const answers = await Promise.all(Array.from({ length: 6 }, () => deviceMail(LIMITED, fit)));
    expect(answers.filter((text) => /^250 2\.0\.0 Accepted/m.test(text))).to.have.length(2);
    expect(answers.filter((text) => /^450 4\.7\.1 This device has sent/m.test(text))).to.have.length(4);
    const status = await server.do('status');
    expect(status).to.match(/^device +limited: 2 accepted and \d+ refused today; last 20/m);
    expect((await listed('limited')).activity).to.deep.include({ acceptedInPeriod: 2, acceptedToday: 2 });
  });

  it('takes no more than its rate of fifty messages that come at once, over all workers', async () => {
    await store.devices.addDevice({
      ...{ name: 'fifty', networks: ['192.168.1.95'], rate: { messages: 10, periodMs: 3_600_000 } },
    });
    const sockets = await Promise.all(Array.from({ length: 50 }, () => dial('device', '192.168.1.95')));
    const heard = sockets.map(hearing);
    const everyone = (what: RegExp) => eventually(String(what), () => heard.every((text) => what.test(text())));
    await everyone(/^220 /m);
    for (const socket of sockets) socket.write(`${ENVELOPE.join('\r\n')}\r\n`);
    await everyone(/^354 /m); // At MAIL nothing was over.
    for (const socket of sockets) socket.write('Subject: s\r\n\r\nx\r\n.\r\nQUIT\r\n');
    await everyone(/^221 /m);
    const ended = heard.map((text) => /^(250 2\.0\.0 Accepted|450 4\.7\.1 )/m.exec(text())?.[1]);
    expect(ended.filter((answer) => answer?.startsWith('250'))).to.have.length(10);
    expect(ended.filter((answer) => answer?.startsWith('450'))).to.have.length(40);
    expect((await listed('fifty')).activity.acceptedInPeriod).to.equal(10);
  });

  it('sends on under the sender of the listing, clean whatever the device said', async () => {
    const said = `HELO x\nMAIL FROM:<root>\nRCPT TO:<bob@good.example>\nDATA\nFrom: root\nSubject: hi\n\none\n\r.\rtwo\n.x\n.\nQUIT\n`;
    expect(await talk('device', OWNED, said)).to.match(/^250 2\.0\.0 Accepted.*\r\n221 /m);
    const sent = await eventually('the relay to have it', () => relay.messages.find((each) => each.includes('hi')));
    const text = sent.toString('latin1');
    expect(relay.lines).to.include('MAIL FROM:<scans@elsewhere.example>');
    expect(text).to.match(/^Received: from \S+ \(device owned\)\r\n/);
    expect(text).to.contain('From: <scans@elsewhere.example>\r\n').and.not.contain('Reply-To');
    expect(text.replaceAll('\r\n', '')).to.not.match(/[\r\n]/);
    expect(text).to.contain('\r\n\r\none\r\n\r\n.\r\ntwo\r\nx\r\n');
    expect((await listed('owned')).activity.lastMended).to.include.members(['line-ends', 'sender', 'from-replaced']);
  });

  it('counts the narrowest network, checks a login that is given, and needs none', async () => {
    expect(
      await talk('device', '192.168.1.33', `HELO d\r\nMAIL FROM:<a@b>\r\nRCPT TO:<${OFFICE}>\r\nQUIT\r\n`),
    ).to.match(/250 2\.1\.5/);
    await logged(/"device":"house"/);
    expect(
      await talk('device', SCANNER, `HELO d\r\nAUTH PLAIN ${WRONG}\r\nMAIL FROM:<${OFFICE}>\r\nQUIT\r\n`),
    ).to.match(/^250 .*\r\n535 5\.7\.8 .*\r\n250 2\.1\.0 /);
    await logged(/"event":"login failed","peer":"[^"]*","protocol":"device"/);
  });

  it('announces what clients of every age look for, and no chunks', async () => {
    const hello = await talk('device', LIMITED, 'EHLO d\r\nBDAT 3 LAST\r\nabc\r\nQUIT\r\n');
    expect(hello).to.match(/^250-AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n250-?.AUTH=|^250-AUTH=SCRAM-SHA-256 PLAIN LOGIN/m);
    expect(hello)
      .to.match(/^250-SIZE 2000\r\n/m)
      .and.not.match(/CHUNKING|XCLIENT|PIPELINING/);
    expect(hello).to.match(/^500 5\.5\.2 /m);
  });
});

describe('the port for devices without TLS, on a small server', () => {
  let server: Server;
  let port = 0;

  before(async () => {
    [port = 0] = await somePorts(1);
    server = await Server.start({
      arguments: [
        ...[
          '--device-port',
          String(port),
          '--tls-certificate',
          'none',
          '--outbound',
          'relay',
          '--relay',
          'smtp://127.0.0.1:1?tls=none',
        ],
        ...['--proxy-networks', '127.0.0.1/32', '--max-sessions', '20', '--max-new-sessions-per-minute', '1000'],
      ],
    });
    await server.addAccount(OFFICE, PASSWORD);
    await server.do('device', 'add', 'scanner', '--network', '192.168.1.0/24', '--account', OFFICE);
  });

  after(() => server.release());

  async function dial(to: number, from: string): Promise<Socket> {
    const socket = connect({ port: to, host: '127.0.0.1' });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(proxyV1(`TCP4 ${from} 192.168.1.1 40000 25`));
    return socket;
  }

  it('closes a connection that begins with TLS', async () => {
    const socket = await dial(port, SCANNER);
    socket.write(Buffer.from([0x16, 3, 1, 0, 4, 1, 0, 0, 0]));
    await within(5_000, 'the end of the connection', once(socket.resume(), 'close'));
  });

  it('gives the place of a device that has only said hello to whoever needs it', async () => {
    const devices = await Promise.all(Array.from({ length: 20 }, (_, at) => dial(port, `192.168.1.${10 + at}`)));
    for (const socket of devices) socket.on('data', () => undefined).write('HELO d\r\n');
    const greetings = await eventually('a place', async () => {
      const socket = await dial(server.ports.smtp, '192.0.2.1');
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return bytes.toString().startsWith('220 ') ? bytes.toString() : undefined;
    });
    expect(greetings).to.match(/^220 /);
    for (const socket of devices) socket.destroy();
  });
});
