/** A kind of process is a row of the table: forked, restarted, replaced on a reload and drained by that row alone. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { POSTMASTER, Server } from '../support/server.js';
import type { Counted } from './counting/counter.js';
import { COUNTERS } from './counting/roles.js';

const MAIN = fileURLToPath(new URL('./counting/main.js', import.meta.url));
/** Supervisor, store, two workers, and the counters. */
const PROCESSES = 4 + COUNTERS;

describe('a role of one row', () => {
  let server: Server;

  beforeEach(async () => {
    server = await Server.start({ main: MAIN });
  });

  afterEach(() => server.release());

  const lines = () => server.stdout.split('\n').filter((line) => line.startsWith('{"counter":'));
  const counted = (): readonly Counted[] => lines().map((line) => JSON.parse(line) as Counted);
  /** The last that each process said. */
  const last = () => [...new Map(counted().map((each) => [each.pid, each])).values()];
  const counting = () => last().filter(({ pid }) => isAlive(pid));

  /** Those that count now, every one of them. */
  const all = (what: string) => eventually(what, () => (counting().length === COUNTERS ? counting() : undefined));

  it('is forked as often as the row says, beside store and workers', async () => {
    const counters = await all('the counters to count');
    expect(counters.map(({ counter }) => counter).toSorted()).to.deep.equal([1, 2]);
    expect(server.processes).to.include.members(counters.map(({ pid }) => pid));
    expect(server.processes).to.have.length(PROCESSES);
    await sendData(await smtpSession(server.smtpPort), POSTMASTER, Buffer.from('Subject: beside\r\n\r\n'));
  });

  it('is restarted when it is killed, under its number, and nobody else is', async () => {
    const before = await all('the counters to count');
    const others = server.processes.filter((pid) => pid !== before[0]?.pid);
    process.kill(before[0]?.pid ?? NaN, 'SIGKILL');
    const after = await eventually('another to count', () =>
      counting().find((each) => each.counter === before[0]?.counter && each.pid !== before[0].pid),
    );
    expect([...server.processes].sort()).to.deep.equal([...others, after.pid].sort());
    expect(server.stdout).to.match(
      /"counter":\d+,"how":"SIGKILL","delayMs":0,"msg":"a counter ended; another is started"/,
    );
  });

  it('is shown by status, to programs and people: pid, restarts, and what it counts', async () => {
    const [first] = await all('the counters to count');
    process.kill(first?.pid ?? NaN, 'SIGKILL');
    const shown = await eventually('both to be shown', async () => {
      const { processes } = await server.shownStatus();
      const counters = processes.filter(({ role, state }) => role === 'counter' && state === 'ready');
      return counters.length === COUNTERS ? counters : undefined;
    });
    expect(shown.map(({ pid }) => pid)).to.have.members(counting().map(({ pid }) => pid));
    expect(shown.map(({ restarts }) => restarts).toSorted()).to.deep.equal([0, 1]);
    for (const { counts } of shown) expect(counts?.['counted']).to.be.a('number');
    expect(await server.do('status')).to.match(/^counter +pid \d+, ready, started again once, \d+ counted *$/m);
  });

  it('is replaced on a reload, with the new configuration, after the old ones have drained', async () => {
    const old = await all('the counters to count');
    await writeFile(join(server.directory, 'pennypost.toml'), 'hostname = "mail.example.org"\n');
    server.signal('SIGHUP');
    await eventually('the old ones to end', () => old.every(({ pid }) => !isAlive(pid)), 20_000);
    await expectDrained(old);
    const young = await all('new ones to count');
    expect(young.map(({ hostname }) => hostname)).to.deep.equal(['mail.example.org', 'mail.example.org']);
    expect(server.stdout).to.not.include('a counter ended');
  });

  it('is not replaced when a reload fails, and neither are the workers', async () => {
    await all('the counters to count');
    const before = [...server.processes].sort();
    await writeFile(join(server.directory, 'pennypost.toml'), 'host = "192.0.2.1"\n');
    server.signal('SIGHUP');
    await eventually('the reload to fail', () => server.stdout.includes('was not reloaded'), 20_000);
    await eventually('nobody else to be there', () => server.processes.length === PROCESSES);
    expect([...server.processes].sort()).to.deep.equal(before);
  });

  it('drains when the server stops', async () => {
    const before = await all('the counters to count');
    expect(await server.stop()).to.deep.equal({ status: 0, signal: null });
    await expectDrained(before);
    expect(server.processes).to.deep.equal([]);
  });

  it('ends with the supervisor, however that ends', async () => {
    await all('the counters to count');
    server.signal('SIGKILL');
    await eventually('every process to end', () => server.processes.length === 0, 10_000);
  });

  /** Each finished what it had begun: the ten it was at. What it said last may come after its end. */
  async function expectDrained(counters: readonly Counted[]): Promise<void> {
    const final = (of: number) => last().find(({ pid }) => pid === of);
    await eventually('each to have counted to the next ten', () =>
      counters.every(({ pid }) => final(pid)?.draining === true && (final(pid)?.count ?? 1) % 10 === 0),
    );
  }
});
