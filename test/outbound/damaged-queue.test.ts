/**
 * A queue whose database is damaged in one place: what stands there is parked as corrupt and named, all other mail leaves, and the
 * store goes on. Pages of the file are overwritten while no server runs, as a disk does it that loses them.
 */
import { expect } from 'chai';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outgoing } from '../../src/store/deliveries.js';
import { driverOf } from '../../src/store/open.js';
import type { QueueEntry } from '../../src/store/queued-mail.js';
import { openConnection, type Connection } from '../../src/store/sqlite/database/driver.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { ScriptedServer } from '../support/scripted-server.js';
import { Server } from '../support/server.js';

const TIMEOUT_MS = 60_000;
const PAGE = 4_096;
const MESSAGES = 40;
/** With them the recipients fill several pages. */
const MORE = 160;
const DAY_MS = 24 * 3_600_000;
/** So long that few rows of `outgoing` share a page. */
const TRACE = Buffer.from(`Received: by localhost;\r\n${' x\r\n'.repeat(300)}`);

const nameOf = (at: number): string => `r${at}@example.com`;
/** Each in pages of its own, and known by its text. */
const textOf = (at: number): string => `Subject: x\r\n\r\n${`message-${at}.\r\n`.repeat(2_000)}`;

/** Some on each page. */
const isLater = (at: number): boolean => at % 10 === 0;

function countOn(connection: Connection, page: number): number {
  return connection
    .prepare<[number], number>("select ncell from dbstat where name = 'queued' and pageno = ?")
    .pluck()
    .get(page) as number;
}

