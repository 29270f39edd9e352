/** PM2 itself, from node_modules, with a home and a daemon of its own: what its users expect of start, reload and stop. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { pennypost } from '../cli/pennypost.js';
import { eventually } from '../support/eventually.js';
import { inventory, Load } from '../support/load.js';
import { demand, fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { runAnyhow, type Ran } from '../support/programs.js';
import { freePorts, MAIN, POSTMASTER, ROOT, type Status } from '../support/server.js';

/** PM2 looks at what it watches, and restarts what has changed, well within it. */
const WATCH_MS = 2_000;
const PM2 = join(ROOT, 'node_modules', 'pm2', 'bin', 'pm2');

interface App {
  readonly pid: number;
  readonly pm2_env: { readonly status: string; readonly restart_time: number };
}

describe('PM2', () => {
  let home = '';
  let ports: readonly [smtp: number, pop3: number];

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'pennypost-pm2-'));
  });

  beforeEach(async () => {
    ports = await freePorts();
  });

  afterEach(async () => {
    await pm2('delete', 'all');
    for (const name of ['mail.db', 'mail.db-wal', 'mail.db-shm']) await rm(join(home, name), { force: true });
  });

  after(async () => {
    const daemon = Number(await readFile(join(home, 'pm2.pid'), 'utf8').catch(() => NaN));
    await pm2('kill');
    if (daemon > 0 && isAlive(daemon)) process.kill(daemon, 'SIGKILL');
    await eventually('the daemon to end', () => !(daemon > 0) || !isAlive(daemon));
    await rm(home, { recursive: true, force: true });
  });

  function pm2(...argv: readonly string[]): Promise<Ran> {
    return pm2In(ROOT, { PENNYPOST_DB: join(home, 'mail.db') }, argv);
  }

  function pm2In(cwd: string, more: Readonly<Record<string, string>>, argv: readonly string[]): Promise<Ran> {
    const environment = {
      ...{ PM2_HOME: home, ...more },
      PENNYPOST_SMTP_PORT: String(ports[0]),
      PENNYPOST_POP3_PORT: String(ports[1]),
      PENNYPOST_WORKERS: '2',
    };
    return runAnyhow(process.execPath, [PM2, ...argv], { cwd, environment, timeoutMs: 40_000 });
  }

  async function does(...argv: readonly string[]): Promise<void> {
    const { status, stdout, stderr } = await pm2(...argv);
    expect(status, `${argv.join(' ')}: ${stdout.toString()}${stderr}`).to.equal(0);
  }

  async function apps(): Promise<readonly App[]> {
    const { stdout } = await pm2('jlist');
    const text = stdout.toString();
    return JSON.parse(text.slice(text.search(/^\[(\{|\])/m))) as App[];
  }

  async function status(): Promise<Status> {
    const { stdout } = await pennypost(['status', '--json'], {
      directory: home,
      environment: { PENNYPOST_DB: join(home, 'mail.db') },
    });
    return JSON.parse(stdout) as Status;
  }

  function pidsOf({ supervisor, store, workers }: Status): readonly number[] {
    return [supervisor, store, ...workers].map((each) => each?.pid ?? NaN);
  }

  /** PM2 may give each instance a log of its own, numbered at its end. */
  async function log(which: 'out' | 'error', name = 'pennypost'): Promise<string> {
    const files = (await readdir(join(home, 'logs'))).filter((file) => file.startsWith(`${name}-${which}`));
    return (await Promise.all(files.map((file) => readFile(join(home, 'logs', file), 'utf8')))).join('');
  }

  async function password(name?: string): Promise<string> {
    return eventually(
      'the password to be in the log',
      async () => /with the password (\S+)/.exec(await log('out', name))?.[1],
    );
  }

  it('starts, rolls, reloads, stops and deletes ecosystem.config.js, and nothing is left', async () => {
    await does('start', 'ecosystem.config.js');
    const first = await status(); // wait_ready: every worker listens when `start` returns.
    expect((await apps()).map((app) => [app.pid, app.pm2_env.status])).to.deep.equal([
      [first.supervisor?.pid, 'online'],
    ]);
    expect(first.workers).to.have.length(2);

    const load = new Load(ports[0], [POSTMASTER], 4);
    await eventually('the load to run', () => load.acknowledged.size > 50);
    await does('sendSignal', 'SIGHUP', 'pennypost');
    const rolled = await eventually('the workers to be new', async () => {
      const now = await status();
      const isNew = now.workers.every(({ pid }) => !pidsOf(first).includes(pid));
      return isNew && now.workers.length === 2 ? now : undefined;
    });
    expect([rolled.supervisor, rolled.store?.pid]).to.deep.equal([first.supervisor, first.store?.pid]);
    const sofar = load.acknowledged.size;
    await eventually('the load to run on', () => load.acknowledged.size > sofar + 50);
    await load.stop();
    expect(load.failures).to.deep.equal([]);
    const messages = await fetchAll(ports[1], POSTMASTER, await password());
    expect(inventory([load], messages)).to.deep.equal({ missing: [], twice: [] });
    expect(await log('out')).to.match(/^\{.*"msg":"session"\}$/m); // One line a session.

    await does('reload', 'ecosystem.config.js');
    const reloaded = await status();
    expect((await apps()).map((app) => [app.pid, app.pm2_env.status])).to.deep.equal([
      [reloaded.supervisor?.pid, 'online'],
    ]);
    expect(pidsOf(rolled).filter(isAlive)).to.deep.equal([]);

    await does('stop', 'pennypost');
    expect(pidsOf(reloaded).filter(isAlive)).to.deep.equal([]);
    expect((await apps())[0]?.pm2_env.status).to.equal('stopped');

    await does('start', 'pennypost');
    const again = await status();
    await does('delete', 'pennypost');
    expect(pidsOf(again).filter(isAlive)).to.deep.equal([]);
    expect(await apps()).to.deep.equal([]);
    expect(await log('error')).to.equal('');
  });

  it('with its defaults, which interrupt every process at once and kill after 1.6 s, loses nothing', async () => {
    await does('start', MAIN, '--name', 'plain', '--', 'serve');
    const running = await eventually('the server to be ready', async () => {
      const now = await status().catch(() => undefined);
      return now?.workers.length === 2 ? now : undefined;
    });
    const secret = await password('plain');
    const load = new Load(ports[0], [POSTMASTER], 4);
    await eventually('the load to run', () => load.acknowledged.size > 50);
    await does('stop', 'plain');
    await load.stop();
    await eventually('every process to end', () => pidsOf(running).every((pid) => !isAlive(pid)), 3_000);
    await does('start', 'plain');
    const messages = await eventually('the server to be ready', () =>
      fetchAll(ports[1], POSTMASTER, secret).catch(() => undefined),
    );
    expect(inventory([load], messages)).to.deep.equal({ missing: [], twice: [] });
  });

  it('finds program and mail from any directory, after its own restart too, and with --watch goes on when mail comes', async () => {
    await does('kill'); // A daemon lends its environment, and so the database of other tests, to what it starts.
    await rm(join(home, 'logs'), { recursive: true }); // With the passwords of other databases.
    const project = join(home, 'project');
    await mkdir(project);
    for (const name of ['ecosystem.config.js', 'package.json']) await copyFile(join(ROOT, name), join(project, name));
    await symlink(join(ROOT, 'dist'), join(project, 'dist'));
    const here = async (...argv: readonly string[]): Promise<void> => {
      const { status, stderr } = await pm2In(home, {}, argv);
      expect(status, `${argv.join(' ')}: ${stderr}`).to.equal(0);
    };
    await here('start', join(project, 'ecosystem.config.js'), '--watch');
    const secret = await password();
    await here('save');
    await here('kill');
    await here('resurrect');
    const client = await eventually('the server to be ready', () => smtpSession(ports[0]).catch(() => undefined));
    const [before] = await apps();
    await sendData(client, POSTMASTER, Buffer.from('Subject: watched\r\n\r\n'));
    await pause(WATCH_MS);
    await demand(client, 'NOOP', 250);
    expect(await fetchAll(ports[1], POSTMASTER, secret)).to.have.length(1);
    expect((await apps()).map(({ pid }) => pid)).to.deep.equal([before?.pid]);
    expect(existsSync(join(project, 'mail.db'))).to.equal(true);
  });

  it('in cluster mode is told in one line what to set instead', async () => {
    await pm2('start', MAIN, '--name', 'clustered', '-i', '2', '--no-autorestart', '--', 'serve');
    const said = await eventually('the refusal to be in the log', async () => {
      const text = await log('error', 'clustered');
      return text === '' ? undefined : text;
    });
    for (const line of said.trim().split('\n'))
      expect(line).to.match(/^Pennypost forks its own workers: start it in PM2's fork mode/);
    await eventually('both to have ended', async () =>
      (await apps()).every(({ pm2_env }) => pm2_env.status !== 'online' && pm2_env.status !== 'launching'),
    );
    expect((await status()).supervisor).to.equal(null);
  });
});
