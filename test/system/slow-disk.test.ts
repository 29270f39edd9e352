/** A disk that keeps a worker's readers waiting keeps nobody else waiting: its pages are read by a thread. */
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { itNeeds } from '../support/programs.js';
import { POSTMASTER, Server } from '../support/server.js';
import { slowDisk } from '../support/slow-disk.js';

const PAGE_MS = 5;
const PAGE_BYTES = 4096;

describe('a slow disk', () => {
  let server: Server | undefined;

  afterEach(() => server?.release());

  async function start(): Promise<{
    readonly running: Server;
    readonly pagesOf: (thread: 'm' | 't') => Promise<number>;
  }> {
    const directory = await mkdtemp(join(tmpdir(), 'pennypost-slow-'));
    const log = join(directory, 'pages-');
    const environment = { ...(await slowDisk(directory, PAGE_MS)), SLOW_DISK_LOG: log };
    const running = await Server.start({ directory, environment, workers: 1 });
    server = running;
    const pagesOf = async (thread: string): Promise<number> => {
      const [worker] = (await running.status()).workers;
      return readFileSync(`${log}${worker?.pid}`, 'latin1').split(thread).length - 1;
    };
    return { running, pagesOf };
  }

  async function deliver(running: Server, messages: readonly Buffer[]): Promise<void> {
    const client = await smtpSession(running.smtpPort);
    for (const message of messages) await sendData(client, POSTMASTER, message);
    client.destroy();
  }

  function message(subject: string, octets: number): Buffer {
    const line = `${'x'.repeat(70)}\r\n`;
    return Buffer.from(`Subject: ${subject}\r\n\r\n${line.repeat(Math.ceil(octets / line.length))}`);
  }

  async function fetch(running: Server, messages: readonly Buffer[]): Promise<void> {
    const fetched = await fetchAll(running.pop3Port, POSTMASTER, running.password);
    expect(fetched).to.have.length(messages.length);
    for (const [at, octets] of messages.entries())
      expect(fetched[at]?.subarray(-octets.length).equals(octets), `message ${at + 1}`).to.equal(true);
  }

  itNeeds(['cc'], 'is waited for by a thread, whatever the messages are, and every octet comes', async () => {
    const { running, pagesOf } = await start();
    const sizes = [300_000, 100, 6_000, 300_000, 20_000, 1_000, 1_000, 5_000, 700_000];
    const messages = sizes.map((octets, at) => message(`message ${at}`, octets));
    await deliver(running, messages);
    await deliver(running, Array<Buffer>(4).fill(message('moves the others out of the WAL', 1_200_000)));
    const all = [...messages, ...Array<Buffer>(4).fill(message('moves the others out of the WAL', 1_200_000))];
    await fetch(running, all);
    expect(await pagesOf('t')).to.be.above(1_300_000 / PAGE_BYTES);
    expect(await pagesOf('m')).to.be.below(100);
  });
});
