/** The supervisor's control socket: who may use it, what it says, and what becomes of its file. */
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { nodeAsNobody } from '../support/nobody.js';
import { itAsRoot } from '../support/programs.js';
import { POSTMASTER, Server, type Status } from '../support/server.js';

interface Answer {
  readonly result?: object;
  readonly error?: string;
}

describe('the control socket', () => {
  let server: Server;

  before(async () => {
    server = await Server.start();
  });

  after(() => server.release());

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

  const ask = async (request: string) => JSON.parse(await say(`${JSON.stringify({ request })}\n`)) as Answer;
  const healthy = () => eventually('it to be healthy', async () => (await server.run('status')).status === 0, 20_000);

  it('is its owner’s alone', () => {
    expect(sockets()).to.have.length(1);
    expect(statSync(sockets()[0] ?? '').mode & 0o777).to.equal(0o600);
  });

  itAsRoot('is refused to another user in the kernel, also in a directory that everybody may enter', async () => {
    await chmod(server.directory, 0o755);
    const script = `net.connect(process.argv[1]).on('connect', () => console.log('in')).on('error', ({ code }) => console.log(code))`;
    const ran = await nodeAsNobody(['-e', script, sockets()[0] ?? ''], server.directory);
    expect(ran.stdout.toString().trim(), ran.stderr).to.equal('EACCES');
    await chmod(server.directory, 0o700);
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
    expect(await server.do('status')).to.match(/^worker +pid \d+, ready, \d sessions?, \d messages? accepted *$/m);
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
  });

  it('answers one line of JSON with one: its status and its health', async () => {
    expect((await ask('status')).result).to.include({ pid: server.pid, state: 'ready' });
    expect((await ask('health')).result).to.deep.equal({ healthy: true, state: 'ready', problems: [] });
    const halfClosed = connect(sockets()[0] ?? '', () => halfClosed.end('{"request":"health"}\n'));
    const [bytes] = (await once(halfClosed, 'data')) as [Buffer];
    expect(JSON.parse(bytes.toString())).to.have.property('result');
    const cut = connect(sockets()[0] ?? '', () => cut.write('{"request":'));
    await pause(50);
    cut.write('"health"}\n');
    const [again] = (await once(cut, 'data')) as [Buffer];
    expect(again).to.deep.equal(bytes);
  });

  it('says what is wrong with any other request', async () => {
    const unknown = { error: 'no such request; there are status, health, outbound, reload' };
    for (const name of ['stop', '', 'constructor', '__proto__', 'x'.repeat(4000)])
      expect(await ask(name)).to.deep.equal(unknown);
    for (const line of ['status', '', '\0', '{', 'null', '[]', '"status"', '{"request":1}', '\xff'])
      expect((JSON.parse(await say(`${line}\n`)) as Answer).error, line).to.match(
        /^a request is a line of JSON such as /,
      );
  });

  it('cuts off who says nothing, too much, or takes no answer, and a hundred of them keep nobody out', async () => {
    const open = (text?: string) => {
      const socket = connect(sockets()[0] ?? '', () => text !== undefined && socket.write(text));
      const closed = new Promise<void>((resolve) => socket.on('error', () => undefined).on('close', () => resolve()));
      return { socket, closed };
    };
    const silent = Array.from({ length: 100 }, () => open());
    const endless = Array.from({ length: 10 }, () => open('x'.repeat(4 * 1024 * 1024)));
    const deaf = Array.from({ length: 20 }, () => open('{"request":"status"}\n'));
    for (const { socket } of deaf) socket.pause();
    expect((await server.status()).processes).to.have.length(3);
    const asking = await Promise.all(Array.from({ length: 100 }, () => say('{"request":"health"}\n').catch(() => '')));
    const answered = asking.filter((answer) => answer !== '');
    expect(answered).to.not.be.empty;
    expect(new Set(answered)).to.have.length(1);
    await Promise.all([...silent, ...endless].map(({ closed }) => closed));
    for (const { socket } of deaf) socket.destroy();
    expect((await ask('status')).result).to.include({ pid: server.pid });
  });

  it('reloads, and answers when every worker is new', async () => {
    const { workers } = await server.status();
    expect(await server.do('reload')).to.equal('The configuration is reloaded, and every worker is new.\n');
    const ready = (await server.status()).processes.filter(({ role, state }) => role === 'worker' && state === 'ready');
    expect(ready).to.have.length(2);
    expect(ready.map(({ pid }) => pid)).to.not.include.members(workers.map(({ pid }) => pid));
    await eventually('the old ones to end', async () => (await server.status()).processes.length === 3);
  });

  it('says why a reload failed, and nothing has changed', async () => {
    const { workers } = await server.status();
    const occupant = createServer().listen({ port: 0, host: '127.0.0.1' });
    await once(occupant, 'listening');
    const { port } = occupant.address() as { readonly port: number };
    await writeFile(join(server.directory, 'pennypost.toml'), `submission-port = ${port}\n`);
    const { status, stdout, stderr } = await server.run('reload');
    expect([status, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(
      /^pennypost: The configuration was not reloaded: Cannot listen on 127\.0\.0\.1 port \d+ for SUBMISSION: /,
    );
    expect((await server.status()).workers.map(({ pid }) => pid)).to.have.members(workers.map(({ pid }) => pid));
    occupant.close();
    await rm(join(server.directory, 'pennypost.toml'));
    const several = await Promise.all(Array.from({ length: 10 }, () => ask('reload')));
    expect(several).to.deep.equal(several.map(() => ({ result: { reloaded: true } })));
    await eventually('the old ones to end', async () => (await server.status()).processes.length === 3);
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
    expect(shown.db).to.equal(server.db);
    expect(shown.problems).to.deep.equal(['the store does not answer']);
    const text = await server.run('status');
    expect(text.status).to.equal(69);
    expect(text.stdout).to.match(/^problem +the store does not answer *$/m);
    expect(text.stdout).to.match(/^worker +pid \d+, ready/m);
    await rename(`${server.db}.away`, server.db);
    await healthy();
  });

  it('shows a worker that does not answer, without what it counts', async () => {
    const { workers } = await server.status();
    process.kill(workers[0]?.pid ?? NaN, 'SIGSTOP');
    const { processes, problems } = await server.status();
    const stopped = processes.find(({ pid }) => pid === workers[0]?.pid);
    expect(stopped).to.deep.equal({ role: 'worker', pid: workers[0]?.pid, state: 'ready', restarts: 0 });
    expect(problems).to.deep.equal([`worker ${workers[0]?.pid} does not answer`]);
    process.kill(workers[0]?.pid ?? NaN, 'SIGCONT');
    await healthy();
  });

  it('that is missing leaves the rest of the status, and a sentence', async () => {
    rmSync(sockets()[0] ?? '');
    const text = await server.do('status');
    if (sockets().length === 0) expect(text).to.match(/^processes +no supervisor answers/m);
    expect(text).to.match(/^store +pid/m);
  });

  it('says that no server runs, when it has gone with the server', async () => {
    await server.stop();
    expect(sockets()).to.deep.equal([]);
    for (const command of ['status', 'reload']) {
      const { status, stdout, stderr } = await server.run(command);
      expect([status, (stdout + stderr).replace('pennypost: ', '')]).to.deep.equal([1, 'No server runs on mail.db.\n']);
    }
  });

  it('that a killed server left is removed by the next, and no other file', async () => {
    server = await Server.start({ like: server });
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
});
