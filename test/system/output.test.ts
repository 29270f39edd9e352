/**
 * Output that cannot be written: the server serves on, lines are lost and counted, and where the terminal is gone a server that
 * was started in it ends in order.
 */
import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually, within } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { killGroup } from '../support/processes.js';
import { itAsRoot, itNeeds } from '../support/programs.js';
import { freePorts, MAIN, ROOT } from '../support/server.js';

/** Each is a line of the log, and with -v a dozen on standard error: more than a pipe holds. */
const SESSIONS = 400;
/** More than a process holds for an output that takes nothing. */
const MANY_SESSIONS = 6_000;
/** The same, of the dialogue, which has more lines a session. */
const MANY_DIALOGUES = 4_000;
const AT_ONCE = 20;
/** What in-terminal.py makes of it. */
const SIGNALLED = 255;
/** After a start: while Node loads, the program loads, its processes load. */
const EARLY_MS = [200, 500, 800, 1_200];

interface Logged {
  readonly msg: string;
  readonly lines?: number;
  readonly error?: string;
}

describe('output that cannot be written', () => {
  const cleaning: (() => unknown)[] = [];
  let directory: string;
  let smtpPort: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-output-'));
    cleaning.push(() => rmSync(directory, { recursive: true, force: true }));
  });

  afterEach(async () => {
    for (const clean of cleaning.splice(0).reverse()) await clean();
  });

  it('since its reader is gone, standard output and the dialogue on standard error, ends no session', async () => {
    const server = await serve(['ignore', 'pipe', 'pipe'], '-v');
    server.stdout?.destroy();
    server.stderr?.destroy();
    await visit(SESSIONS);
    expect(await end(server)).to.deep.equal([0, null]);
  });

  it('since nobody reads, is lost, counted, and told when somebody does', async () => {
    const server = await serve(['ignore', 'pipe', 'pipe'], '-v');
    for (const pipe of [server.stdout, server.stderr]) pipe?.pause();
    await visit(MANY_DIALOGUES);
    let log = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => (log += text));
    for (const pipe of [server.stdout, server.stderr]) pipe?.resume();
    server.stderr?.resume();
    await eventually('the loss to be told', () => log.includes('lines of standard error were lost'));
    expect(await end(server)).to.deep.equal([0, null]);
    const lost = read(log).filter(({ msg }) => msg.endsWith('were lost'));
    for (const { lines, error } of lost) expect([(lines ?? 0) > 0, error]).to.deep.equal([true, 'EAGAIN']);
  });

  itAsRoot('since its disk is full, is lost, counted, and told when there is room', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount()]);
    const path = join(directory, 'disk', 'log');
    writeFileSync(join(directory, 'disk', 'ballast'), Buffer.alloc(40_000));
    const file = openSync(path, 'a');
    const server = await serve(['ignore', file, file]);
    closeSync(file);
    await visit(MANY_SESSIONS);
    execFileSync('mount', ['-o', 'remount,size=16m', join(directory, 'disk')]);
    const lost = () => read(readFileSync(path, 'utf8')).find(({ msg }) => msg === 'lines of the log were lost');
    await eventually('the loss to be told', () => lost() !== undefined);
    const told = lost();
    expect(told?.error).to.equal('ENOSPC');
    await visit(AT_ONCE);
    expect(await end(server)).to.deep.equal([0, null]);
    const sessions = read(readFileSync(path, 'utf8')).filter(({ msg }) => msg === 'session').length;
    expect(sessions + (told?.lines ?? 0)).to.be.within(MANY_SESSIONS + AT_ONCE, MANY_SESSIONS + AT_ONCE + 20);
  });

  const inTerminal: readonly (readonly [string, readonly string[]])[] = [
    ['a server in the foreground', []],
    ['one in the foreground whose output goes elsewhere', ['sh', '-c', 'exec "$@" >log 2>&1', 'sh']],
  ];
  for (const [who, wrapper] of inTerminal)
    itNeeds(['python3'], `since its terminal is closed: ${who} ends in order`, async () => {
      const terminal = await serve(['pipe', 'pipe', 'inherit'], ...viaTerminal(wrapper));
      terminal.stdin?.write('close\n');
      expect(await end(terminal, false)).to.deep.equal([0, null]);
    });

  itNeeds(['python3'], 'since its terminal was closed before the server was ready: it ends all the same', async () => {
    for (const delayMs of EARLY_MS) {
      const terminal = await launch(['pipe', 'pipe', 'inherit'], ...viaTerminal([]));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      terminal.stdin?.write('close\n');
      // Before there is anybody to hear it, it is the signal, or Node itself, that ends the process.
      expect([0, 1, SIGNALLED]).to.include((await end(terminal, false))[0], `after ${delayMs} ms`);
    }
  });

  /** A tmpfs comes here. */
  function mount(): string {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    cleaning.push(() => execFileSync('umount', ['-l', disk]));
    return disk;
  }

  async function serve(stdio: StdioOptions, ...argv: readonly string[]): Promise<ChildProcess> {
    const child = await launch(stdio, ...argv);
    await eventually('the server to answer', () => greeted().catch(() => undefined), 20_000);
    return child;
  }

  async function launch(stdio: StdioOptions, ...argv: readonly string[]): Promise<ChildProcess> {
    const [smtp, pop3] = await freePorts();
    const [program, before, more] = argv[0] === 'python3' ? [argv[0], argv.slice(1), []] : [process.execPath, [], argv];
    const options = ['serve', '--smtp-port', String(smtp), '--pop3-port', String(pop3), '--workers', '2', ...more];
    const main = before.length > 0 ? [process.execPath, MAIN] : [MAIN];
    const child = spawn(program, [...before, ...main, ...options], { cwd: directory, detached: true, stdio });
    cleaning.push(() => killGroup(child.pid ?? NaN, 'SIGKILL'));
    smtpPort = smtp;
    // Something must read, or the server would meet a full pipe before a test wants it to.
    for (const pipe of [child.stdout, child.stderr]) pipe?.on('data', () => undefined);
    return child;
  }

  async function greeted(): Promise<true> {
    const client = await LineClient.greeted(smtpPort);
    client.send('EHLO me', 'QUIT');
    return /^221 /m.test(await client.rest()) || Promise.reject(new Error('no goodbye'));
  }

  /** Every one of them is served. */
  async function visit(sessions: number): Promise<void> {
    for (let begun = 0; begun < sessions; begun += AT_ONCE)
      await within(10_000, 'sessions to be served', Promise.all(Array.from({ length: AT_ONCE }, greeted)));
  }

  async function end(server: ChildProcess, asked = true): Promise<readonly [number | null, string | null]> {
    if (server.exitCode !== null) return [server.exitCode, server.signalCode];
    const ended = new Promise<[number | null, string | null]>((resolve) =>
      server.once('exit', (status, signal) => resolve([status, signal])),
    );
    if (asked) server.kill('SIGTERM');
    return within(15_000, 'the server to end', ended);
  }
});

function viaTerminal(wrapper: readonly string[]): readonly string[] {
  return ['python3', join(ROOT, 'test/support/in-terminal.py'), ...wrapper];
}

function read(log: string): readonly Logged[] {
  const lines = log.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as Logged);
}