describe('a queue in a database that is damaged', function () {
  this.timeout(TIMEOUT_MS);
  let directory: string;
  let db: string;
  let relay: ScriptedServer;
  let server: Server | undefined;
  let store: MailStore;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-damaged-'));
    db = join(directory, 'mail.db');
    relay = await ScriptedServer.start();
    const filling = await driverOf(db).open(db);
    await filling.directory.addDomain('localhost');
    for (let at = 0; at < MESSAGES; at++) await enqueue(filling, at);
    await filling.close();
  });

  afterEach(async () => {
    await store.close();
    await server?.release();
    await relay.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function enqueue(to: MailStore, at: number, isLater = false): Promise<void> {
    const nowMs = Date.now();
    const outgoing: Outgoing = {
      trace: TRACE,
      ...{ firstAttemptAtMs: isLater ? nowMs + DAY_MS / 2 : nowMs, expiresAtMs: nowMs + DAY_MS },
      ...{ bodyKind: '7bit', smtputf8: false, requireTls: false },
    };
    const recipients = [{ kind: 'remote' as const, recipient: nameOf(at), destination: 'example.com' }];
    const delivery = to.deliver({ reversePath: 'postmaster@localhost', receivedAtMs: nowMs, recipients, outgoing });
    await delivery.write(Buffer.from(textOf(at)));
    await delivery.commit();
  }

  function overwrite(page: number): void {
    const file = openSync(db, 'r+');
    writeSync(file, Buffer.alloc(PAGE, 0xfe), 0, PAGE, (page - 1) * PAGE);
    closeSync(file);
  }

  /** Of a table, in their order. */
  function leavesOf(table: string): readonly number[] {
    const connection = openConnection(db, { readonly: true });
    const pages = connection
      .prepare<[string], number>("select pageno from dbstat where name = ? and pagetype = 'leaf' order by path")
      .pluck()
      .all(table);
    connection.close();
    return pages;
  }

  /** The numbers on one of the leaves of `queued`, before it is overwritten. */
  function idsOn(leaves: readonly number[], place: number): readonly number[] {
    const connection = openConnection(db, { readonly: true });
    const counts = leaves.map((page) => countOn(connection, page));
    const before = counts.slice(0, place).reduce((sum, count) => sum + count, 0);
    const ids = connection.prepare<[], number>('select id from queued order by id').pluck().all();
    connection.close();
    return ids.slice(before, before + (counts[place] as number));
  }

  /** A page in the middle of the octets of a message. */
  function pageOf(at: number): number {
    const file = readFileSync(db);
    const text = `message-${at}.\r\n`.repeat(100);
    const first = file.indexOf(text);
    return Math.floor(file.indexOf(text, first + 2 * PAGE) / PAGE) + 1;
  }

  async function start(): Promise<void> {
    const url = `smtp://127.0.0.1:${relay.port}?tls=none`;
    server = await Server.start({ directory, workers: 1, arguments: ['--outbound', 'relay', '--relay', url] });
    store = await driverOf(db).open(db);
  }

  /** What is left when everything that can leave has left. */
  async function leftOver(count: number): Promise<readonly QueueEntry[]> {
    await eventually('the others to leave', () => relay.messages.length === MESSAGES - count, TIMEOUT_MS);
    return eventually('the rest to be settled', async () => {
      const { entries } = await store.queuedMail.list({});
      return entries.length === count ? entries : undefined;
    });
  }

  function logged(id: number, what: string): boolean {
    return (server as Server).stdout.split('\n').some((line) => line.includes(`"queue":${id}`) && line.includes(what));
  }

  async function expectOneStore(): Promise<void> {
    const { processes } = await (server as Server).status();
    expect(processes.filter(({ role }) => role !== 'supervisor').map(({ restarts }) => restarts)).to.deep.equal([
      0, 0, 0,
    ]);
  }

  it('where a message stands, parks its recipient, and says why', async () => {
    overwrite(pageOf(7));
    await start();
    const [entry, ...others] = await eventually('it to be parked', async () => {
      const { entries } = await store.queuedMail.list({ state: 'corrupt' });
      return entries.length > 0 ? entries : undefined;
    });
    expect([entry?.recipient, others.length]).to.deep.equal([nameOf(7), 0]);
    expect(entry?.lastReply?.text).to.match(/cannot be read here: .* is damaged/);
    expect(await leftOver(1)).to.have.length(1);
    expect(await (server as Server).do('queue', 'show', String(entry?.id))).to.match(/corrupt.*damaged/s);
    expect(await (server as Server).do('status')).to.match(/1 corrupt/);
    await expectOneStore();
  });

  it('where what is queued stands, parks those recipients, and names them in the log', async () => {
    const leaves = leavesOf('outgoing');
    overwrite(leaves[Math.floor(leaves.length / 2)] as number);
    await start();
    const parked = await eventually('some to be parked', async () => {
      const { entries } = await store.queuedMail.list({ state: 'corrupt' });
      return entries.length > 0 ? entries : undefined;
    });
    const left = await leftOver(parked.length);
    expect(left.map(({ recipient, state }) => [recipient, state])).to.deep.equal(
      parked.map(({ recipient }) => [recipient, 'corrupt']),
    );
    for (const { id } of left) {
      await eventually(`the log to name ${id}`, () => logged(id, 'parked as corrupt'));
      expect(await (server as Server).do('queue', 'show', String(id))).to.match(/corrupt.*damaged/s);
    }
    await expectOneStore();
  });

  it('where recipients stand themselves, passes over those, and names them in the log, also those that are not due', async () => {
    const filling = await driverOf(db).open(db);
    for (let at = MESSAGES; at < MESSAGES + MORE; at++) await enqueue(filling, at, isLater(at));
    await filling.close();
    const leaves = leavesOf('queued');
    expect(leaves.length).to.be.above(2);
    const lost = idsOn(leaves, 1);
    overwrite(leaves[1] as number);
    await start();
    const passedOver = () =>
      [...(server as Server).stdout.matchAll(/"queue":(\d+).*recipient of the queue stands; it is passed over/g)].map(
        ([, id]) => Number(id),
      );
    await eventually('those to be named', () => passedOver().length >= lost.length, TIMEOUT_MS);
    expect(passedOver()).to.include.members(lost);
    const shown = await (server as Server).do('queue', 'list', '--state', 'corrupt');
    for (const id of lost) expect(shown).to.match(new RegExp(`^ *${id} +corrupt .*the database is damaged`, 'm'));
    const one = await (server as Server).do('queue', 'show', String(lost[0]));
    expect(one).to.match(/corrupt.*example.com.*damaged/s);
    // Where a row is written the page beside it is, too: some of those that can be read are passed over as well.
    const all = Array.from({ length: MESSAGES + MORE }, (_, at) => at);
    const leaving = (): number => {
      const gone = new Set(passedOver());
      return all.filter((at) => !gone.has(at + 1) && (at < MESSAGES || !isLater(at))).length;
    };
    await eventually('all others to leave', () => relay.messages.length === leaving(), TIMEOUT_MS);
    await expectOneStore();
  });
});
