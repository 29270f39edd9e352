/** The supervisor's control socket: who may use it, what it says, and what becomes of its file. */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { mkdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER, Server, type Status } from '../support/server.js';

describe('the control socket', () => {
  let server: Server;

  beforeEach(async () => {
    server = await Server.start();
  });

  afterEach(() => server.release());

  const sockets = (directory = server.directory) =>
    readdirSync(directory)
      .filter((name) => /\.control-[\da-f]{8}$/.test(name))
      .map((name) => join(directory, name));

  /** What is answered until the end. */
  function say(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(sockets()[0] ?? '', () => socket.write(text));
      socket.setEncoding('utf8').on('data', (more: string) => (answer += more));
      socket.on('error', reject).on('close', () => resolve(answer));
    });
  }

  it('is its owner’s alone, and goes with the server', async () => {
    expect(sockets()).to.have.length(1);
    expect(statSync(sockets()[0] ?? '').mode & 0o777).to.equal(0o600);
    await server.stop();
    expect(sockets()).to.deep.equal([]);
  });

  it('says what each process counts: the messages that a worker accepted, in sessions that go on and that ended', async () => {
    const ended = await smtpSession(server.smtpPort);
    await sendData(ended, POSTMASTER, Buffer.from('Subject: one\r\n\r\n'));
    ended.destroy();
    const open = await smtpSession(server.smtpPort);
    for (let times = 0; times < 2; times++) await sendData(open, POSTMASTER, Buffer.from('Subject: two\r\n\r\n'));
    const { processes, store, workers } = await server.shownStatus();
    expect(processes.map(({ role }) => role).toSorted()).to.deep.equal(['store', 'worker', 'worker']);
    expect(processes.map(({ pid }) => pid)).to.have.members([store?.pid, ...workers.map(({ pid }) => pid)]);
    const counts = processes.filter(({ role }) => role === 'worker').map((each) => each.counts);
    expect(counts.reduce((sum, each) => sum + (each?.['accepted'] ?? NaN), 0)).to.equal(3);
    expect(await server.do('status')).to.match(/^process +worker \d+, ready, restarts 0, sessions \d, accepted \d *$/m);
    open.destroy();
  });

  it('is made again when its file is removed, or something else stands there', async () => {
    const [path = ''] = sockets();
    rmSync(path);
    await eventually('it to be there again', async () => (await server.status()).processes.length === 3);
    const [again = ''] = sockets();
    rmSync(again);
    writeFileSync(again, 'not a socket');
    await eventually('it to be there again', async () => (await server.status()).processes.length === 3);
    await server.stop();
  });

  it('that a killed server left is removed by the next, and no other file', async () => {
    server.signal('SIGKILL');
    await eventually('every process to end', () => server.processes.length === 0);
    const [left = ''] = sockets();
    const others = ['00000000', '11111111'].map((name) => left.replace(/[\da-f]{8}$/, name));
    writeFileSync(others[0] ?? '', 'a file');
    mkdirSync(others[1] ?? '');
    const next = await Server.start({ like: server });
    try {
      expect(sockets()).to.include.members(others);
      expect(sockets()).to.not.include(left);
      expect(sockets()).to.have.length(3);
      expect((await next.status()).processes).to.have.length(3);
    } finally {
      await next.release({ keep: true });
    }
  });

  it('cuts off who asks anything else, says nothing or too much, and goes on', async () => {
    for (const text of ['stop\n', 'status\nstatus\n', `${'status'.repeat(10_000)}\n`, '\0'])
      expect(await say(text).catch(() => '')).to.equal('');
    const silent = connect(sockets()[0] ?? '').on('error', () => undefined);
    expect(JSON.parse(await say('status\n'))).to.include({ pid: server.pid });
    await new Promise((resolve) => silent.once('close', resolve));
  });

  it('says which processes stand while the store is down, and that it does not answer', async () => {
    const before = await server.status();
    await rename(server.db, `${server.db}.away`); // No store begins without it.
    process.kill(before.store?.pid ?? NaN, 'SIGKILL');
    const { stdout, status } = await eventually('the store to be away', async () => {
      const shown = await server.run('status', '--json');
      return (JSON.parse(shown.stdout) as Status).store === null ? shown : undefined;
    });
    const shown = JSON.parse(stdout) as Status;
    expect(status).to.equal(69);
    expect(shown).to.deep.include({ supervisor: { pid: server.pid }, workers: before.workers, healthy: false });
    expect(shown).to.include({ messagesAccepted: null, walBytes: null, file: null });
    expect(shown.listeners).to.deep.equal(before.listeners);
    expect(shown.problems).to.deep.equal(['the store does not answer']);
    const text = await server.run('status');
    expect(text.status).to.equal(69);
    expect(text.stdout).to.match(/^problem +the store does not answer *$/m);
    expect(text.stdout).to.match(/^process +worker \d+, ready/m);
    await rename(`${server.db}.away`, server.db);
    await eventually('the store to be back', async () => (await server.run('status')).status === 0);
  });

  it('shows a worker that does not answer, without what it counts', async () => {
    const { workers } = await server.status();
    process.kill(workers[0]?.pid ?? NaN, 'SIGSTOP');
    const { processes, problems } = await server.status();
    const stopped = processes.find(({ pid }) => pid === workers[0]?.pid);
    expect(stopped).to.deep.equal({ role: 'worker', pid: workers[0]?.pid, state: 'ready', restarts: 0 });
    expect(problems).to.deep.equal([`worker ${workers[0]?.pid} does not answer`]);
    process.kill(workers[0]?.pid ?? NaN, 'SIGCONT');
  });

  it('that is missing leaves the rest of the status, and a sentence', async () => {
    rmSync(sockets()[0] ?? '');
    const text = await server.do('status');
    if (sockets().length === 0) expect(text).to.match(/^processes +no supervisor answers/m);
    expect(text).to.match(/^store +pid/m);
  });
});
