/**
 * The messages of one open maildrop by their numbers, without holding them: they are read in blocks from the index, and all
 * that is remembered is the uid at which each block begins, of those that were reached so far. What came after the maildrop was
 * opened is behind `uid_next`; what was removed and is not deleted is passed over, and in a view what is hidden from it.
 */
import type { Slices } from '../../../runtime/slices.js';
import type { MessageInfo, NumberRange } from '../../maildrops.js';
import type { AccountId, MaybePromise } from '../../shapes.js';
import type { Source } from '../../source.js';
import { PassedOver, type Listed } from './passed-over.js';
import type { Reader } from './reader.js';
import type { MaildropRow, RangeRow } from '../database/reads.js';

type Row = [uid: number, octets: number];

/** One look into the index: so many entries stand on a few of its pages. */
const BLOCK_MESSAGES = 256;
/** Blocks that may be passed at once, in the turn in which a message is asked for; more are passed in slices. */
const BLOCKS_AT_ONCE = 4;

/** A small removal need not wait for a slice. */
const FIRST_SLICE_MS = 0.5;

export interface MessageListOptions {
  readonly reader: Reader;
  readonly slices: Slices;
}

/** What the unique-ids of a block's messages are made of; `kept` are those that some of them brought along. */
interface Uidls {
  readonly validity: string;
  readonly kept: ReadonlyMap<number, string> | undefined;
}

/** A message of the list; its unique-id is put together when somebody asks for it. */
class Entry implements MessageInfo {
  readonly id: number;
  readonly octets: number;
  readonly #uidls: Uidls;

  constructor([uid, octets]: Row, uidls: Uidls) {
    this.id = uid;
    this.octets = octets;
    this.#uidls = uidls;
  }

  get uidl(): string {
    return this.#uidls.kept?.get(this.id) ?? `${this.#uidls.validity}.${this.id}`;
  }
}

/**
 * Rows as numbers outside of the heap: a session keeps a block until its client has fetched so many messages, and rows that
 * live so long would be copied by one garbage collection after the other.
 */
class Block {
  readonly number: number;
  readonly length: number;
  readonly uidls: Uidls;
  /** uid and octets in turn. */
  readonly #values: Float64Array;

  constructor(number: number, rows: readonly Row[], uidls: Uidls) {
    this.number = number;
    this.uidls = uidls;
    this.length = rows.length;
    this.#values = new Float64Array(2 * rows.length);
    for (const [at, row] of rows.entries()) this.#values.set(row, 2 * at);
  }

  at(index: number): Row | undefined {
    if (index >= this.length) return undefined;
    return [this.#values[2 * index] as number, this.#values[2 * index + 1] as number];
  }
}

export class MessageList {
  readonly #account: AccountId;
  readonly #maildrop: MaildropRow;
  readonly #reader: Reader;
  readonly #slices: Slices;
  readonly #passedOver: PassedOver;
  /** Where each block begins: no message of it has a lower uid. */
  readonly #starts: number[];
  #read: Block;

  constructor(listed: Listed, maildrop: MaildropRow, { reader, slices }: MessageListOptions) {
    this.#account = listed.account;
    this.#maildrop = maildrop;
    this.#reader = reader;
    this.#slices = slices;
    this.#passedOver = new PassedOver(listed, maildrop, reader);
    this.#starts = [maildrop.first_uid];
    this.#read = new Block(-1, [], this.#uidlsOf([]));
  }

