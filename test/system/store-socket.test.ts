/**
 * Garbage on the store's socket, while mail goes through: the same store goes on, its memory stays bounded, nothing that
 * came in is lost, and nothing is stored that no whole frame asked for.
 */
import { chmod, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as setTimer } from 'node:timers/promises';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { expect } from 'chai';
import {
  FrameReader,
  FrameType,
  emptyFrame,
  HEADER_BYTES,
  helloFrame,
  jsonFrame,
  uploadHeader,
  type Frame,
} from '../../src/store/sqlite/protocol/frames.js';
import { commitFrame, deliverFrame, type MessageMetadata } from '../../src/store/sqlite/protocol/message-frame.js';
import { summarize } from '../../src/message/summary.js';
import { eventually, within } from '../support/eventually.js';
import { inventoryOf, Load } from '../support/load.js';
import { fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { nodeAsNobody } from '../support/nobody.js';
import { itAsRoot, itNeeds, run } from '../support/programs.js';
import { MAIN, POSTMASTER, Server } from '../support/server.js';

/** Told from postmaster's account, 1, by two bits, and flips change one. */
const GARBAGE_ACCOUNT = 2;
const OTHER_ACCOUNT = 4;
const PROBE = 0x7fff_ffff;
const FLIPS_OF_EACH = 100;
const MEMORY_LIMIT_MIB = 700;
/** The store's own, src/store/sqlite/server/store-server.ts. */
const CONNECTION_LIMIT = 512;

const MESSAGE = Buffer.from('From: a@example.org\r\nSubject: garbage\r\n\r\nFrom a frame.\r\n');
const LARGE = Buffer.concat([MESSAGE, Buffer.alloc(2000, 'x')]);

function postingOf(message: Buffer): MessageMetadata {
  const trace = Buffer.from('Return-Path: <>\r\n');
  const recipients = [{ kind: 'local' as const, account: GARBAGE_ACCOUNT, recipient: 'garbage@localhost', trace }];
  return {
    envelope: { reversePath: 'a@example.org', receivedAtMs: 1_700_000_000_123, recipients },
    summary: summarize(message),
    octets: message.length,
    hash: hash('sha256', message, 'buffer'),
    unterminated: !message.toString('latin1').endsWith('\n'),
  };
}

const address = { local: 'garbage', domain: 'localhost' };
const chunk = Buffer.concat([uploadHeader(FrameType.Chunk, 3, 9, LARGE.length), LARGE]);

/** Real frames of every kind: each may be mangled on its own, behind what must come before it. */
const FRAMES: readonly { readonly kind: string; readonly before: readonly Buffer[]; readonly frame: Buffer }[] = [
  { kind: 'Deliver', before: [], frame: deliverFrame(1, postingOf(MESSAGE), MESSAGE) },
  { kind: 'Chunk', before: [], frame: chunk },
  { kind: 'Commit', before: [chunk], frame: commitFrame(4, 9, postingOf(LARGE)) },
  { kind: 'Abort', before: [chunk], frame: uploadHeader(FrameType.Abort, 0, 9, 0) },
  { kind: 'Lock', before: [], frame: jsonFrame(FrameType.Lock, 5, { account: OTHER_ACCOUNT, from: '127.0.0.1' }) },
  { kind: 'Unlock', before: [], frame: jsonFrame(FrameType.Unlock, 0, { account: OTHER_ACCOUNT, lock: 5 }) },
  {
    kind: 'Remove',
    before: [jsonFrame(FrameType.Lock, 5, { account: OTHER_ACCOUNT, from: '127.0.0.1' })],
    frame: jsonFrame(FrameType.Remove, 6, { account: OTHER_ACCOUNT, lock: 5, uids: [1, 2] }),
  },
  {
    kind: 'Change',
    before: [],
    frame: jsonFrame(FrameType.Change, 7, { change: 'setPassword', given: [address, 'x'] }),
  },
  { kind: 'Status', before: [], frame: emptyFrame(FrameType.Status, 8) },
  { kind: 'Use', before: [], frame: jsonFrame(FrameType.Use, 0, { account: OTHER_ACCOUNT, from: '127.0.0.1' }) },
  {
    kind: 'Renew',
    before: [],
    frame: jsonFrame(FrameType.Renew, 9, { account: OTHER_ACCOUNT, was: 'x', secrets: { hash: 'y' } }),
  },
  { kind: 'Begin', before: [], frame: jsonFrame(FrameType.Begin, 10, { sender: 's', again: true }) },
  {
    kind: 'Lease',
    before: [],
    frame: jsonFrame(FrameType.Lease, 11, {
      ...{ sender: 's', leaseMs: 1000 },
      requests: [{ destination: 'elsewhere.example', recipients: 1 }],
    }),
  },
  {
    kind: 'LeaseLate',
    before: [],
    frame: jsonFrame(FrameType.LeaseLate, 12, { sender: 's', leaseMs: 1000, late: 'expired', limit: 1 }),
  },
  {
    kind: 'Settle',
    before: [],
    frame: jsonFrame(FrameType.Settle, 13, { sender: 's', settlements: [{ id: 1, outcome: { kind: 'returned' } }] }),
  },
  { kind: 'Rest', before: [], frame: jsonFrame(FrameType.Rest, 14, { destination: 'elsewhere.example' }) },
  { kind: 'Watch', before: [], frame: emptyFrame(FrameType.Watch, 0) },
  { kind: 'Sending', before: [], frame: jsonFrame(FrameType.Sending, 0, { sender: 's', ids: [1] }) },
  { kind: 'ReturnAllBut', before: [], frame: jsonFrame(FrameType.ReturnAllBut, 15, { sender: 's', ids: [1] }) },
  { kind: 'Refused', before: [], frame: jsonFrame(FrameType.Refused, 0, { device: 1, refusal: 'No.' }) },
  {
    kind: 'History',
    before: [],
    frame: jsonFrame(FrameType.History, 0, {
      logins: [
        {
          ...{ atMs: 1, account: '', address: '192.0.2.1', protocol: 'POP3', mechanism: 'USER', credential: '' },
          ...{ outcome: 'wrong', reason: 'x', times: 1 },
        },
      ],
      arrivals: [],
    }),
  },
  { kind: 'TakeNew', before: [], frame: jsonFrame(FrameType.TakeNew, 16, { sender: 's', leaseMs: 1000 }) },
  { kind: 'LeaveNew', before: [], frame: emptyFrame(FrameType.LeaveNew, 17) },
  { kind: 'Hello', before: [], frame: helloFrame() },
];

/** Numbers that look random and are the same each time. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

class RawClient {
  readonly answers: Frame[] = [];
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  closed = false;

  private constructor(socket: Socket) {
    const reader = new FrameReader();
    this.#socket = socket;
    socket.on('error', () => undefined); // Reset by a store that has closed: 'close' follows.
    socket.on('data', (bytes) => reader.push(bytes, (frame) => this.answers.push(frame)));
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    void this.#closed.then(() => (this.closed = true));
  }

  /** A store that is busy may have more of them to accept than the kernel keeps for it: EAGAIN asks to come again. */
  static async connect(path: string): Promise<RawClient> {
    for (;;) {
      try {
        return await RawClient.#connectOnce(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        await setTimer(20);
      }
    }
  }

  static #connectOnce(path: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  write(...pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#socket.write(piece);
  }

  /** For what is to be read by nobody. */
  pause(): void {
    this.#socket.pause();
  }

  end(): Promise<void> {
    this.#socket.end();
    return within(10_000, 'the store to close a connection', this.#closed);
  }

  destroy(): Promise<void> {
    this.#socket.destroy();
    return this.#closed;
  }

  /** Resolves when the store has closed, which is what garbage leads to. */
  cut(): Promise<void> {
    return within(15_000, 'the store to close a connection', this.#closed);
  }

  heardOf(request: number): boolean {
    return this.answers.some((answer) => answer.request === request);
  }

  answered(request: number): boolean {
    return this.answers.some((answer) => answer.request === request && answer.type === FrameType.Done);
  }
}

describe("the store's socket", function () {
  this.timeout(240_000);
  let server: Server;
  let socket: string;

  beforeEach(async () => {
    server = await Server.start();
    socket = `${server.db}.sock`;
    for (const name of ['garbage', 'third', 'other']) await server.addAccount(`${name}@localhost`, 'secret');
  });

  afterEach(() => server.release());

  const storePid = async () => (await server.status()).store?.pid ?? 0;
  const peakMiB = (pid: number) =>
    Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024);

  /** Mail goes through from the first byte of garbage to the last. */
  async function underLoad(attack: () => Promise<void>): Promise<void> {
    const pid = await storePid();
    const load = new Load(server.smtpPort, [POSTMASTER], 4);
    try {
      await eventually('the load to run', () => load.acknowledged.size > 20);
      await attack();
      const before = load.acknowledged.size;
      await eventually('the load to run on', () => load.acknowledged.size > before + 20);
    } finally {
      await load.stop();
    }
    expect(await storePid()).to.equal(pid);
    expect(load.failures).to.deep.equal([]);
    expect(peakMiB(pid)).to.be.below(MEMORY_LIMIT_MIB);
    expect(await inventoryOf(load, server.pop3Port, POSTMASTER, server.password)).to.deep.equal({
      missing: [],
      twice: [],
    });
    expect(await fetchAll(server.pop3Port, POSTMASTER, server.password)).to.have.length(load.acknowledged.size);
    expectWhole();
  }

  /** The database agrees with itself: no half message, no row that hangs in the air. */
  function expectWhole(): void {
    const db = openConnection(server.db, { readonly: true });
    const all = (sql: string) => db.prepare(sql).all();
    expect(db.pragma('integrity_check', { simple: true })).to.equal('ok');
    expect(db.pragma('foreign_key_check')).to.deep.equal([]);
    const lengths = '(select coalesce(sum(length(data)), 0) from chunk where chunk.body = body.id)';
    expect(all(`select id from body where refs > 0 and octets <> ${lengths}`), 'torn bodies').to.deep.equal([]);
    expect(all('select id from body where refs > 0 and header_octets > octets')).to.deep.equal([]);
    const copies = '(select count(*) from message where message.body = body.id)';
    expect(all(`select id from body where refs <> ${copies}`), 'bodies of nobody').to.deep.equal([]);
    expect(all('select id from message where body not in (select id from body)')).to.deep.equal([]);
    db.close();
  }

  function garbageMessages(): number {
    const db = openConnection(server.db, { readonly: true });
    const count = db.prepare<[], number>('select count(distinct body) from message where account <> 1').pluck().get();
    db.close();
    return count ?? 0;
  }

  async function greeted(...pieces: readonly Uint8Array[]): Promise<RawClient> {
    const client = await RawClient.connect(socket);
    client.write(helloFrame(), ...pieces);
    return client;
  }

  it('survives random bytes, lengths that no frame has and types that nobody knows', async () => {
    const random = numbers(1);
    const bytes = (count: number) =>
      Buffer.from(Array.from({ length: count }, () => Math.floor(random.next().value * 256)));
    const header = (length: number, type: number) => {
      const frame = emptyFrame(type as FrameType, 1);
      frame.writeUInt32BE(length >>> 0, 0);
      return frame;
    };
    const known = new Set(FRAMES.map(({ frame }) => frame.readUInt8(4)));
    const unknown = Array.from({ length: 256 }, (_, type) => type).filter((type) => !known.has(type));
    await underLoad(async () => {
      for (let round = 0; round < 200; round++) {
        // What begins with a nought may be the length of a frame that is still to come.
        const client = await RawClient.connect(socket);
        client.write(Buffer.concat([Buffer.from([255]), bytes(1 + Math.floor(random.next().value * 3000))]));
        await client.cut();
        const later = await greeted(Buffer.concat([Buffer.from([255]), bytes(300)]));
        await later.cut();
      }
      for (const length of [0, 1, 4, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 32 * 1024 * 1024 + 1])
        await (await greeted(header(length, FrameType.Status))).cut();
      for (const type of unknown) await (await greeted(emptyFrame(type as FrameType, 1))).cut();
      for (const { kind, frame } of FRAMES)
        if (kind !== 'Hello') {
          const stranger = await RawClient.connect(socket);
          stranger.write(frame);
          await stranger.cut();
          expect(stranger.answers, kind).to.deep.equal([]);
        }
    });
    expect(garbageMessages()).to.equal(0);
  });

  it('survives every truncation of every frame, and stores nothing of them', async () => {
    await underLoad(async () => {
      for (const { kind, before, frame } of FRAMES)
        for (let length = 1; length < frame.length; length += length < 400 ? 1 : 97) {
          const client = await greeted(...before, frame.subarray(0, length));
          await client.end();
          if (frame.length > HEADER_BYTES)
            expect(client.answered(frame.readUInt32BE(5)), `${kind} of ${length}`).to.equal(false);
          // The same bytes as a frame that says it is complete.
          if (length > 9) await (await greeted(...before, resized(frame.subarray(0, length)))).end();
        }
    });
    expect(garbageMessages()).to.equal(0);
  });

  it('survives flipped bits, and stores a message for each whole frame only', async () => {
    let taken = 0;
    const attack = async ({ kind, before, frame }: (typeof FRAMES)[number], seed: number) => {
      const random = numbers(seed);
      for (let round = 0; round < FLIPS_OF_EACH; round++) {
        const bit = Math.floor(random.next().value * frame.length * 8);
        const mutant = Buffer.from(frame);
        mutant.writeUInt8(mutant.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const client = await greeted(
          ...before,
          mutant,
          jsonFrame(FrameType.Change, PROBE, { change: 'addDomain', given: ['localhost'] }),
        );
        // Refused, and answered behind what came before it; swallowed where a length grew.
        if (bit < 32) await client.end();
        else await eventually(`an answer to ${kind}, bit ${bit}`, () => client.closed || client.heardOf(PROBE));
        if ((kind === 'Deliver' || kind === 'Commit') && client.answered(mutant.readUInt32BE(5))) taken += 1;
        await client.destroy();
      }
    };
    await underLoad(async () => {
      await Promise.all(FRAMES.map(attack));
    });
    expect(taken).to.be.above(0); // A bit of the text itself, say.
    expect(garbageMessages()).to.equal(taken);
  });

  it('refuses JSON of another shape, whatever it is', async () => {
    const types = [
      FrameType.Lock,
      FrameType.Unlock,
      FrameType.Remove,
      FrameType.Change,
      FrameType.Use,
      FrameType.Renew,
    ];
    const values: readonly unknown[] = [
      ...[
        null,
        1,
        '',
        'text',
        [],
        {},
        [[]],
        { change: 'nothing', given: [] },
        { change: 'constructor', given: [] },
        { change: '__proto__', given: [] },
        { change: 'addDomain', given: {} },
      ],
      { change: 'addAccount', given: [address, 5] },
      { change: 'addAccount', given: [address] },
      { change: 'addAccount', given: [address, 'x', 'y', 'z'] },
      { change: 'addAccount', given: [address, 'x'], more: 1 },
      { change: 'listAccounts', given: [] },
      { change: 'addAccount', given: [{ ...address, more: 1 }, 'x'] },
      { change: 'addAccount', given: [null, 'x'] },
      { change: 'addCredential', given: [address, { name: 'x', scopes: ['all'], hash: 'x' }] },
      { change: 'setEnabled', given: [address, 1] },
      { change: 'addDomain', given: [['example.org']] },
      { change: 'addDomain', given: ['x'.repeat(5000)] },
      { change: 'addAlias', given: [address, [address, null]] },
      { account: '1', from: 'x' },
      { account: -1, lock: 1, uids: [1] },
      { account: 1, lock: 1.5, uids: [1] },
      { account: 1, lock: 1, uids: [{}] },
      { role: 'king', pid: 1 },
      { role: 'worker', pid: 1, listeners: 3 },
      { role: 'worker', pid: null },
    ];
    await underLoad(async () => {
      for (const type of types) for (const value of values) await (await greeted(jsonFrame(type, 1, value))).cut();
      for (const type of types) {
        const broken = Buffer.concat([emptyFrame(type, 1), Buffer.from([0x22, 0xff, 0x22])]);
        await (await greeted(resized(broken))).cut();
      }
    });
    expect(await server.do('domain', 'list')).to.not.include('example.org');
  });

  it('fails mail alone whose text it does not take, and goes on with the connection', async () => {
    const remote = { kind: 'remote' as const, recipient: 'bob@elsewhere.example', destination: 'elsewhere.example' };
    const outgoing = { trace: Buffer.alloc(0), firstAttemptAtMs: 1, expiresAtMs: 2, bodyKind: '7bit' as const };
    const brokenOf = (message: Buffer): MessageMetadata => {
      const { envelope, ...posting } = postingOf(message);
      const recipients = [...envelope.recipients, { ...remote, originalRecipient: 'x'.repeat(5000) }];
      return {
        ...posting,
        envelope: { ...envelope, recipients, outgoing: { ...outgoing, smtputf8: false, requireTls: false } },
      };
    };
    const reply = { text: 'x'.repeat(5000) };
    const client = await greeted(
      deliverFrame(1, brokenOf(MESSAGE), MESSAGE),
      chunk,
      commitFrame(4, 9, brokenOf(LARGE)),
      jsonFrame(FrameType.Settle, 5, { sender: 's', settlements: [{ id: 1, outcome: { kind: 'failed', reply } }] }),
      jsonFrame(FrameType.Rest, 6, { destination: 'elsewhere.example', reason: reply }),
      deliverFrame(7, postingOf(MESSAGE), MESSAGE),
    );
    await eventually('an answer to the last', () => client.closed || client.heardOf(7));
    const failed = client.answers.filter(({ type }) => type === FrameType.Failed);
    expect(failed.map(({ request }) => request)).to.deep.equal([1, 4, 5, 6]);
    for (const { payload } of failed) expect(String(payload)).to.include('"bug"');
    expect(client.answered(7)).to.equal(true);
    expect(garbageMessages()).to.equal(1);
    expectWhole();
    await client.end();
  });

  it('keeps its memory whatever is sent and never finished, asked and never read', async () => {
    await underLoad(async () => {
      const clients: RawClient[] = [];
      for (let count = 0; count < 40; count++) {
        const begun = uploadHeader(FrameType.Chunk, 1, 1, 31 * 1024 * 1024);
        const client = await greeted(begun, Buffer.alloc(16 * 1024 * 1024));
        clients.push(client);
      }
      await eventually('some of them to be closed', () => clients.some(({ closed }) => closed));
      await Promise.all(clients.map((client) => client.destroy()));
      const deaf = await greeted();
      deaf.pause();
      const question = jsonFrame(FrameType.Remove, 1, { account: 1, lock: 1, uids: [] });
      const many = Buffer.concat(Array.from({ length: 2000 }, () => question));
      for (let count = 0; count < 300; count++) deaf.write(many);
      await deaf.cut().catch(() => deaf.destroy()); // A paused socket may not hear that it was closed.
    });
  });

  it('serves mail while connections in excess are closed, and forgets who says nothing', async () => {
    await underLoad(async () => {
      const silent = await Promise.all(Array.from({ length: CONNECTION_LIMIT + 100 }, () => RawClient.connect(socket)));
      await eventually('those in excess to be closed', () => silent.filter(({ closed }) => closed).length >= 100);
      await eventually('all of them to be closed', () => silent.every(({ closed }) => closed), 30_000);
    });
  });

  it('is readable and writable for its owner alone', async () => {
    expect((await stat(socket)).mode & 0o777).to.equal(0o600);
  });

  itAsRoot('refuses another user in the kernel, also in a directory that everybody may enter', async () => {
    await chmod(server.directory, 0o755);
    const script = `net.connect(process.argv[1]).on('connect', () => console.log('in')).on('error', ({ code }) => console.log(code))`;
    const ran = await nodeAsNobody(['-e', script, socket], server.directory);
    expect(ran.stdout.toString().trim(), ran.stderr).to.equal('EACCES');
  });

  itNeeds(['strace'], 'is made under a umask that leaves it to its owner from the first moment', async () => {
    await server.stop();
    const argv = ['-f', '-e', 'trace=umask,bind', process.execPath, MAIN, 'account', 'list'];
    const { stderr } = await run('strace', argv, { cwd: server.directory });
    const calls = stderr.split('\n').filter((line) => line.includes('umask(') || line.includes('mail.db.sock'));
    const bound = calls.findIndex((line) => line.includes('bind('));
    expect(bound, stderr).to.be.above(0);
    expect(calls.slice(0, bound).at(-1)).to.include('umask(0177)');
  });

  it('tells a session that is open nothing of it', async () => {
    const client = await smtpSession(server.smtpPort);
    await (await greeted(Buffer.alloc(100, 255))).cut();
    await sendData(client, POSTMASTER, Buffer.from('Subject: after garbage\r\n\r\n'));
    client.destroy();
  });
});

/** With the length that its header should have. */
function resized(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32BE(copy.length - 4, 0);
  return copy;
}

describe('the socket of a store', () => {
  it('is made again when somebody removes it, or puts something else there; who is connected goes on', async () => {
    const server = await Server.start();
    try {
      const client = await smtpSession(server.smtpPort);
      const { store } = await server.status();
      for (const spoil of [() => rm(`${server.db}.sock`), () => writeFile(`${server.db}.sock.other`, '')]) {
        await spoil();
        await rename(`${server.db}.sock.other`, `${server.db}.sock`).catch(() => undefined);
        await sendData(client, POSTMASTER, MESSAGE);
        const found = await eventually('the store to be found', async () => {
          const status = await server.status();
          return status.store === null ? undefined : status;
        });
        expect(found.store?.pid).to.equal(store?.pid);
        expect(found.workers).to.have.length(2);
        expect((await stat(`${server.db}.sock`)).mode & 0o777).to.equal(0o600);
      }
      client.destroy();
      expect((await server.stop()).status).to.equal(0);
    } finally {
      await server.release();
    }
  });
});
