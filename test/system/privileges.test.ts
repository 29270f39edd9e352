/**
 * Started as root with --user: nobody but the supervisor keeps anything of root's, and the supervisor keeps it out of
 * effect. Seen where it cannot be argued with, in /proc, at every stage of a server's life.
 */
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { NOBODY, nobody, nobodysDirectory, nodeAs, nodeAsNobody, type Ids } from '../support/nobody.js';
import { credentialsOf, isAlive } from '../support/processes.js';
import { ensureSelfSigned } from '../../src/tls/self-signed.js';
import { itAsRoot } from '../support/programs.js';
import { MAIN, POSTMASTER, Server } from '../support/server.js';

const SMTP_PORT = 25;
const POP3_PORT = 110;
const PORTS = { smtp: SMTP_PORT, submission: 587, submissions: 465, pop3: POP3_PORT, pop3s: 995 };
const LOW_PORTS = Object.entries(PORTS).flatMap(([name, port]) => [`--${name}-port`, String(port)]);
const MISCONFIGURED = 78;
/** No machine has a user of it. */
const NAMELESS = 3_123_456;

/** Until the greeting has come. */
function shakeHands(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

describe('a server started as root', () => {
  let server: Server | undefined;

  afterEach(async () => {
    await server?.release();
    server = undefined;
  });

  async function launched(...argv: readonly string[]): Promise<Server> {
    server = await Server.launch({ directory: await nobodysDirectory(), argv: ['serve', '--workers', '2', ...argv] });
    return server;
  }

  async function startOnLowPorts(): Promise<Server> {
    const started = await launched('--user', NOBODY, '--host', '127.0.0.1', ...LOW_PORTS);
    await eventually('the server to be ready', () => started.isReady || !isAlive(started.pid), 20_000);
    expect(started.isReady, started.logs).to.equal(true);
    return started;
  }

  /** Also that it is root for a moment only: until nobody starts, and nobody listens anew. */
  async function expectDropped({ pid, processes }: Server): Promise<void> {
    const { uid, gid } = await nobody();
    await eventually('the supervisor to be root no more in effect', () => credentialsOf(pid).effective === 0n);
    expect(credentialsOf(pid)).to.deep.include({ uids: [0, uid, 0, uid], gids: [gid, gid, gid, gid], groups: [gid] });
    const children = processes.filter((each) => each !== pid);
    expect(children).to.have.length(3);
    for (const child of children) expectNobody(child, { uid, gid });
  }

  function expectNobody(pid: number, { uid, gid }: Ids): void {
    expect(credentialsOf(pid)).to.deep.equal({
      uids: [uid, uid, uid, uid],
      gids: [gid, gid, gid, gid],
      groups: [gid],
      effective: 0n,
      permitted: 0n,
    });
  }

  /** Ends them as only the kernel can, and waits until others have taken their place. */
  async function replace(running: Server, pids: readonly number[]): Promise<void> {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await eventually('others in their place', async () => {
      const now = await running.shownStatus();
      return now.workers.length === 2 && now.store !== null && pids.every((pid) => !running.processes.includes(pid));
    });
  }

  async function expectMailToFlow(running: Server): Promise<void> {
    const client = await eventually('SMTP to be served', () => smtpSession(SMTP_PORT).catch(() => false as const));
    await sendData(client, POSTMASTER, Buffer.from('Subject: low ports\r\n\r\n'));
    client.destroy();
    const messages = await fetchAll(POP3_PORT, POSTMASTER, running.password);
    expect(messages.at(-1)?.toString()).to.include('Subject: low ports');
  }

  async function expectEveryPort(): Promise<void> {
    for (const port of [PORTS.smtp, PORTS.submission, PORTS.pop3]) (await LineClient.greeted(port)).destroy();
    for (const port of [PORTS.submissions, PORTS.pop3s]) await shakeHands(port);
  }

  itAsRoot(
    'serves ports 25, 110, 465, 587 and 995 while only the supervisor can be root, and is not',
    async function () {
      for (const port of Object.values(PORTS)) if (!(await isFree(port))) this.skip();
      const running = await startOnLowPorts();
      await expectDropped(running);
      await expectMailToFlow(running);
      await expectEveryPort();
      const before = await running.shownStatus();

      running.signal('SIGHUP');
      await eventually('the old workers to end', () => before.workers.every(({ pid }) => !isAlive(pid)), 20_000);
      await expectDropped(running);
      await expectMailToFlow(running);

      // With the last worker the listening sockets are closed, so that ports below 1024 must be bound again.
      await replace(
        running,
        (await running.shownStatus()).workers.map(({ pid }) => pid),
      );
      await expectDropped(running);
      await expectMailToFlow(running);

      await expectEveryPort();
      await replace(running, [before.store?.pid ?? 0]);
      await expectDropped(running);
      await expectMailToFlow(running);
      expect(await running.stop()).to.deep.equal({ status: 0, signal: null });
    },
  );

  itAsRoot('makes the directory of the database for its user, and everything in it', async () => {
    const { uid } = await nobody();
    const running = await Server.start({
      directory: await nobodysDirectory(),
      arguments: ['--user', NOBODY, '--db', 'mail/mail.db'],
    });
    server = running;
    const directory = join(running.directory, 'mail');
    const found = await stat(directory);
    expect([found.uid, found.mode & 0o777]).to.deep.equal([uid, 0o700]);
    await expectPrivate(directory, uid);
  });

  async function expectPrivate(directory: string, uid: number): Promise<void> {
    const names = (await readdir(directory)).filter((name) => name.startsWith('mail.db'));
    expect(names).to.include.members(['mail.db', 'mail.db.lock']);
    for (const name of names) {
      const found = await stat(join(directory, name));
      expect([found.uid, found.mode & 0o777], name).to.deep.equal([uid, 0o600]);
    }
  }

  itAsRoot('reads a key that is for root alone, and serves with it', async () => {
    const directory = await nobodysDirectory();
    const secret = join(directory, 'secret');
    await mkdir(secret, { mode: 0o700 });
    const file = join(secret, 'key.pem');
    await ensureSelfSigned(file, ['localhost']);
    const running = await Server.start({ directory, arguments: ['--user', NOBODY, '--tls-certificate', file] });
    server = running;
    const client = await LineClient.greeted(running.smtpPort);
    expect((await client.command('EHLO me')).lines).to.include('250-STARTTLS');
    client.destroy();
    expect((await stat(file)).uid).to.equal(0);
    await expectDropped(running);
  });

  itAsRoot('is not locked out by commands that root runs, with or without a server', async () => {
    const { uid } = await nobody();
    const running = await Server.start({ directory: await nobodysDirectory(), arguments: ['--user', NOBODY] });
    server = running;
    await running.do('account', 'add', 'alice@localhost', '--password', 'secret');
    expect((await running.shownStatus()).store).to.not.equal(null);
    await running.stop();
    await running.do('account', 'add', 'bob@localhost', '--password', 'secret');
    await expectPrivate(running.directory, uid);
    await running.release({ keep: true });
    server = await Server.start({ like: running, arguments: ['--user', NOBODY] });
    expect(await server.do('account', 'list'))
      .to.include('alice@localhost')
      .and.include('bob@localhost');
  });

  itAsRoot('has a database that is not made as root beside a directory of another', async () => {
    const directory = await nobodysDirectory();
    const running = await Server.launch({
      directory,
      argv: ['account', 'add', 'alice@localhost', '--password', 'secret'],
    });
    server = running;
    expect((await running.end()).status).to.equal(0);
    await expectPrivate(directory, (await nobody()).uid);
  });

  itAsRoot('refuses addresses that others can reach, and names --user', async () => {
    const running = await launched('--host', '0.0.0.0,127.0.0.1', '--smtp-port', '2599', '--pop3-port', '0');
    expect((await running.end()).status, running.logs).to.equal(MISCONFIGURED);
    expect(running.stderr).to.match(/^pennypost: Root serves nobody but this machine, and 0\.0\.0\.0 .*--user NAME/);
    expect(running.stderr.trim().split('\n')).to.have.length(1);
  });

  itAsRoot('refuses them on a reload too, and goes on as it was', async () => {
    const running = await Server.start();
    server = running;
    await writeFile(join(running.directory, 'pennypost.toml'), 'host = "0.0.0.0"\n');
    running.signal('SIGHUP');
    await eventually('the log to say so', () => /"level":50.*not reloaded.*--user NAME/.test(running.stdout));
    (await LineClient.greeted(running.smtpPort)).destroy();
  });

  for (const [what, argv, sentence] of [
    ['a user that does not exist', ['--user', 'nobody-at-all'], /There is no user nobody-at-all/],
    ['a group that does not exist', ['--user', NOBODY, '--group', 'no-such'], /There is no group no-such/],
    ['root as the user', ['--user', 'root'], /somebody other than root/],
    ['a group without a user', ['--group', NOBODY], /--group needs --user/],
    ['a number without an entry, and no group', ['--user', '4242424'], /--group must be given/],
  ] as const)
    itAsRoot(`refuses ${what} in one sentence`, async () => {
      const running = await launched(...argv);
      expect((await running.end()).status, running.logs).to.equal(MISCONFIGURED);
      expect(running.stderr.trim()).to.match(sentence);
      expect(running.stderr.trim().split('\n')).to.have.length(1);
    });

  for (const mode of [0o755, 0o700])
    itAsRoot(`names the fix where the user cannot write: ${mode.toString(8)}`, async () => {
      const { uid } = await nobody();
      const running = await launched('--user', NOBODY, '--db', 'mail/mail.db');
      await running.release({ keep: true });
      const directory = join(running.directory, 'root');
      await mkdir(directory);
      await chmod(directory, mode);
      const refused = await Server.launch({
        directory: running.directory,
        argv: ['serve', '--user', NOBODY, '--db', 'root/mail.db'],
      });
      server = refused;
      expect((await refused.end()).status).to.equal(MISCONFIGURED);
      expect(refused.stderr).to.include(`chown -R ${uid} ${directory}`);
      expect(await readdir(directory)).to.be.empty;
    });

  for (const mode of [0o755, 0o700])
    itAsRoot(`tells nobody to chown on a read-only mount: ${mode.toString(8)}`, async function () {
      const above = await nobodysDirectory();
      const directory = join(above, 'root');
      await mkdir(directory);
      await chmod(directory, mode);
      if (spawnSync('mount', ['--bind', directory, directory]).status !== 0) {
        await rm(above, { recursive: true });
        return this.skip(); // A container may not mount.
      }
      try {
        expect(spawnSync('mount', ['-o', 'remount,bind,ro', directory]).status).to.equal(0);
        server = await Server.launch({ directory: above, argv: ['serve', '--user', NOBODY, '--db', 'root/mail.db'] });
        expect((await server.end()).status).to.equal(MISCONFIGURED);
        expect(server.stderr).to.include('mounted read-only').and.not.include('chown');
      } finally {
        spawnSync('umount', [directory]);
      }
    });

  itAsRoot('does not serve the database of another as root', async () => {
    const { uid, gid } = await nobody();
    const running = await Server.start();
    server = running;
    await running.stop();
    await chown(running.db, uid, gid);
    const refused = await Server.launch({ like: running });
    expect((await refused.end()).status).to.equal(MISCONFIGURED);
    expect(refused.stderr).to.include(`--user ${uid}`);
  });
});

describe('a server that is not started as root', () => {
  let directory: string;

  beforeEach(async function () {
    if (process.getuid?.() !== 0) return this.skip(); // Only root can start one as another.
    directory = await nobodysDirectory();
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  for (const [what, argv, sentence] of [
    ['cannot become another', ['--user', 'daemon'], /Only root can become the user daemon/],
    ['cannot have another group', ['--user', NOBODY, '--group', 'daemon'], /Only root can become the group daemon/],
  ] as const)
    itAsRoot(`${what}, and says so`, async () => {
      const ran = await nodeAsNobody([MAIN, 'serve', ...argv], directory);
      expect(ran.status, ran.stderr).to.equal(MISCONFIGURED);
      expect(ran.stderr).to.match(sentence);
    });

  itAsRoot('may be told to be the user that it is', async () => {
    const argv = ['--user', NOBODY, '--db', 'none/of/these/mail.db'];
    const ran = await nodeAsNobody([MAIN, 'serve', ...argv], directory);
    expect(ran.stderr).to.include('Cannot make'); // It got that far: the paths above are missing.
  });

  itAsRoot('is called by its number when the machine knows no name of its user', async () => {
    await chmod(directory, 0o755);
    const ran = await nodeAs({ uid: NAMELESS, gid: NAMELESS }, [MAIN, 'serve'], directory);
    expect(ran.status, ran.stderr).to.equal(MISCONFIGURED);
    expect(ran.stderr).to.equal(
      `pennypost: The user ${NAMELESS} must own ${directory} and be able to write it; as root: chown -R ${NAMELESS} ${directory}\n`,
    );
  });
});
