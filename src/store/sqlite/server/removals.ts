/**
 * Removals that come over one connection, in frames. Few ranges are removed at once. Of many, what they are is written ahead,
 * frame by frame, and the last write is one mark for all of them: before it nothing is removed, after it all is, and the
 * ranges are taken over later (purge.ts). So the store is held up by none of it, and a kill between leaves all or none.
 */
import { setImmediate } from 'node:timers/promises';
import { StoreError } from '../../errors.js';
import type { ViewId } from '../../maildrops.js';
import type { AccountId } from '../../shapes.js';
import type { Held } from '../../quotas.js';
import type { RemoveRequest } from '../protocol/requests.js';
import type { ServedStore } from './served-store.js';
import type { Ranges } from './removal-writer.js';
import type { Writer } from './writer.js';
import type { SumRow } from '../database/reads.js';

/** Of a removal whose last frame has not come. */
interface Begun {
  readonly removal: number;
  readonly held: Held;
}

/** Ranges that are hidden in one write: a few milliseconds. */
const HIDDEN_AT_ONCE = 200;

/** Index entries that are counted in one look, and for how long before others are served. */
const ENTRIES_AT_ONCE = 2_000;
const SLICE_MS = 2;

type Store = Pick<ServedStore, 'read' | 'write' | 'sweeper'>;

export class Removals {
  readonly #store: Store;
  /** By the number of the lock. */
  readonly #begun = new Map<number, Begun>();
  #closed = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Resolves when it is durable, or when more may come; `client` is who removes it. @throws StoreError */
  async take({ account, lock, ranges, more }: RemoveRequest, client: string): Promise<void> {
    const held = await this.#count(account, ranges);
    const before = this.#begun.get(lock);
    const part = { account, ranges, client };
    if (!more && before === undefined && this.#store.read(({ removals }) => removals.isSmall(part, held)))
      return this.#store.write(({ removals }) => removals.remove(part, held));
    await this.#settled(account);
    if (this.#closed) throw new StoreError('unavailable', 'the lock of the maildrop was lost');
    const removal = before?.removal ?? this.#store.read(({ removals }) => removals.next());
    const begun = { removal, held: before === undefined ? held : sum(before.held, held) };
    this.#begun.set(lock, begun);
    await this.#write(lock, ({ removals }) => {
      removals.begin(removal, part);
      if (!more) removals.commit(removal, account, begun.held);
    });
    if (!more) this.#begun.delete(lock);
  }

  /** Resolves when these ranges are hidden from a view, durably. @throws StoreError; some of them may be hidden then */
  async hide({ account, ranges }: RemoveRequest, view: ViewId): Promise<void> {
    for (let at = 0; at < ranges.length; at += 2 * HIDDEN_AT_ONCE) {
      const part = ranges.slice(at, at + 2 * HIDDEN_AT_ONCE);
      await this.#store.write((writer) => writer.hide({ account, view }, part));
    }
  }

  /** The lock is given back: what was begun under it removes nothing. */
  drop(lock: number): void {
    const begun = this.#begun.get(lock);
    if (begun === undefined) return;
    this.#begun.delete(lock);
    this.#store.write(({ removals }) => removals.giveUp(begun.removal)).catch(() => undefined); // Then the next start does it.
  }

  /** The connection is gone. */
  close(): void {
    this.#closed = true;
    for (const lock of [...this.#begun.keys()]) this.drop(lock);
  }

  async #write(lock: number, act: (writer: Writer) => void): Promise<void> {
    try {
      await this.#store.write(act);
    } catch (error) {
      this.drop(lock);
      throw error;
    }
  }

  /** One account has one removal at a time whose ranges are not taken over, so that passing over what is removed stays cheap. */
  async #settled(account: AccountId): Promise<void> {
    while (!this.#closed && this.#store.read(({ removals }) => removals.isCommitting(account)))
      await this.#store.sweeper.stepped();
  }

  /** Nobody else adds or removes messages of these uids: the maildrop is locked. */
  async #count(account: AccountId, ranges: Ranges): Promise<Held> {
    let held: Held = { messages: 0, octets: 0 };
    let untilMs = performance.now() + SLICE_MS;
    for (let at = 0; at < ranges.length; at += 2) {
      for (let from = ranges[at] as number; ;) {
        const [messages, octets, last] = this.#sums(account, [from, ranges[at + 1] as number]);
        held = sum(held, { messages, octets });
        if (performance.now() >= untilMs) untilMs = await nextSlice();
        if (messages < ENTRIES_AT_ONCE || last === null) break;
        from = last + 1;
      }
    }
    return held;
  }

  #sums(account: AccountId, range: readonly [number, number]): SumRow {
    return this.#store.read(({ removals }) => removals.sums(account, range, ENTRIES_AT_ONCE));
  }
}

async function nextSlice(): Promise<number> {
  await setImmediate();
  return performance.now() + SLICE_MS;
}

function sum(one: Held, other: Held): Held {
  return { messages: one.messages + other.messages, octets: one.octets + other.octets };
}
