/**
 * Sockets that were opened before the server began, as systemd does it (sd_listen_fds(3)): the test opens them, starts
 * the server through a shell that sets LISTEN_PID, and closes its own copies.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pennypost } from '../cli/pennypost.js';
import { eventually, within } from '../support/eventually.js';
import { fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive, killGroup, groupMembers } from '../support/processes.js';
import { freePorts, MAIN, POSTMASTER, type Status } from '../support/server.js';

const AS_SYSTEMD_DOES = 'LISTEN_PID=${FOR:-$$} exec "$@"';

interface Handed {
  readonly name?: string;
  readonly host?: string;
  readonly port?: number;
  /** Of a Unix socket, instead of a port. */
  readonly path?: string;
}

describe('sockets from systemd', () => {
  let directory: string;
  let child: ChildProcess;
  let output: string;
  let ports: readonly number[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-'));
    output = '';
  });

  afterEach(async () => {
    killGroup(child.pid as number, 'SIGKILL');
    await eventually('every process to end', () => groupMembers(child.pid as number).length === 0);
    await rm(directory, { recursive: true, force: true });
  });

  async function start(
    handed: readonly Handed[],
    argv: readonly string[] = [],
    environment: object = {},
  ): Promise<void> {
    const servers = await Promise.all(handed.map(listening));
    ports = servers.map((server) => (server.address() as AddressInfo).port);
    const names = handed.some(({ name }) => name !== undefined) && handed.map(({ name }) => name ?? '').join(':');
    child = spawn('sh', ['-c', AS_SYSTEMD_DOES, 'sh', process.execPath, MAIN, 'serve', '--workers', '2', ...argv], {
      cwd: directory,
      detached: true,
      env: {
        PATH: process.env['PATH'],
        PENNYPOST_WEB_PORT: '0',
        LISTEN_FDS: String(handed.length),
        ...(names === false ? {} : { LISTEN_FDNAMES: names }),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe', ...servers.map(descriptorOf)],
    });
    for (const server of servers) server.close();
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }

  const ready = () => eventually(`the server to be ready: ${output}`, () => output.includes(' is ready as '), 20_000);
  const password = () => /with the password (\S+)/.exec(output)?.[1] ?? '';
  const ended = () => within(15_000, 'the end', new Promise<number | null>((resolve) => child.once('exit', resolve)));

  async function status(): Promise<Status> {
    return JSON.parse((await pennypost(['status', '--json'], { directory })).stdout) as Status;
  }

  async function expectMailToFlow(smtpPort: number, pop3Port: number): Promise<void> {
    const client = await smtpSession(smtpPort);
    await sendData(client, POSTMASTER, Buffer.from('Subject: handed over\r\n\r\n'));
    client.destroy();
    const found = await fetchAll(pop3Port, POSTMASTER, password());
    expect(found.at(-1)?.toString()).to.include('Subject: handed over');
  }

  it('are served by their names, shown in status and banner, and nothing else is opened', async () => {
    await start([{ name: 'pop3' }, { name: 'smtp' }], ['--smtp-port', '2598', '--pop3-port', '2597']);
    await ready();
    const [pop3 = 0, smtp = 0] = ports;
    await expectMailToFlow(smtp, pop3);
    const { listeners } = await status();
    expect(listeners.map(({ protocol, host, port }) => `${protocol} ${host} ${port}`)).to.have.members([
      `pop3 127.0.0.1 ${pop3}`,
      `smtp 127.0.0.1 ${smtp}`,
    ]);
    expect(output).to.include(`SMTP  127.0.0.1:${smtp}`).and.include(`POP3  127.0.0.1:${pop3}`);
    await smtpSession(2598).then(
      () => expect.fail('the port of the configuration was opened too'),
      () => undefined,
    );
  });

  it('outlive a reload, and the end of every worker at once', async () => {
    await start([{ name: 'smtp' }, { name: 'pop3' }]);
    await ready();
    const [smtp = 0, pop3 = 0] = ports;
    const { workers } = await status();
    process.kill(child.pid as number, 'SIGHUP');
    await eventually('the old workers to end', () => workers.every(({ pid }) => !isAlive(pid)), 20_000);
    await expectMailToFlow(smtp, pop3);
    const now = (await status()).workers;
    for (const { pid } of now) process.kill(pid, 'SIGKILL');
    await expectMailToFlow(smtp, pop3); // What connects meanwhile waits in the socket's queue.
  });

  it('without names are told by the ports of the configuration', async () => {
    const [smtp, pop3] = await freePorts();
    await start([{ port: pop3 }, { port: smtp }], ['--pop3-port', String(pop3), '--smtp-port', String(smtp)]);
    await ready();
    await expectMailToFlow(smtp, pop3);
  });

  it('without names and on no port of the configuration are refused', async () => {
    await start([{}]);
    expect(await ended()).to.equal(78);
    expect(output).to.match(
      /could be for any protocol: set FileDescriptorName= .* smtp, submission, submissions, pop3, pop3s/,
    );
  });

  it('and an address of the configuration stand side by side, for different protocols', async () => {
    const [, pop3] = await freePorts();
    await start([{ name: 'smtp', host: '::1' }], ['--pop3-port', String(pop3)]);
    await ready();
    const client = await smtpSession(ports[0] ?? 0, '::1');
    await sendData(client, POSTMASTER, Buffer.from('Subject: side by side\r\n\r\n'));
    client.destroy();
    expect(await fetchAll(pop3, POSTMASTER, password())).to.have.length(1);
  });

  it('for another process are left alone', async () => {
    const [smtp, pop3] = await freePorts();
    await start([{ name: 'smtp' }], ['--smtp-port', String(smtp), '--pop3-port', String(pop3)], { FOR: '1' });
    await ready();
    await expectMailToFlow(smtp, pop3);
  });

  it('that are not for TCP are refused', async () => {
    await start([{ name: 'smtp', path: join(directory, 'some.sock') }]);
    expect(await ended()).to.equal(78);
    expect(output).to.include("'smtp' in descriptor 3 is not one for TCP");
  });

  it('on a public address are not served by root', async function () {
    if (process.getuid?.() !== 0) this.skip();
    await start([{ name: 'smtp', host: '0.0.0.0' }]);
    expect(await ended()).to.equal(78);
    expect(output).to.include('--user NAME');
  });
});

function listening({ host = '127.0.0.1', port = 0, path }: Handed): Promise<NetServer> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    const opened = () => resolve(server);
    if (path === undefined) server.listen({ host, port }, opened);
    else server.listen(path, opened);
  });
}

function descriptorOf(server: NetServer): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}
