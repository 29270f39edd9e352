/** Who may come in: sessions in all, per client and per minute, counted across all workers, and silence before the greeting. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { Server } from '../support/server.js';

const WORKERS = 2;
const GREETED = /^(220 |\+OK )/;

describe('admission', () => {
  let server: Server;
  const clients: LineClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await server.release();
  });

  async function start(...flags: readonly string[]): Promise<void> {
    server = await Server.start({ workers: WORKERS, arguments: flags });
  }

  /** The first line that a new connection hears. */
  async function knock(port: number, host = '127.0.0.1'): Promise<string> {
    const client = await LineClient.connect(port, host);
    clients.push(client);
    return client.line();
  }

  async function knockUntilFull(port: number, host?: string): Promise<{ greeted: number; refusal: string }> {
    for (let greeted = 0; ; greeted++) {
      const line = await knock(port, host);
      if (!GREETED.test(line)) return { greeted, refusal: line };
    }
  }

  it('lets in exactly --max-sessions, over both protocols and all workers, and more when one has ended', async () => {
    await start('--max-sessions', '7');
    for (let times = 0; times < 3; times++) expect(await knock(server.pop3Port)).to.match(GREETED);
    expect(await knockUntilFull(server.smtpPort)).to.deep.equal({
      greeted: 4,
      refusal: '421 4.3.2 The server has all the sessions it may have; try again in a moment',
    });
    expect(await knock(server.pop3Port, '::1')).to.equal(
      '-ERR [SYS/TEMP] The server has all the sessions it may have; try again in a moment',
    );
    clients[0]?.destroy();
    await eventually('a session to be let in', async () => GREETED.test(await knock(server.smtpPort)));
    expect(await knock(server.smtpPort)).to.match(/^421 4\.3\.2 /);
  });

  it('lets in exactly --max-sessions when all come at once', async () => {
    await start('--max-sessions', '20');
    const lines = await Promise.all(Array.from({ length: 60 }, () => knock(server.smtpPort)));
    expect(lines.filter((line) => GREETED.test(line))).to.have.length(20);
  });

  it('has room again for what a dead worker held', async () => {
    await start('--max-sessions', '6');
    expect(await knockUntilFull(server.smtpPort)).to.include({ greeted: 6 });
    for (const { pid } of (await server.status()).workers) process.kill(pid, 'SIGKILL');
    await eventually('a session to be let in', async () => GREETED.test(await knock(server.smtpPort).catch(() => '')));
  });

  it('waits a moment only for slots that a stopped worker holds, and has them again when it goes on', async () => {
    await start('--max-sessions', '6');
    expect(await knockUntilFull(server.smtpPort)).to.include({ greeted: 6 });
    const { workers } = await server.status();
    const busiest = workers.reduce((one, other) => (other.sessions > one.sessions ? other : one));
    process.kill(busiest.pid, 'SIGSTOP');
    expect(await knock(server.smtpPort)).to.match(/^421 4\.3\.2 /);
    for (const client of clients.splice(0)) client.destroy();
    expect(await knockUntilFull(server.smtpPort)).to.include({ greeted: 6 - busiest.sessions });
    process.kill(busiest.pid, 'SIGCONT');
    await eventually('all six places', async () => {
      for (const client of clients.splice(0)) client.destroy();
      return (await knockUntilFull(server.smtpPort)).greeted === 6;
    });
  });

  it('counts sessions per client, an IPv6 /64 as one, and spares trusted networks', async () => {
    await start('--max-sessions-per-address', '3', '--trusted-networks', '127.0.0.2');
    expect(await knockUntilFull(server.smtpPort)).to.deep.equal({
      greeted: 3,
      refusal: '421 4.7.0 Your address has too many sessions here; close one, or try again later',
    });
    expect(await knockUntilFull(server.pop3Port, '::1')).to.deep.equal({
      greeted: 3,
      refusal: '-ERR [SYS/TEMP] Your address has too many sessions here; close one, or try again later',
    });
    clients[0]?.destroy();
    await eventually('a session to be let in', async () => GREETED.test(await knock(server.smtpPort)));
  });

  it('counts new sessions per client and minute', async () => {
    await start('--max-new-sessions-per-minute', '5', '--trusted-networks', 'none');
    for (let times = 0; times < 5; times++) {
      expect(await knock(server.smtpPort)).to.match(GREETED);
      clients.pop()?.destroy();
    }
    expect(await knock(server.smtpPort)).to.equal(
      '421 4.7.0 Your address begins sessions too often; try again in a minute',
    );
  });

  it('spares trusted networks all of that by default', async () => {
    await start('--max-sessions-per-address', '1', '--max-new-sessions-per-minute', '1');
    for (let times = 0; times < 4; times++) expect(await knock(server.smtpPort)).to.match(GREETED);
  });

  it('refuses strangers who talk before they are greeted', async () => {
    await start('--trusted-networks', 'none');
    for (const [port, refusal] of [
      [server.smtpPort, '554 5.5.1 You sent something before the greeting; closing\r\n'],
      [server.pop3Port, '-ERR [SYS/PERM] You sent something before the greeting; closing\r\n'],
    ] as const) {
      const client = await LineClient.connect(port);
      client.send('NOOP');
      expect(await client.rest()).to.equal(refusal);
    }
    expect(await knock(server.smtpPort)).to.match(GREETED);
  });

  describe('when strangers who say nothing take every place', () => {
    /** So many connections from each of so many addresses. */
    async function flood(ports: readonly number[], addresses: number, each: number): Promise<void> {
      const all = Array.from({ length: addresses * each }, async (_, number) => {
        const port = ports[number % ports.length] ?? 0;
        clients.push(await LineClient.connect(port, '127.0.0.1', `127.0.2.${1 + Math.floor(number / each)}`));
      });
      await Promise.all(all);
    }

    async function comeIn(port: number, from: string): Promise<LineClient> {
      const client = await LineClient.connect(port, '127.0.0.1', from);
      clients.push(client);
      await client.expect(GREETED);
      return client;
    }

    it('lets others in on every service, at the cost of those who have most, and lets them work', async () => {
      server = await Server.start({
        workers: WORKERS,
        everyService: true,
        arguments: ['--max-sessions', '100', '--trusted-networks', 'none'],
      });
      await flood([server.smtpPort, server.pop3Port, server.submissionPort, server.pop3sPort], 20, 8);
      const others: LineClient[] = [];
      for (const [at, port] of [server.smtpPort, server.pop3Port, server.submissionPort].entries())
        others.push(await eventually('to be let in', () => comeIn(port, `127.0.3.${at + 1}`).catch(() => undefined)));
      await flood([server.smtpPort], 20, 4);
      const [smtp, pop3, submission] = others as [LineClient, LineClient, LineClient];
      await smtp.ask('HELO me', /^250/);
      await pop3.ask('USER postmaster@localhost', /^\+OK/);
      await pop3.ask(`PASS ${server.password}`, /^\+OK/);
      await submission.ask('HELO me', /^250/);
      const evicted = server.stdout.split('\n').filter((line) => line.includes('"outcome":"evicted"'));
      expect(evicted).to.not.be.empty.and.not.satisfy((lines: readonly string[]) =>
        lines.some((line) => line.includes('"127.0.3.')),
      );
    });

    it('lets in who has logged in before, though nobody has more than one', async () => {
      await start('--max-sessions', '20', '--trusted-networks', 'none');
      const owner = await comeIn(server.pop3Port, '127.0.3.1');
      await owner.ask('USER postmaster@localhost', /^\+OK/);
      await owner.ask(`PASS ${server.password}`, /^\+OK/);
      await flood([server.smtpPort, server.pop3Port], 40, 1);
      await comeIn(server.pop3Port, '127.0.3.1');
      await owner.ask('STAT', /^\+OK/);
    });
  });

  it('counts the /56 and the /48 around an IPv6 client too', async () => {
    await start('--max-sessions-per-address', '2', '--proxy-networks', '127.0.0.1', '--trusted-networks', 'none');
    const come = async (address: string) => {
      const client = await LineClient.connect(server.smtpPort);
      clients.push(client);
      client.send(`PROXY TCP6 ${address} 2001:db8::25 4711 25`);
      return client.line();
    };
    const inNetwork = async (count: number, address: (number: number) => string) => {
      for (let number = 0; number < count; number++) expect(await come(address(number))).to.match(GREETED);
    };
    await inNetwork(4, (number) => `2001:db8:1:1${number}::1`);
    expect(await come('2001:db8:1:1f::1')).to.match(/^421 4\.7\.0 Your address has too many sessions here/);
    await inNetwork(4, (number) => `2001:db8:1:${number + 2}00::1`);
    expect(await come('2001:db8:1:ff00::1')).to.match(/^421 4\.7\.0 Your address has too many sessions here/);
    expect(await come('2001:db8:2::1')).to.match(GREETED);
  });
});
