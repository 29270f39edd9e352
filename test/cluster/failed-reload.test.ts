/** A reload that cannot be, for whatever reason, leaves the server as it was: workers, ports, sessions. And it says so. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { isAlive } from '../support/processes.js';
import { Server, somePorts, type Status } from '../support/server.js';

interface ReloadStatus extends Status {
  readonly restarts: { readonly workers: number };
  readonly failedReload: { readonly why: string } | null;
}

describe('a reload that fails', function () {
  this.timeout(60_000);
  let server: Server;
  let taken: Listener | undefined;

  beforeEach(async () => {
    const ports = await somePorts(2);
    const settings = [`smtp-port = ${ports[0]}`, `pop3-port = ${ports[1]}`];
    server = await Server.launch({ argv: ['serve'], environment: { PENNYPOST_WORKERS: '2' } });
    await server.release({ keep: true });
    await configure(...settings);
    server = await Server.start({
      like: server,
      argv: ['serve'],
      environment: { PENNYPOST_WORKERS: '2' },
    });
    [smtpPort = 0, pop3Port = 0] = ports;
  });
  let smtpPort: number;
  let pop3Port: number;

  afterEach(async () => {
    taken?.close();
    await server.release();
  });

  function configure(...lines: readonly string[]): Promise<void> {
    return writeFile(join(server.directory, 'pennypost.toml'), `${lines.join('\n')}\n`);
  }

  const status = async () => (await server.status()) as ReloadStatus;
  const pids = ({ workers }: Status) => workers.map(({ pid }) => pid).sort();
  const told = (what: RegExp) => server.stdout.split('\n').filter((line) => what.test(line)).length;

  /** Opens and ends sessions for as long as it runs; what went wrong. */
  function knocking(port: number): { end(): Promise<readonly string[]> } {
    const failures: string[] = [];
    let going = true;
    const knocker = async (): Promise<void> => {
      while (going)
        try {
          const client = await LineClient.greeted(port);
          await client.ask('QUIT', /^\+OK/);
          client.destroy();
        } catch (error) {
          failures.push((error as Error).message);
        }
    };
    const all = Promise.all([knocker(), knocker(), knocker()]);
    return { end: () => ((going = false), all.then(() => failures)) };
  }

  /** How often somebody could connect, while asked again and again. */
  function calling(port: number): { end(): number } {
    let connected = 0;
    const timer = setInterval(() => {
      const socket = connect(port, '127.0.0.1', () => ((connected += 1), socket.destroy()));
      socket.on('error', () => undefined);
    }, 5);
    return { end: () => (clearInterval(timer), connected) };
  }

  it('for a port that is taken cuts no session, opens no other port, and starts no worker again', async () => {
    const [other = 0, free = 0] = await somePorts(2);
    const holder = createServer();
    taken = holder;
    await new Promise<void>((resolve) => holder.listen(other, '127.0.0.1', resolve));
    const before = await status();
    await configure(`smtp-port = ${other}`, `pop3-port = ${pop3Port}`, `submission-port = ${free}`);
    const [knocks, calls] = [knocking(pop3Port), calling(free)];
    server.signal('SIGHUP');
    await eventually('the log to say why', () => told(/"level":50.*not reloaded: Cannot listen on/) > 0, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await knocks.end()).to.deep.equal([]);
    expect(calls.end()).to.equal(0);
    const after = await status();
    expect(pids(after)).to.deep.equal(pids(before));
    expect(after.restarts.workers).to.equal(0);
    expect(after.failedReload?.why).to.include(`port ${other} for SMTP`);
    expect(told(/not reloaded/)).to.equal(1);
    (await LineClient.greeted(smtpPort)).destroy();

    holder.close();
    server.signal('SIGHUP');
    await eventually('the reload', () => told(/every worker is new/) > 0, 20_000);
    for (const port of [other, pop3Port, free]) (await LineClient.greeted(port)).destroy();
    expect((await status()).failedReload).to.equal(null);
    await eventually('the old workers to end', () => pids(before).every((pid) => !isAlive(pid)), 20_000);
    expect(calling(smtpPort).end()).to.equal(0);
  });

  for (const [what, line, why] of [
    ['an address that is not ours', 'host = "127.0.0.1,192.0.2.77"', /does not have that address|--user NAME/],
    ['all addresses where it listens on one', 'host = "0.0.0.0"', /needs a restart|--user NAME/],
    ['a certificate that is not there', 'tls-certificate = "nowhere.pem"', /nowhere\.pem/],
    ['another database', 'db = "other.db"', /needs a restart/],
    ['a socket in a directory that is not there', 'lmtp-socket = "nowhere/lmtp"', /Cannot listen on nowhere.lmtp/],
    ['a file that is no TOML', 'workers = = 1', /pennypost\.toml/],
  ] as const)
    it(`for ${what} leaves everything as it was`, async () => {
      const before = await status();
      await configure(`smtp-port = ${smtpPort}`, `pop3-port = ${pop3Port}`, line);
      server.signal('SIGHUP');
      await eventually('the log to say so', () => told(/"level":50.*not reloaded/) > 0, 20_000);
      expect(server.stdout).to.match(why);
      await configure(`smtp-port = ${smtpPort}`, `pop3-port = ${pop3Port}`);
      const after = await status();
      expect([pids(after), after.restarts]).to.deep.equal([pids(before), before.restarts]);
      for (const port of [smtpPort, pop3Port]) (await LineClient.greeted(port)).destroy();
    });
});

describe('a signal to a server that is not ready', function () {
  this.timeout(60_000);
  let server: Server;

  afterEach(() => server.release());

  it('asks for a reload from the first line of the program on, and has it when the server is ready', async function () {
    if (process.platform !== 'linux') this.skip();
    server = await Server.launch();
    await eventually('the program to hear it', () => catchesHangup(server.pid));
    const timer = setInterval(() => server.signal('SIGHUP'), 20);
    await eventually('the server to be ready', () => server.isReady || !isAlive(server.pid), 20_000);
    clearInterval(timer);
    expect(server.isReady, server.logs).to.equal(true);
    await eventually('the reload', () => server.stdout.includes('every worker is new'), 20_000);
    await eventually('the old workers to end', async () => (await server.status()).workers.length === 2, 20_000);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`ends it in order by ${signal}, and leaves no process behind`, async () => {
      server = await Server.launch();
      await eventually('a first process to be started', () => server.processes.length > 1);
      server.signal(signal);
      expect(await server.end()).to.deep.equal({ status: 0, signal: null });
      await eventually('every process to end', () => server.processes.length === 0, 5_000);
      expect(server.stderr).to.equal('');
    });
});

/** proc(5): SIGHUP is the first bit of the signals that are caught. */
function catchesHangup(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}
