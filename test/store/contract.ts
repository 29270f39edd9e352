/**
 * What every driver of the store must do, whatever is behind it. A driver's test calls `describeStore` with a way to
 * make an empty store; nothing here knows of SQLite.
 */
import { expect } from 'chai';
import type { Envelope, LocalRecipient, Target } from '../../src/store/deliveries.js';
import type { StoreError, StoreErrorKind } from '../../src/store/errors.js';
import type { Maildrop, MessageInfo, NumberRange, ViewId } from '../../src/store/maildrops.js';
import type { AccountId, Address } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually, within } from '../support/eventually.js';
import { everything, messageAt, messagesOf, numbers } from '../support/maildrops.js';
import { allPieces } from '../support/sources.js';

/** An empty store, and the ways to look at it that the interface does not have. */
export interface StoreUnderTest {
  /** The store as one process sees it. Each call is another process, as far as the driver can tell. */
  connect(): Promise<MailStore>;
  /** What stops a store for good and starts it again on the same data. Connections made before are dead. */
  restart(): Promise<void>;
  /** Octets of bodies that take up room, committed or not. */
  storedOctets(): number;
  /** Accounts whose counters say something else than their messages; always none. */
  miscounted(): readonly string[];
  cleanup(): Promise<void>;
}

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const TRACE = 'Delivered-To: somebody\r\n';
const KIB = 1024;
const PATIENCE_MS = 10_000;

export function at(text: string): Address {
  const split = text.lastIndexOf('@');
  return { local: text.slice(0, split), domain: text.slice(split + 1) };
}

export function localRecipient(account: AccountId, trace = TRACE): LocalRecipient {
  return { kind: 'local', account, recipient: 'r@example.org', trace: Buffer.from(trace) };
}

export function envelopeTo(...accounts: readonly AccountId[]): Envelope {
  return {
    reversePath: 'sender@example.net',
    recipients: accounts.map((account) => localRecipient(account)),
    receivedAtMs: Date.now(),
  };
}

/** Writes as a session does: waits whenever it is asked to. */
export async function deliver(
  store: MailStore,
  envelope: Envelope,
  body: Uint8Array,
  pieceBytes = 64 * KIB,
): Promise<void> {
  const delivery = store.deliver(envelope);
  for (let from = 0; from < body.length; from += pieceBytes)
    await delivery.write(Buffer.from(body.subarray(from, from + pieceBytes)));
  await delivery.commit();
}

function accountsOf(target: Target): readonly AccountId[] {
  return target.kind === 'local' ? [target.account] : [];
}

export async function withMaildrop<T>(
  store: MailStore,
  account: AccountId,
  work: (maildrop: Maildrop) => T | Promise<T>,
): Promise<T> {
  const maildrop = await openSoon(store, account);
  try {
    return await work(maildrop);
  } finally {
    await maildrop.release();
  }
}

/** A release travels without an answer: the next to come may be a moment too early. */
export function openSoon(store: MailStore, account: AccountId, view?: ViewId): Promise<Maildrop> {
  return eventually('the maildrop to be free', () =>
    store.open(account, { from: 'test', view }).catch((error: unknown) => {
      if ((error as StoreError).kind === 'in-use') return undefined;
      throw error;
    }),
  );
}

export async function failure(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as StoreError,
  );
  if (error?.name !== 'StoreError') throw new Error('A StoreError was expected', { cause: error });
  return error;
}

export async function fails(kind: StoreErrorKind, promise: Promise<unknown>, message = /./): Promise<void> {
  const error = await failure(promise);
  expect(error.kind, error.message).to.equal(kind);
  expect(error.message).to.match(message);
}

async function read(maildrop: Maildrop, message: MessageInfo | undefined): Promise<Buffer> {
  if (message === undefined) throw new Error('There is no such message');
  return Buffer.concat(await allPieces(maildrop.read(message.id)));
}

/** All messages of these, without their trace headers. */
function textsOf(maildrop: Maildrop, messages: readonly MessageInfo[]): Promise<Buffer[]> {
  return Promise.all(messages.map(async (message) => (await read(maildrop, message)).subarray(TRACE.length)));
}

/** Bytes without pattern, the same in every run; CRLF at the end. */
function bytes(length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let index = 0, seed = length; index < length; index++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    buffer[index] = seed >>> 24;
  }
  if (length >= 2) buffer.write('\r\n', length - 2);
  return buffer;
}

