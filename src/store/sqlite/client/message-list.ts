/**
 * The messages of one open maildrop by their numbers, without holding them: they are read in blocks from the index, and all
 * that is remembered is the uid at which each block begins, of those that were reached so far. What came after the maildrop was
 * opened is behind `uid_next`; what was removed and is not deleted is passed over, and in a view what is hidden from it.
 */
import type { Slices } from '../../../runtime/slices.js';
import { whenReady } from '../../../runtime/when-ready.js';
import type { MessageInfo, NumberRange } from '../../maildrops.js';
import type { AccountId, MaybePromise } from '../../shapes.js';
import type { Source } from '../../source.js';
import { ListedRows, type Row } from './listed-rows.js';
import { PassedOver, type Listed } from './passed-over.js';
import type { Reader } from './reader.js';
import type { MaildropRow, RangeRow } from '../database/reads.js';

/** One look into the index: so many entries stand on a few of its pages. */
const BLOCK_MESSAGES = 256;
/** Steps to a block that may be taken at once, in the turn in which it is asked for; more are taken in slices. */
const STEPS_AT_ONCE = 5;

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
  /** Whether there is no block behind those. */
  #isWhole = false;
  #read: Block;
  /** What is read of a block that takes more than one step. */
  #reading: { readonly block: number; readonly gathered: ListedRows } | undefined;

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
    return whenReady(this.#block(block), (read) => {
      if (read === undefined) return undefined;
      const row = read.at((number - 1) % BLOCK_MESSAGES);
      return row && new Entry(row, read.uidls);
    });
  }

  /** All of them, a block at a time. */
  pages(): Source<readonly MessageInfo[]> {
    let block = 0;
    const page = (read: Block | undefined): readonly MessageInfo[] | undefined => {
      if (read === undefined || read.length === 0) return undefined;
      return Array.from({ length: read.length }, (_, index) => new Entry(read.at(index) as Row, read.uidls));
    };
    return {
      next: () =>
        block * BLOCK_MESSAGES < this.#maildrop.messages ? whenReady(this.#block(block++), page) : undefined,
      close: () => (block = Infinity),
    };
  }

  /** Up to a block of those behind this uid. */
  behind(uid: number): readonly MessageInfo[] {
    const gathered = this.#gather(Math.max(uid + 1, this.#maildrop.first_uid));
    while (gathered.rows === undefined) gathered.step();
    const { rows } = gathered;
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
        if (range !== undefined) yield range;
        if (performance.now() >= untilMs) untilMs = await this.#slices.next();
      }
    }
  }

  #uidlsOf(rows: readonly Row[]): Uidls {
    const { validity, has_uidls: hasAny } = this.#maildrop;
    const [first, last] = [rows[0]?.[0] ?? 0, rows.at(-1)?.[0] ?? 0];
    return { validity, kept: hasAny === 0 ? undefined : this.#reader.keptUidls(this.#account, first, last) };
  }

  /** What is left of a range without what is passed over; undefined where nothing stands between two of those. */
  *#between(first: number, last: number): Iterable<RangeRow | undefined> {
    for (let from = first; from <= last;) {
      const [passedFrom, passedTo] = this.#passedOver.next(from);
      yield passedFrom > from ? [from, Math.min(passedFrom - 1, last)] : undefined;
      from = passedTo + 1;
    }
  }

  /** Undefined when there is none. */
  #block(number: number): MaybePromise<Block | undefined> {
    const read = (): Block | undefined => (this.#read.number === number ? this.#read : undefined);
    return this.#reach(number, STEPS_AT_ONCE) ? read() : this.#reachInSlices(number).then(read);
  }

  /** Whether this block is read, or there is none, after so many steps at most. */
  #reach(block: number, steps: number): boolean {
    for (let left = steps; this.#read.number !== block; left--) {
      if (this.#isWhole && block >= this.#starts.length) return true;
      if (left === 0) return false;
      this.#step(block);
    }
    return true;
  }

  async #reachInSlices(block: number): Promise<void> {
    for (;;) {
      const untilMs = await this.#slices.next();
      do if (this.#reach(block, 1)) return;
      while (performance.now() < untilMs);
    }
  }

  /** Towards a block: reads it, or finds where the next one begins that is not known. */
  #step(block: number): void {
    const at = Math.min(block, this.#starts.length - 1);
    if (at < block && this.#passedOver.isNothing) return this.#pass(at);
    if (this.#reading?.block !== at) this.#reading = { block: at, gathered: this.#gather(this.#starts[at] as number) };
    const { gathered } = this.#reading;
    gathered.step();
    if (gathered.rows === undefined) return;
    this.#reading = undefined;
    if (at === block) this.#read = new Block(block, gathered.rows, this.#uidlsOf(gathered.rows));
    const last = gathered.rows.length < BLOCK_MESSAGES ? undefined : gathered.rows.at(-1);
    this.#note(at, last && last[0] + 1);
  }

  /** A block of which nothing is passed over need not be read. */
  #pass(block: number): void {
    const from = this.#starts[block] as number;
    const { uid_next: before } = this.#maildrop;
    this.#note(block, this.#reader.uidAfter(this.#account, { from, before, limit: BLOCK_MESSAGES }));
  }

  /** Where the block behind this one begins. */
  #note(block: number, begin: number | undefined): void {
    if (block + 1 < this.#starts.length) return;
    if (begin === undefined) this.#isWhole = true;
    else this.#starts.push(begin);
  }

  #gather(from: number): ListedRows {
    return new ListedRows(
      { from, before: this.#maildrop.uid_next, limit: BLOCK_MESSAGES },
      { account: this.#account, passedOver: this.#passedOver, reader: this.#reader },
    );
  }
}