  find(number: number): MaybePromise<MessageInfo | undefined> {
    if (!Number.isInteger(number) || number < 1 || number > this.#maildrop.messages) return undefined;
    const block = Math.floor((number - 1) / BLOCK_MESSAGES);
    const info = (): MessageInfo | undefined => {
      if (block >= this.#starts.length) return undefined;
      const read = this.#block(block);
      const row = read.at((number - 1) % BLOCK_MESSAGES);
      return row && new Entry(row, read.uidls);
    };
    return this.#walk(block, BLOCKS_AT_ONCE) ? info() : this.#walkInSlices(block).then(info);
  }

  /** All of them, a block at a time. */
  pages(): Source<readonly MessageInfo[]> {
    let block = 0;
    return {
      next: () => {
        const read = block * BLOCK_MESSAGES < this.#maildrop.messages ? this.#block(block++) : undefined;
        if (read === undefined || read.length === 0) return undefined;
        return Array.from({ length: read.length }, (_, index) => new Entry(read.at(index) as Row, read.uidls));
      },
      close: () => (block = Infinity),
    };
  }

  /** Up to a block of those behind this uid. */
  behind(uid: number): readonly MessageInfo[] {
    const rows = this.#messages(Math.max(uid + 1, this.#maildrop.first_uid), BLOCK_MESSAGES);
    const uidls = this.#uidlsOf(rows);
    return rows.map((row) => new Entry(row, uidls));
  }

  /** The uids of these numbers, in ranges in which nothing else stands, nor anything that is passed over. */
  async *uidRanges(numbers: Iterable<NumberRange>): AsyncIterable<RangeRow> {
    let untilMs = performance.now() + FIRST_SLICE_MS;
    for (const [first, last] of numbers) {
      const [begin, end] = [await this.find(first), await this.find(last)];
      if (begin === undefined || end === undefined) continue;
      const isWhole = this.#passedOver.isNothing;
      for (const range of isWhole ? [[begin.id, end.id] as RangeRow] : this.#between(begin.id, end.id)) {
        yield range;
        if (performance.now() >= untilMs) untilMs = await this.#slices.next();
      }
    }
  }

  #uidlsOf(rows: readonly Row[]): Uidls {
    const { validity, has_uidls: hasAny } = this.#maildrop;
    const [first, last] = [rows[0]?.[0] ?? 0, rows.at(-1)?.[0] ?? 0];
    return { validity, kept: hasAny === 0 ? undefined : this.#reader.keptUidls(this.#account, first, last) };
  }

  /** What is left of a range without what is passed over. */
  *#between(first: number, last: number): Iterable<RangeRow> {
    for (let from = first; from <= last;) {
      const [passedFrom, passedTo] = this.#passedOver.next(from);
      if (passedFrom > from) yield [from, Math.min(passedFrom - 1, last)];
      from = passedTo + 1;
    }
  }

  #block(number: number): Block {
    if (this.#read.number === number) return this.#read;
    const rows = this.#messages(this.#starts[number] as number, BLOCK_MESSAGES);
    this.#read = new Block(number, rows, this.#uidlsOf(rows));
    if (rows.length === BLOCK_MESSAGES && this.#starts.length === number + 1)
      this.#starts.push((rows.at(-1) as Row)[0] + 1);
    return this.#read;
  }

  /** Whether it is known where this block begins, or that there is none, after passing at most so many. */
  #walk(block: number, blocks: number): boolean {
    for (let left = blocks; this.#starts.length <= block; left--) if (left === 0 || !this.#pass()) return left !== 0;
    return true;
  }

  async #walkInSlices(block: number): Promise<void> {
    for (;;) {
      const untilMs = await this.#slices.next();
      do if (this.#walk(block, 1)) return;
      while (performance.now() < untilMs);
    }
  }

  /** Goes on to where the next block begins; false when there is none. */
  #pass(): boolean {
    const from = this.#starts.at(-1) as number;
    const next = this.#passedOver.isNothing
      ? this.#reader.uidAfter(this.#account, { from, before: this.#maildrop.uid_next, limit: BLOCK_MESSAGES })
      : this.#messages(from, BLOCK_MESSAGES + 1)[BLOCK_MESSAGES]?.[0];
    if (next !== undefined) this.#starts.push(next);
    return next !== undefined;
  }

  #messages(from: number, limit: number): Row[] {
    const { uid_next: before } = this.#maildrop;
    if (this.#passedOver.isNothing) return this.#reader.messages(this.#account, { from, before, limit });
    const rows: Row[] = [];
    for (let at = from; at < before && rows.length < limit;) {
      const [first, last] = this.#passedOver.next(at);
      if (first > at)
        rows.push(
          ...this.#reader.messages(this.#account, {
            from: at,
            before: Math.min(first, before),
            limit: limit - rows.length,
          }),
        );
      at = last + 1;
    }
    return rows;
  }
}