export function describeStore(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let alice: AccountId;
    let bob: AccountId;

    beforeEach(async () => {
      underTest = await make();
      await reconnect();
      for (const address of ['alice@example.org', 'bob@example.org'])
        await store.directory.addAccount(at(address), HASH);
      alice = await idOf('alice@example.org');
      bob = await idOf('bob@example.org');
    });

    afterEach(async () => {
      try {
        expect(underTest.miscounted()).to.deep.equal([]);
      } finally {
        await underTest.cleanup();
      }
    });

    async function reconnect(): Promise<void> {
      store = await underTest.connect();
    }

    async function idOf(address: string): Promise<AccountId> {
      const account = await store.findLogin(address);
      if (account === undefined) throw new Error(`There is no account ${address}`);
      return account.id;
    }

    async function countOf(account: AccountId, from = store): Promise<number> {
      return withMaildrop(from, account, ({ count }) => count);
    }

    async function targetsOf(address: string): Promise<readonly string[] | string> {
      const resolution = await store.resolve(at(address));
      return resolution.kind === 'local'
        ? resolution.targets.map((target) => target.address).toSorted()
        : resolution.kind;
    }

    describe('delivery', () => {
      it('shows a message to every recipient after commit, and to none before', async () => {
        const other = await underTest.connect();
        const delivery = store.deliver(envelopeTo(alice, bob));
        await delivery.write(bytes(600 * KIB));
        expect(await countOf(alice, other)).to.equal(0);
        await delivery.commit();
        expect(await countOf(alice, other)).to.equal(1);
        expect(await countOf(bob, other)).to.equal(1);
      });

      for (const size of [100, 600 * KIB])
        it(`gives ${size} octets to nobody when one of the recipients is gone`, async () => {
          const delivery = store.deliver(envelopeTo(alice, bob));
          await delivery.write(bytes(size));
          await store.directory.removeAccount(at('bob@example.org'));
          await fails('missing', delivery.commit());
          expect(await countOf(alice)).to.equal(0);
          await eventually('nothing to be stored', () => underTest.storedOctets() === 0);
        });

      for (const size of [0, 100, 256 * KIB, 600 * KIB])
        it(`leaves nothing of ${size} octets after abort`, async () => {
          const delivery = store.deliver(envelopeTo(alice));
          await delivery.write(bytes(size));
          delivery.abort();
          await eventually('nothing to be stored', () => underTest.storedOctets() === 0);
          expect(await countOf(alice)).to.equal(0);
        });

      it('leaves nothing of a message whose connection died', async () => {
        const other = await underTest.connect();
        const delivery = other.deliver(envelopeTo(alice));
        await delivery.write(bytes(600 * KIB));
        await eventually('chunks to be stored', () => underTest.storedOctets() > 0);
        await other.close();
        await eventually('nothing to be stored', () => underTest.storedOctets() === 0);
        expect(await countOf(alice)).to.equal(0);
      });

      const border = 256 * KIB;
      for (const size of [0, 2, 100, border - 1, border, border + 1, 2 * border, 1_000_000, 5_000_000])
        for (const piece of [7, 4093, 64 * KIB, 300_001, 5_000_000].filter((p) => size / p < 2000 && p < 2 * size + 10))
          it(`keeps every byte of ${size} octets written ${piece} at a time`, async () => {
            const body = bytes(size);
            await deliver(store, envelopeTo(alice), body, piece);
            await withMaildrop(store, alice, async (maildrop) => {
              const got = await read(maildrop, await messageAt(maildrop, 0));
              expect(got.length).to.equal((await messageAt(maildrop, 0)).octets);
              expect(got.subarray(0, TRACE.length).toString()).to.equal(TRACE);
              expect(got.subarray(TRACE.length).equals(body)).to.equal(true);
            });
          });

      for (const size of [1, 3, border - 1, border, 1_000_000])
        it(`ends a message of ${size} octets without a last CRLF with one, and counts it`, async () => {
          const body = Buffer.alloc(size, 'x');
          await deliver(store, envelopeTo(alice), body);
          await withMaildrop(store, alice, async (maildrop) => {
            const got = await read(maildrop, await messageAt(maildrop, 0));
            expect(got.length).to.equal((await messageAt(maildrop, 0)).octets);
            expect(got.subarray(TRACE.length).equals(Buffer.concat([body, Buffer.from('\r\n')]))).to.equal(true);
          });
        });

      it('gives each recipient the trace headers of its own, before the same body', async () => {
        const recipients = [alice, bob].map((account) => localRecipient(account, `Delivered-To: ${account}\r\n`));
        await deliver(store, { ...envelopeTo(), recipients }, Buffer.from('Subject: s\r\n\r\ntext\r\n'));
        for (const account of [alice, bob])
          await withMaildrop(store, account, async (maildrop) =>
            expect((await read(maildrop, await messageAt(maildrop, 0))).toString()).to.equal(
              `Delivered-To: ${account}\r\nSubject: s\r\n\r\ntext\r\n`,
            ),
          );
      });

      it('takes many at once and keeps each whole', async () => {
        const bodies = Array.from({ length: 60 }, (_, index) =>
          bytes(index % 6 === 0 ? 300_000 + index : 1000 + index),
        );
        await Promise.all(bodies.map((body) => deliver(store, envelopeTo(alice), body, 50_000)));
        await withMaildrop(store, alice, async (maildrop) => {
          const got = await textsOf(maildrop, await messagesOf(maildrop));
          const order = (a: Buffer, b: Buffer) => a.length - b.length;
          expect(Buffer.concat(got.toSorted(order)).equals(Buffer.concat(bodies.toSorted(order)))).to.equal(true);
        });
      });

      it('is durable: another start of the store has it', async () => {
        await deliver(store, envelopeTo(alice), bytes(700 * KIB));
        await underTest.restart();
        await reconnect();
        await withMaildrop(store, alice, async (maildrop) =>
          expect(
            (await read(maildrop, await messageAt(maildrop, 0))).subarray(TRACE.length).equals(bytes(700 * KIB)),
          ).to.equal(true),
        );
      });
    });

    describe('UIDL', () => {
      async function uidls(of = alice): Promise<readonly string[]> {
        return withMaildrop(store, of, async (maildrop) => (await messagesOf(maildrop)).map(({ uidl }) => uidl));
      }

      async function deliverOne(to = alice): Promise<void> {
        await deliver(store, envelopeTo(to), Buffer.from('text\r\n'));
      }

      it('is 1 to 70 characters from 0x21 to 0x7E, oldest first, different for each', async () => {
        for (let count = 0; count < 12; count++) await deliverOne();
        const found = await uidls();
        for (const uidl of found) expect(uidl).to.match(/^[\x21-\x7e]{1,70}$/);
        expect(new Set(found).size).to.equal(12);
        await deliverOne();
        expect((await uidls()).slice(0, 12)).to.deep.equal(found);
      });

      it('is never used again after removal, not even of the last message, nor after a restart', async () => {
        await deliverOne();
        const first = await uidls();
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(everything(maildrop)));
        await underTest.restart();
        await reconnect();
        await deliverOne();
        expect(await uidls())
          .to.have.length(1)
          .and.not.include(first[0]);
      });

      it('is never used again by an account that was removed and made again', async () => {
        await deliverOne();
        const first = await uidls();
        await store.directory.removeAccount(at('alice@example.org'));
        await store.directory.addAccount(at('alice@example.org'), HASH);
        const again = await idOf('alice@example.org');
        expect(await uidls(again)).to.deep.equal([]);
        await deliverOne(again);
        expect(await uidls(again))
          .to.have.length(1)
          .and.not.include(first[0]);
      });

      it('is not repeated by a fresh store', async () => {
        await deliverOne();
        const first = await uidls();
        const fresh = await make();
        try {
          store = await fresh.connect();
          await store.directory.addAccount(at('alice@example.org'), HASH);
          const again = await idOf('alice@example.org');
          await deliverOne(again);
          expect(await uidls(again))
            .to.have.length(1)
            .and.not.include(first[0]);
        } finally {
          await fresh.cleanup();
        }
      });
    });

    describe('the maildrop lock', () => {
      it('is exclusive, and the refusal says who holds it and since when', async () => {
        const other = await underTest.connect();
        const beforeMs = Date.now();
        const held = await store.open(alice, { from: '192.0.2.7 (session 1.a)' });
        for (const asking of [store, other]) {
          const error = await failure(asking.open(alice, { from: 'other' }));
          expect(error.kind).to.equal('in-use');
          expect(error.holder?.from).to.equal('192.0.2.7 (session 1.a)');
          expect(error.holder?.sinceMs).to.be.within(beforeMs, Date.now());
        }
        await held.release();
        await (await openSoon(other, alice)).release();
      });

      it('waits for a holder that is leaving, and not for long', async () => {
        const other = await underTest.connect();
        const leaving = { from: 'leaving', isLeaving: () => true };
        for (const [holding, asking] of [
          [store, other],
          [other, store],
          [store, store],
        ] as const) {
          const held = await holding.open(alice, leaving);
          setTimeout(() => void held.release(), 50);
          await (await asking.open(alice, { from: 'next' })).release();
        }
        const stuck = await store.open(alice, leaving);
        const error = await failure(within(PATIENCE_MS, 'an answer', other.open(alice, { from: 'next' })));
        expect([error.kind, error.holder?.from]).to.deep.equal(['in-use', 'leaving']);
        await stuck.release();
      });

      it('goes from one to the next in the order in which they came, and the others hear who has it', async () => {
        const other = await underTest.connect();
        const held = await store.open(alice, { from: 'leaving', isLeaving: () => Promise.resolve(true) });
        const [first, ...rest] = ['1', '2', '3'].map((from) => other.open(alice, { from, isLeaving: () => false }));
        const refused = Promise.all(rest.map(failure));
        await held.release();
        const next = await (first as Promise<Maildrop>);
        for (const { holder } of await refused) expect(holder?.from).to.equal('1');
        await next.release();
        await (await store.open(alice, { from: 'test' })).release();
      });

      it('waits for no more than there is room for', async () => {
        const held = await store.open(alice, { from: 'leaving', isLeaving: () => true });
        const asked = Array.from({ length: 40 }, async () => store.open(alice, { from: 'next' }));
        let refused = 0;
        for (const one of asked) one.then(undefined, () => (refused += 1));
        await eventually('those without room to be refused', () => refused >= 24);
        expect(refused).to.equal(24);
        await held.release();
        const got = await Promise.allSettled(asked);
        const opened = got.filter((one) => one.status === 'fulfilled');
        expect(opened).to.have.length(1);
        await Promise.all(opened.map(({ value }) => value.release()));
      });

      it('forgets who waits and goes away', async () => {
        const other = await underTest.connect();
        const held = await store.open(alice, { from: 'leaving', isLeaving: () => true });
        const leaves = new AbortController();
        const waiting = other.open(alice, { from: 'impatient', gone: leaves.signal });
        const behind = other.open(alice, { from: 'patient' });
        await new Promise((resolve) => setTimeout(resolve, 20));
        leaves.abort();
        await fails('in-use', waiting);
        await held.release();
        await (await behind).release();
      });

      it('is free for who waits when the process of its holder dies, and that asks nobody else', async () => {
        const [other, third] = [await underTest.connect(), await underTest.connect()];
        let asked = 0;
        const count = (): boolean => ++asked > 0;
        await other.open(alice, { from: 'dies', isLeaving: () => new Promise<boolean>(() => undefined) });
        const elsewhere = await third.open(bob, { from: 'elsewhere', isLeaving: count });
        const waiting = store.open(alice, { from: 'next' });
        await new Promise((resolve) => setTimeout(resolve, 20));
        await other.close();
        await (await waiting).release();
        expect(asked).to.equal(0);
        await elsewhere.release();
      });

      it('is free for every process when its release has resolved', async () => {
        const other = await underTest.connect();
        for (let round = 0; round < 50; round++)
          for (const each of [store, other]) await (await each.open(alice, { from: 'test' })).release();
      });

      it('is one for each account', async () => {
        const held = await store.open(alice, { from: 'test' });
        await (await store.open(bob, { from: 'test' })).release();
        await held.release();
      });

      it('falls when the connection of its holder dies', async () => {
        const other = await underTest.connect();
        await other.open(alice, { from: 'test' });
        await other.close();
        await (await openSoon(store, alice)).release();
      });

      it('gives each message as it is, in any order, whatever its size', async () => {
        const sizes = [10, 9000, 20, 0, 30, 300_000, 40, 50, 8000, 60, 70, 80, 90, 100, 110, 120];
        const plain = sizes.map((size, number) => Buffer.from(`${number}:`.padEnd(size, 'x').slice(0, size)));
        const odd = [8191, 8192, 8193, 2, 1, 0, 3].map(bytes).concat(Buffer.from('\0\xff\xfe\ufffd\0', 'latin1'));
        const bodies = [...plain, ...odd, ...plain.map((body) => Buffer.concat([body, Buffer.from('\r\n')]))];
        for (const body of bodies) await deliver(store, envelopeTo(alice), body);
        await withMaildrop(store, alice, async (maildrop) => {
          const forward = bodies.map((_, number) => number);
          for (const order of [
            forward,
            forward.toReversed(),
            [3, 4, 5, 5, 6, 0, 1, 2, 8, 9, 15, 14, 7],
            [18, 19, 21, 22],
          ])
            for (const number of order) {
              const message = await messageAt(maildrop, number);
              const { octets } = message;
              const whole = await read(maildrop, message);
              expect(whole.length, `message ${number}`).to.equal(octets);
              const body = bodies[number] as Buffer;
              expect(whole.subarray(TRACE.length, TRACE.length + body.length).equals(body)).to.equal(true);
            }
        });
      });

      it('shows the messages as they were when it was opened', async () => {
        const held = await store.open(alice, { from: 'test' });
        await deliver(store, envelopeTo(alice), Buffer.from('text\r\n'));
        expect([held.count, held.octets, await messagesOf(held)]).to.deep.equal([0, 0, []]);
        expect(await held.find(1)).to.equal(undefined);
        await held.release();
        expect(await countOf(alice)).to.equal(1);
      });

      it('is not there for an account that is not', async () => {
        await store.directory.removeAccount(at('bob@example.org'));
        await fails('missing', store.open(bob, { from: 'test' }));
        await fails('missing', store.open(bob, { from: 'test' })); // And holds nothing afterwards.
      });
    });

    describe('removal', () => {
      beforeEach(async () => {
        for (const text of ['one', 'two', 'three']) await deliver(store, envelopeTo(alice), Buffer.from(`${text}\r\n`));
      });

      async function texts(): Promise<readonly string[]> {
        return withMaildrop(store, alice, async (maildrop) =>
          (await textsOf(maildrop, await messagesOf(maildrop))).map((text) => text.toString().trim()),
        );
      }

      it('takes what is named and nothing else, durably', async () => {
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(1, 3)));
        expect(await texts()).to.deep.equal(['two']);
        await underTest.restart();
        await reconnect();
        expect(await texts()).to.deep.equal(['two']);
      });

      it('takes nothing through a lock that was released', async () => {
        const held = await store.open(alice, { from: 'test' });
        await held.release();
        await fails('unavailable', held.remove(numbers(1)));
        expect(await texts()).to.deep.equal(['one', 'two', 'three']);
      });

      it('takes nothing through a lock that fell with the store', async () => {
        const held = await store.open(alice, { from: 'test' });
        await underTest.restart();
        await fails('unavailable', held.remove(numbers(1)));
        await reconnect();
        expect(await texts()).to.deep.equal(['one', 'two', 'three']);
      });

      it('of a message makes reading it again a StoreError before the first piece', async () => {
        const held = await store.open(alice, { from: 'test' });
        const { id } = await messageAt(held, 1);
        await held.remove(numbers(2));
        await fails(
          'missing',
          Promise.resolve().then(() => held.read(id)),
        );
        await held.release();
      });

      it('frees a shared body with its last copy, and not before', async () => {
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(everything(maildrop)));
        expect(underTest.storedOctets()).to.equal(0);
        const body = bytes(600 * KIB);
        await deliver(store, envelopeTo(alice, bob), body);
        expect(underTest.storedOctets()).to.equal(body.length); // Once, for both.
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(1)));
        expect(underTest.storedOctets()).to.equal(body.length);
        await withMaildrop(store, bob, async (maildrop) => {
          expect((await read(maildrop, await messageAt(maildrop, 0))).subarray(TRACE.length).equals(body)).to.equal(
            true,
          );
          return maildrop.remove(numbers(1));
        });
        expect(underTest.storedOctets()).to.equal(0);
      });
    });

    describe('a maildrop of many messages', () => {
      const MANY = 1100;
      /** Kept by most cases: one at each end, and one in between. */
      const KEPT = [1, 500, MANY];

      beforeEach(async function () {
        this.timeout(60_000);
        const bodies = Array.from({ length: MANY }, (_, index) => Buffer.from(`${index + 1}\r\n`));
        // In order: what is sent at once over one connection is taken in that order.
        await Promise.all(bodies.map((body) => deliver(store, envelopeTo(alice), body)));
      });

      async function texts(from = store): Promise<readonly number[]> {
        return withMaildrop(from, alice, async (maildrop) =>
          (await textsOf(maildrop, await messagesOf(maildrop))).map((text) => Number(text.toString())),
        );
      }

      /** Every number but the kept ones, as POP3 would mark them. */
      function others(kept: readonly number[]): readonly NumberRange[] {
        const edges = [0, ...kept, MANY + 1];
        return edges
          .slice(1)
          .map((end, at): NumberRange => [(edges[at] ?? 0) + 1, end - 1])
          .filter(([first, last]) => first <= last);
      }

      it('finds each by its number, in any order, as its pages show it', async () => {
        await withMaildrop(store, alice, async (maildrop) => {
          const all = await messagesOf(maildrop);
          expect(maildrop.count).to.equal(MANY);
          expect(maildrop.octets).to.equal(all.reduce((sum, { octets }) => sum + octets, 0));
          expect((await textsOf(maildrop, all)).map((text) => Number(text.toString()))).to.deep.equal(
            all.map((_, index) => index + 1),
          );
        });
        await withMaildrop(store, alice, async (maildrop) => {
          for (const number of [MANY, 1, 257, 256, 513, 512, 2, MANY - 1])
            expect(await maildrop.find(number), String(number)).to.deep.equal(await messageAt(maildrop, number - 1));
          for (const number of [0, -1, MANY + 1, 2 ** 40, 1.5]) expect(await maildrop.find(number)).to.equal(undefined);
        });
      });

      it('shows none of what comes while it is open, and counts none of it', async () => {
        await withMaildrop(store, alice, async (maildrop) => {
          await deliver(store, envelopeTo(alice), Buffer.from('late\r\n'));
          expect(maildrop.count).to.equal(MANY);
          expect(await messagesOf(maildrop)).to.have.length(MANY);
          expect(await maildrop.find(MANY + 1)).to.equal(undefined);
        });
        expect(await countOf(alice)).to.equal(MANY + 1);
      });

      it('loses what is named and nothing else, at once and everywhere', async () => {
        const other = await underTest.connect();
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(others(KEPT)));
        expect(underTest.miscounted()).to.deep.equal([]);
        expect(await texts(other)).to.deep.equal(KEPT);
        expect(await countOf(alice, other)).to.equal(KEPT.length);
        const [entry] = await store.directory.listAccounts();
        expect(entry).to.include({ address: 'alice@example.org', messages: KEPT.length });
        expect((await store.mailboxes.listMail(at('alice@example.org'))).map(({ number }) => number)).to.deep.equal([
          1, 2, 3,
        ]);
        await eventually('the rest to be deleted', () => underTest.storedOctets() === 1 + 3 + 4 + 3 * 2);
        expect(await texts()).to.deep.equal(KEPT);
      });

      it('loses every second one, in more pieces than one', async () => {
        const odd = Array.from({ length: MANY / 2 }, (_, index) => 2 * index + 1);
        const left = odd.map((number) => number + 1);
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(...odd)));
        expect(await texts()).to.deep.equal(left);
        // Again, while the first are perhaps still being deleted: few at once, then all that is left.
        await withMaildrop(store, alice, (maildrop) => maildrop.remove([[2, 4]]));
        expect(await texts()).to.deep.equal(left.filter((_, index) => index < 1 || index > 3));
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(everything(maildrop)));
        expect(await texts()).to.deep.equal([]);
        expect(underTest.miscounted()).to.deep.equal([]);
        await eventually('all to be deleted', () => underTest.storedOctets() === 0);
      });

      it('loses them durably: a start in the middle goes on with it', async () => {
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(others(KEPT)));
        await underTest.restart();
        await reconnect();
        expect(await texts()).to.deep.equal(KEPT);
        expect(underTest.miscounted()).to.deep.equal([]);
        await eventually('the rest to be deleted', () => underTest.storedOctets() === 1 + 3 + 4 + 3 * 2);
        expect(underTest.miscounted()).to.deep.equal([]);
      });

      it('takes mail and gives it out while what was removed is deleted', async () => {
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(everything(maildrop)));
        for (const number of [2001, 2002]) await deliver(store, envelopeTo(alice), Buffer.from(`${number}\r\n`));
        expect(await texts()).to.deep.equal([2001, 2002]);
        await withMaildrop(store, alice, (maildrop) => maildrop.remove(numbers(1)));
        expect(await texts()).to.deep.equal([2002]);
      });

      it('goes with its account while a session removes it', async () => {
        const held = await store.open(alice, { from: 'test' });
        const odd = Array.from({ length: MANY / 2 }, (_, index) => 2 * index + 1);
        const removed = held.remove(numbers(...odd)).catch((error: unknown) => error);
        await store.directory.removeAccount(at('alice@example.org'));
        await removed;
        await held.release();
        await eventually('all to be deleted', () => underTest.storedOctets() === 0);
        await store.directory.removeAccount(at('bob@example.org'));
        await eventually('nothing to be left of them', () =>
          store.directory.removeDomain('example.org').then(
            () => true,
            () => false,
          ),
        );
      });

      it('goes with its account, whose name is free at once', async () => {
        const { directory } = store;
        await directory.addAlias(at('a@example.org'), [at('alice@example.org')]);
        await directory.removeAccount(at('alice@example.org'));
        expect(await store.findLogin('alice')).to.equal(undefined);
        expect(await targetsOf('alice@example.org')).to.equal('unknown');
        expect(await directory.listAliases()).to.deep.equal([]);
        expect((await directory.listAccounts()).map(({ address }) => address)).to.deep.equal(['bob@example.org']);
        await fails('missing', store.open(alice, { from: 'test' }));
        await fails('missing', deliver(store, envelopeTo(alice), Buffer.from('late\r\n')));
        await fails('missing', directory.removeAccount(at('alice@example.org')));
        await directory.addAccount(at('alice@example.org'), HASH);
        const again = await idOf('alice@example.org');
        expect(again).to.not.equal(alice);
        expect(await countOf(again)).to.equal(0);
        await underTest.restart();
        await reconnect();
        await eventually('all to be deleted', () => underTest.storedOctets() === 0);
        await store.directory.removeAccount(at('alice@example.org'));
        await store.directory.removeAccount(at('bob@example.org'));
        await store.directory.removeDomain('example.org');
      });
    });

    describe('resolution', () => {
      it('knows accounts, whatever their case', async () => {
        expect(await targetsOf('alice@example.org')).to.deep.equal(['alice@example.org']);
        expect(await targetsOf('ALICE@example.org')).to.deep.equal(['alice@example.org']);
      });

      it('tells an unknown name from a foreign domain', async () => {
        expect(await targetsOf('nobody@example.org')).to.equal('unknown');
        expect(await targetsOf('alice@example.com')).to.equal('remote');
      });

      it('follows aliases, through aliases, to several', async () => {
        await store.directory.addAlias(at('pair@example.org'), [at('alice@example.org'), at('bob@example.org')]);
        await store.directory.addAlias(at('Chain@example.net'), [at('pair@example.org')]);
        expect(await targetsOf('chain@example.net')).to.deep.equal(['alice@example.org', 'bob@example.org']);
        await store.directory.removeAlias(at('pair@example.org'), [at('bob@example.org')]);
        expect(await targetsOf('chain@example.net')).to.deep.equal(['alice@example.org']);
        await store.directory.removeAlias(at('chain@example.net'), []);
        expect(await targetsOf('chain@example.net')).to.equal('unknown');
      });

      it('delivers name+detail to name, keeping the detail as it was given, unless there is such a name', async () => {
        expect(await targetsOf('Alice+Lists@example.org')).to.deep.equal(['alice+Lists@example.org']);
        await store.directory.addAccount(at('alice+lists@example.org'), HASH);
        expect(await idsOf('alice+lists@example.org')).to.deep.equal([await idOf('alice+lists@example.org')]);
        expect(await targetsOf('nobody+lists@example.org')).to.equal('unknown');
        expect(await targetsOf('+lists@example.org')).to.equal('unknown');
      });

      it('delivers to the catch-all what nothing else answers to', async () => {
        await store.directory.addAlias(at('*@example.org'), [at('bob@example.org')]);
        expect(await targetsOf('anything@example.org')).to.deep.equal(['bob@example.org']);
        expect(await targetsOf('alice@example.org')).to.deep.equal(['alice@example.org']);
        expect(await targetsOf('alice+x@example.org')).to.deep.equal(['alice+x@example.org']);
      });

      describe('of long lists', () => {
        const LIMIT = 1000;

        function names(count: number, from = 0): readonly Address[] {
          return Array.from({ length: count }, (_, index) => at(`member${from + index}@example.org`));
        }

        async function addMembers(count: number, from = 0): Promise<void> {
          await Promise.all(names(count, from).map((name) => store.directory.addAccount(name, HASH)));
        }

        it('follows one to a thousand accounts, with any detail and from other lists', async () => {
          await addMembers(LIMIT);
          await store.directory.addAlias(at('list@example.org'), names(LIMIT));
          await store.directory.addAlias(at('all@example.org'), [at('list@example.org'), at('member7@example.org')]);
          for (const address of ['list@example.org', 'LIST+x@example.org', 'list+y@example.org', 'all@example.org'])
            expect(await targetsOf(address), address).to.have.length(LIMIT);
        });

        it('refuses to make one that is longer, and says so of one that became longer', async () => {
          const { directory } = store;
          await addMembers(LIMIT + 1);
          await directory.addAlias(at('one@example.org'), names(600));
          await directory.addAlias(at('two@example.org'), names(400, 600));
          await directory.addAlias(at('both@example.org'), [at('one@example.org'), at('two@example.org')]);
          await fails('refused', directory.addAlias(at('both@example.org'), names(1, LIMIT)), /more than 1000/);
          await fails('refused', directory.addAlias(at('new@example.org'), names(LIMIT + 1)), /more than 1000/);
          expect(await targetsOf('both@example.org')).to.have.length(LIMIT);
          await directory.addAlias(at('two@example.org'), names(1, LIMIT));
          expect(await targetsOf('both@example.org')).to.equal('too-many');
          await directory.removeAlias(at('two@example.org'), names(1, LIMIT));
          expect(await targetsOf('both@example.org')).to.have.length(LIMIT);
        });

        it('looks at each name once, however many ways lead to it', async () => {
          const { directory } = store;
          const WIDTH = 8;
          const rung = (level: number) =>
            Array.from({ length: WIDTH }, (_, index) => at(`l${level}-${index}@example.org`));
          for (const name of rung(0)) await directory.addAlias(name, [at('alice@example.org'), at('bob@example.org')]);
          // 8 ways to the power of 8: nobody who follows each of them comes to an end.
          for (let level = 1; level < 9; level++)
            for (const name of rung(level)) await directory.addAlias(name, rung(level - 1));
          expect(await targetsOf('l8-0@example.org')).to.deep.equal(['alice@example.org', 'bob@example.org']);
          await fails('refused', directory.addAlias(at('l0-0@example.org'), rung(8)), /itself/);
        });

        it('forgets what it knew when the list changes while it is read', async () => {
          const { directory } = store;
          await addMembers(300);
          await directory.addAlias(at('list@example.org'), names(300));
          const before = store.resolve(at('list+x@example.org'));
          await Promise.all([before, directory.removeAlias(at('list@example.org'), names(299))]);
          expect(await targetsOf('list+x@example.org')).to.deep.equal(['member299@example.org']);
          expect(await targetsOf('list@example.org')).to.deep.equal(['member299@example.org']);
        });
      });

      it('has a postmaster in every domain: its own, that of the first, or the oldest account', async () => {
        expect(await targetsOf('postmaster@example.org')).to.deep.equal(['alice@example.org']);
        await store.directory.addAccount(at('postmaster@example.org'), HASH);
        await store.directory.addDomain('example.net');
        expect(await targetsOf('Postmaster@example.net')).to.deep.equal(['postmaster@example.org']);
        await store.directory.addAccount(at('postmaster@example.net'), HASH);
        expect(await targetsOf('postmaster@example.net')).to.deep.equal(['postmaster@example.net']);
      });

      it('sees every change at once, in every process', async () => {
        const other = await underTest.connect();
        await other.directory.addDomain('example.net');
        expect(await targetsOf('carol@example.net')).to.equal('unknown');
        await other.directory.addAccount(at('carol@example.net'), HASH);
        expect(await targetsOf('carol@example.net')).to.deep.equal(['carol@example.net']);
        await other.directory.removeAccount(at('carol@example.net'));
        await other.directory.removeDomain('example.net');
        expect(await targetsOf('carol@example.net')).to.equal('remote');
      });

      async function idsOf(address: string): Promise<readonly AccountId[]> {
        const resolution = await store.resolve(at(address));
        return resolution.kind === 'local' ? resolution.targets.flatMap(accountsOf) : [];
      }
    });

    describe('login', () => {
      it('finds an account by its address, whatever its case, with its hash', async () => {
        expect(await store.findLogin('Alice@Example.ORG')).to.deep.equal({
          id: alice,
          address: 'alice@example.org',
          passwordHash: HASH,
          passwordVersion: 0,
          scram: undefined,
          enabled: true,
          lastUsedFrom: undefined,
          hasViews: false,
          expireDays: undefined,
          credentials: [],
        });
      });

      it('knows which address a name means, whether or not it is an account', async () => {
        expect(await store.loginAddress('Alice')).to.equal('alice@example.org');
        expect(await store.loginAddress('Nobody')).to.equal('nobody@example.org');
        expect(await store.loginAddress('No.Body@Example.COM')).to.equal('no.body@example.com');
      });

      it('finds a name without a domain in the first domain only', async () => {
        await store.directory.addAccount(at('carol@example.net'), HASH);
        expect((await store.findLogin('bob'))?.id).to.equal(bob);
        expect(await store.findLogin('carol')).to.equal(undefined);
      });

      it('does not find what is no account', async () => {
        await store.directory.addAlias(at('sales@example.org'), [at('bob@example.org')]);
        for (const name of [
          '',
          '@',
          'nobody',
          'nobody@example.org',
          'alice@example.com',
          'sales',
          'alice@',
          '@example.org',
        ])
          expect(await store.findLogin(name), name).to.equal(undefined);
      });

      it('sees a new password at once', async () => {
        await store.directory.setPassword(at('alice@example.org'), `${HASH}x`);
        expect((await store.findLogin('alice'))?.passwordHash).to.equal(`${HASH}x`);
      });

      it('stands until its password is set, its credential removed or its account disabled or removed, not while secrets are renewed', async () => {
        const [org, other] = [at('alice@example.org'), await underTest.connect()];
        await store.directory.addCredential(org, { name: 'phone', scopes: ['pop3'], hash: 'h' });
        const found = await store.findLogin('alice@example.org');
        const main = { account: alice, scope: 'smtp', passwordVersion: found?.passwordVersion ?? -1 } as const;
        const phone = { ...main, credential: found?.credentials[0]?.id, scope: 'pop3' } as const;
        const standing = async () => [await store.stands(main), await store.stands(phone)];
        await other.renew({ account: alice, was: HASH, secrets: { hash: 'another of the same' } });
        expect(await standing()).to.deep.equal([true, true]);
        expect(await store.stands({ ...phone, scope: 'smtp' })).to.equal(false);
        expect(await store.stands({ ...phone, account: bob })).to.equal(false);
        await other.directory.setEnabled(org, false);
        expect(await standing()).to.deep.equal([false, false]);
        await other.directory.setEnabled(org, true);
        await other.directory.setPassword(org, HASH);
        expect(await standing()).to.deep.equal([false, true]);
        await other.directory.removeCredential(org, 'phone');
        expect(await standing()).to.deep.equal([false, false]);
      });

      it('has one secret for salts, the same for everybody and after a restart', async () => {
        const secret = Buffer.from(await store.saltSecret());
        expect(secret).to.have.length(32);
        expect(secret.every((octet) => octet === 0)).to.equal(false);
        await underTest.restart();
        expect(Buffer.from(await (await underTest.connect()).saltSecret())).to.deep.equal(secret);
      });

      it('keeps the SCRAM keys with the password, and drops those of the one before', async () => {
        await store.directory.setPassword(at('alice@example.org'), HASH, 'keys');
        expect((await store.findLogin('alice'))?.scram).to.equal('keys');
        await store.directory.setPassword(at('alice@example.org'), HASH);
        expect((await store.findLogin('alice'))?.scram).to.equal(undefined);
        await store.directory.addAccount(at('carol@example.org'), HASH, 'more keys');
        expect((await store.findLogin('carol'))?.scram).to.equal('more keys');
      });

      it('of a disabled account says so at once, everywhere; its mail still arrives', async () => {
        const other = await underTest.connect();
        await store.directory.setEnabled(at('Alice@example.org'), false);
        expect((await other.findLogin('alice'))?.enabled).to.equal(false);
        expect((await store.directory.listAccounts()).map(({ enabled }) => enabled)).to.deep.equal([false, true]);
        await deliver(store, envelopeTo(alice), bytes(100));
        expect(await countOf(alice)).to.equal(1);
        await store.directory.setEnabled(at('alice@example.org'), true);
        expect((await other.findLogin('alice'))?.enabled).to.equal(true);
        await fails('missing', store.directory.setEnabled(at('nobody@example.org'), false), /nobody@example\.org/);
      });
    });

    describe('credentials', () => {
      const phone = { name: 'Phone', scopes: ['pop3', 'smtp'], hash: 'h1', scram: 'k1' } as const;
      const printer = { name: 'printer', scopes: ['smtp'], hash: 'h2' } as const;

      async function credentialsOf(name: string, from = store) {
        return (await from.findLogin(name))?.credentials ?? [];
      }

      it('come with the account, at once and everywhere', async () => {
        const other = await underTest.connect();
        await store.directory.addCredential(at('alice@example.org'), phone);
        await store.directory.addCredential(at('alice@example.org'), printer);
        const found = await credentialsOf('alice', other);
        expect(found.map(({ name, scopes, hash, scram }) => ({ name, scopes, hash, scram }))).to.deep.equal([
          phone,
          { ...printer, scram: undefined },
        ]);
        expect(await credentialsOf('bob')).to.deep.equal([]);
        await store.directory.removeCredential(at('alice@example.org'), 'PHONE');
        expect((await credentialsOf('alice', other)).map(({ name }) => name)).to.deep.equal(['printer']);
      });

      it('have names that are theirs alone within the account, whatever the case', async () => {
        await store.directory.addCredential(at('alice@example.org'), phone);
        const again = store.directory.addCredential(at('alice@example.org'), { ...phone, name: 'PHONE' });
        await fails('refused', again, /alice@example\.org has a credential 'PHONE' already/);
        await store.directory.addCredential(at('bob@example.org'), phone);
      });

      it('are no more than fifty', async () => {
        for (let count = 0; count < 50; count++)
          await store.directory.addCredential(at('alice@example.org'), { ...phone, name: `phone ${count}` });
        await fails('refused', store.directory.addCredential(at('alice@example.org'), phone), /has 50 credentials/);
      });

      it('of nobody, or with no such name, are missing', async () => {
        const { directory } = store;
        await fails('missing', directory.addCredential(at('nobody@example.org'), phone), /nobody@example\.org/);
        await fails('missing', directory.removeCredential(at('nobody@example.org'), 'x'), /nobody@example\.org/);
        await fails('missing', directory.removeCredential(at('alice@example.org'), 'x'), /no credential 'x'/);
      });

      it('go with their account, and their numbers do not come back', async () => {
        await store.directory.addCredential(at('alice@example.org'), phone);
        const [before] = await credentialsOf('alice');
        await store.directory.removeAccount(at('alice@example.org'));
        await store.directory.addAccount(at('alice@example.org'), HASH);
        expect(await credentialsOf('alice')).to.deep.equal([]);
        await store.directory.addCredential(at('alice@example.org'), phone);
        expect((await credentialsOf('alice'))[0]?.id).to.be.above(before?.id ?? Infinity);
      });

      it('show when and from where they were used', async () => {
        await store.directory.addCredential(at('alice@example.org'), phone);
        const list = () => store.directory.listCredentials(at('alice@example.org'));
        expect((await list())[0]).to.include({ name: 'Phone', lastUsedAtMs: undefined, lastUsedFrom: undefined });
        const [credential] = await credentialsOf('alice');
        const beganAtMs = Date.now();
        store.recordUse({ account: alice, credential: credential?.id, from: '192.0.2.1' });
        const used = await eventually('the use to be written', async () =>
          (await list()).find(({ lastUsedFrom }) => lastUsedFrom === '192.0.2.1'),
        );
        expect(used.lastUsedAtMs).to.be.within(beganAtMs, Date.now());
        expect(used.createdAtMs).to.be.at.most(beganAtMs);
        expect((await credentialsOf('alice'))[0]?.lastUsedFrom).to.equal('192.0.2.1');
        expect((await store.findLogin('alice'))?.lastUsedFrom).to.equal(undefined);
      });

      it('and the main password each note a use at most once a minute', async () => {
        store.recordUse({ account: alice, from: '192.0.2.1' });
        store.recordUse({ account: alice, from: '192.0.2.2' });
        store.recordUse({ account: bob, from: '192.0.2.3' });
        await eventually('the last use to be written', async () => (await store.findLogin('bob'))?.lastUsedFrom);
        expect((await store.findLogin('alice'))?.lastUsedFrom).to.equal('192.0.2.1');
      });
    });

    describe('renewal', () => {
      it('replaces secrets that are still those that were proved', async () => {
        const other = await underTest.connect();
        await other.renew({ account: alice, was: HASH, secrets: { hash: 'new', scram: 'keys' } });
        expect(await store.findLogin('alice')).to.include({ passwordHash: 'new', scram: 'keys' });
        expect(await store.findLogin('bob')).to.include({ passwordHash: HASH, scram: undefined });
      });

      it('never brings back a password that was changed meanwhile', async () => {
        await store.directory.setPassword(at('alice@example.org'), 'changed', 'other keys');
        await store.renew({ account: alice, was: HASH, secrets: { hash: 'new', scram: 'keys' } });
        expect(await store.findLogin('alice')).to.include({ passwordHash: 'changed', scram: 'other keys' });
      });

      it('works for a credential alone', async () => {
        await store.directory.addCredential(at('alice@example.org'), { name: 'phone', scopes: ['pop3'], hash: 'h' });
        const credential = (await store.findLogin('alice'))?.credentials[0]?.id;
        await store.renew({ account: alice, credential, was: 'h', secrets: { hash: 'h2', scram: 'k2' } });
        await store.renew({ account: alice, credential, was: 'h', secrets: { hash: 'h3' } });
        const account = await store.findLogin('alice');
        expect(account?.credentials[0]).to.include({ hash: 'h2', scram: 'k2' });
        expect(account?.passwordHash).to.equal(HASH);
      });
    });

    describe('the directory', () => {
      it('refuses accounts that make no sense', async () => {
        const { directory } = store;
        await directory.addAlias(at('sales@example.org'), [at('bob@example.org')]);
        await fails('refused', directory.addAccount(at('ALICE@example.org'), HASH), /alice@example\.org already/);
        await fails('refused', directory.addAccount(at('sales@example.org'), HASH), /is an alias/);
        await fails('refused', directory.addAccount(at('*@example.org'), HASH));
        await fails('missing', directory.removeAccount(at('nobody@example.org')), /nobody@example\.org/);
        await fails('missing', directory.setPassword(at('nobody@example.org'), HASH), /nobody@example\.org/);
      });

      it('refuses domains that make no sense', async () => {
        const { directory } = store;
        await fails('refused', directory.addDomain('example.org'), /local already/);
        await fails('refused', directory.removeDomain('example.org'), /has accounts \(2\)/);
        await fails('missing', directory.removeDomain('example.com'), /example\.com/);
      });

      it('refuses aliases that make no sense, and then keeps none of their targets', async () => {
        const { directory } = store;
        const bobs = at('bob@example.org');
        await fails('refused', directory.addAlias(at('alice@example.org'), [bobs]), /is an account/);
        await fails('refused', directory.addAlias(at('a@example.org'), [bobs, at('x@example.org')]), /x@example\.org/);
        await fails('missing', directory.removeAlias(at('a@example.org'), []), /a@example\.org/);
        expect(await directory.listAliases()).to.deep.equal([]);
        await directory.addAlias(at('a@example.org'), [bobs]);
        await fails('missing', directory.removeAlias(at('a@example.org'), [at('alice@example.org')]));
      });

      it('refuses aliases that lead to themselves, directly or through others', async () => {
        const { directory } = store;
        await fails('refused', directory.addAlias(at('a@example.org'), [at('a@example.org')]), /itself/);
        await directory.addAlias(at('a@example.org'), [at('bob@example.org')]);
        await directory.addAlias(at('b@example.org'), [at('a@example.org')]);
        await directory.addAlias(at('c@example.org'), [at('b@example.org')]);
        await fails('refused', directory.addAlias(at('a@example.org'), [at('c@example.org')]), /itself/);
        expect(await targetsOf('c@example.org')).to.deep.equal(['bob@example.org']);
      });

      it('removes an account together with its mail and what led to it', async () => {
        const { directory } = store;
        await deliver(store, envelopeTo(alice), bytes(300 * KIB));
        await deliver(store, envelopeTo(alice, bob), bytes(1000));
        await directory.addAlias(at('pair@example.org'), [at('alice@example.org'), at('bob@example.org')]);
        await directory.addAlias(at('a@example.org'), [at('alice@example.org')]);
        await directory.removeAccount(at('alice@example.org'));
        expect(await directory.listAliases()).to.deep.equal([
          { address: 'pair@example.org', targets: ['bob@example.org'] },
        ]);
        expect(underTest.storedOctets()).to.equal(1000);
        expect(await targetsOf('a@example.org')).to.equal('unknown');
        expect(await countOf(bob)).to.equal(1);
      });

      it('removes an account while somebody reads its mail: the rest of it is missing, and the maildrop is given back', async () => {
        await deliver(store, envelopeTo(alice), bytes(1000));
        const held = await store.open(alice, { from: '192.0.2.7' });
        const first = await messageAt(held, 0);
        await (await underTest.connect()).directory.removeAccount(at('alice@example.org'));
        await fails('missing', read(held, first));
        await held.remove(numbers(1));
        await held.release();
        await store.directory.addAccount(at('alice@example.org'), HASH);
        expect(await idOf('alice@example.org')).to.not.equal(alice);
      });

      it('lists accounts with what they hold and when they were last used', async () => {
        const beforeMs = Date.now();
        await deliver(store, envelopeTo(bob), Buffer.from('text\r\n'));
        await (await store.open(bob, { from: 'test' })).release();
        const entry = async () => (await store.directory.listAccounts()).find((one) => one.address.startsWith('bob'));
        const bobs = await eventually('the login to be noted', async () =>
          (await entry())?.lastLoginAtMs === undefined ? undefined : entry(),
        );
        expect(bobs).to.include({ address: 'bob@example.org', messages: 1, octets: TRACE.length + 6 });
        expect(bobs.lastDeliveryAtMs).to.be.within(beforeMs, Date.now());
        expect(bobs.lastLoginAtMs).to.be.within(beforeMs, Date.now());
        expect((await store.directory.listDomains()).map(({ name }) => name)).to.include('example.org');
      });

      it('lists and reads mail without the lock, numbered from 1', async () => {
        await deliver(store, envelopeTo(alice), Buffer.from('Subject: one\r\n\r\n1\r\n'));
        await deliver(store, envelopeTo(alice), Buffer.from('From: =?utf-8?q?J=C3=BCrgen?= <j@x>\r\n\r\n2\r\n'));
        const held = await store.open(alice, { from: 'test' });
        const listed = await store.mailboxes.listMail(at('alice@example.org'));
        expect(listed.map(({ number, subject, from }) => [number, subject, from])).to.deep.equal([
          [1, 'one', undefined],
          [2, undefined, 'Jürgen <j@x>'],
        ]);
        expect(listed.map(({ uidl }) => uidl)).to.deep.equal((await messagesOf(held)).map(({ uidl }) => uidl));
        const shown = Buffer.concat(
          await allPieces(store.mailboxes.readMail(at('alice@example.org'), listed[0]?.id ?? 0)),
        );
        expect(shown.toString()).to.equal(`${TRACE}Subject: one\r\n\r\n1\r\n`);
        await held.release();
      });
    });
  });
}
