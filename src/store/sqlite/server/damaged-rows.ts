/**
 * Queued recipients that stand, or whose messages stand, where the database is damaged. Without this the store would end at each of them,
 * and meet it again after each start. A transaction that has met damage can write nothing more: it is rolled back, what it was reading is
 * read again row by row outside of any, and the group is run again around what was found (group.ts). A row that can still be written is
 * parked as corrupt, and nothing asks for it any more; one that cannot is passed over for as long as this store lives.
 */
import { damageReply } from '../../rules/queue.js';
import { QUEUE_STATES, type QueuedRow, type QueueWrites } from '../database/queue-writes.js';
import { isDamage } from '../database/sqlite-error.js';
import type { QueueLedger } from './queue-ledger.js';

/** What was found to be damaged, for the log. */
export interface DamagedRow {
  readonly id: number;
  readonly isParked: boolean;
}

/** Pages whose rows are all named: of a million rows all numbers are looked at for each, which takes a tenth of a second. Of more, those that are due. */
const PAGES_LIMIT = 20;
/** More than stand on a page; as many are named of what an inner page of the table hides. */
const BESIDE_LIMIT = 1_000;
/** Beyond it there is no number. */
const STEPS_LIMIT = 2 ** 50;

const CORRUPT = QUEUE_STATES.indexOf('corrupt');
const REPLY = JSON.stringify(damageReply);

export class DamagedRows {
  readonly #writes: QueueWrites;
  readonly #ledger: QueueLedger;
  /** Whose neighbours were looked for. */
  #pages = 0;
  /** That are to be parked. */
  readonly #unreadable = new Set<number>();
  readonly #unwritable = new Set<number>();
  readonly #undroppable = new Set<number>();
  /** Messages of which nothing can be deleted. */
  readonly #undeletable = new Set<number>();
  #untold: DamagedRow[] = [];
  /** Finds out what it was that met damage. True when it is known now. */
  #learn: (() => boolean) | undefined;

  constructor(writes: QueueWrites, ledger: QueueLedger) {
    this.#writes = writes;
    this.#ledger = ledger;
  }

  /** What `all` finds, without those that are damaged; `ids` finds the same and perhaps more by an index alone. */
  readable(
    all: () => readonly QueuedRow[],
    ids: () => readonly number[],
    isMeant: (row: QueuedRow) => boolean = () => true,
  ): readonly QueuedRow[] {
    for (const id of this.#unreadable) this.#park(id);
    return this.#learning(
      () => (this.#unwritable.size === 0 ? all() : this.#found(ids()).filter(isMeant)),
      () => this.#lookAt(ids()),
    );
  }

  /** Undefined when there is none, or it is damaged. */
  row(id: number): QueuedRow | undefined {
    if (this.#isKnown(id)) return undefined;
    return this.#learning(
      () => this.#writes.row.get(id),
      () => this.#lookAt([id]),
    );
  }

  /** False where the row cannot be written, since a page beside it is damaged: it is passed over. */
  write(id: number, act: () => unknown): boolean {
    if (this.#unwritable.has(id)) return false;
    this.#learning(act, () => this.#giveUp(id));
    return true;
  }

  /** False where the row cannot be deleted, since a page beside it is damaged: it is parked, and nothing sends it again. */
  drop(id: number): boolean {
    if (this.#undroppable.has(id)) this.#park(id);
    else
      this.#learning(
        () => this.#writes.drop.run(id),
        () => this.#undroppable.add(id).has(id),
      );
    return !this.#undroppable.has(id);
  }

  /** Deletes what a message leaves behind; it stays where it cannot be deleted. */
  deleteOf(message: number, act: () => void): void {
    if (this.#undeletable.has(message)) return;
    this.#learning(act, () => this.#undeletable.add(message).has(message));
  }

  /** After ROLLBACK: whether another attempt would go around what this one has met. */
  learn(): boolean {
    const learn = this.#learn;
    this.#learn = undefined;
    return learn?.() ?? false;
  }

  /** After COMMIT: those that were found since this was last asked. */
  told(): readonly DamagedRow[] {
    const untold = this.#untold;
    this.#untold = [];
    for (const { id } of untold) this.#unreadable.delete(id);
    return untold;
  }

  #found(ids: readonly number[]): readonly QueuedRow[] {
    const rows = ids.filter((id) => !this.#isKnown(id)).map((id) => this.#writes.row.get(id));
    return rows.filter((row) => row !== undefined);
  }

  #isKnown(id: number): boolean {
    return this.#unreadable.has(id) || this.#unwritable.has(id);
  }

  /** Again in each attempt. */
  #park(id: number): void {
    if (this.#unwritable.has(id)) return;
    this.#learning(
      () => {
        const row = this.#writes.bare.get(id);
        if (row === undefined || row.state === CORRUPT) return;
        this.#writes.park.run(REPLY, id);
        this.#ledger.count(row.state, CORRUPT);
        this.#ledger.touch(row.destination);
      },
      () => this.#giveUp(id),
    );
  }

  /** Outside of any transaction. True when some of them are damaged. Whatever stands on the same page is, too. */
  #lookAt(ids: readonly number[]): boolean {
    const isNew = (id: number): boolean => !this.#isKnown(id);
    const before = this.#unreadable.size + this.#unwritable.size;
    for (const id of ids) {
      if (this.#isKnown(id) || isSound(() => this.#writes.row.get(id))) continue;
      if (isSound(() => this.#writes.bare.get(id))) this.#meet(id, this.#unreadable);
      else for (const one of [id, ...this.#beside(id)].filter(isNew)) this.#meet(one, this.#unwritable);
    }
    return this.#unreadable.size + this.#unwritable.size > before;
  }

  #meet(id: number, where: Set<number>): void {
    where.add(id);
    this.#untold.push({ id, isParked: where === this.#unreadable });
  }

  /** Of one that cannot be read itself: all between the next places that can be, whether or not a row has their number. */
  #beside(id: number): readonly number[] {
    if (this.#pages++ >= PAGES_LIMIT) return [];
    const isDamaged = (at: number): boolean => !isSound(() => this.#writes.bare.get(at));
    const [first, last] = [lastThatIs(isDamaged, id, -1), lastThatIs(isDamaged, id, 1)];
    let ids: readonly number[] = [];
    isSound(() => (ids = this.#writes.idsBetween.all(first, last, BESIDE_LIMIT))); // Unless the index is damaged, too.
    return ids.filter((one) => one !== id);
  }

  #giveUp(id: number): boolean {
    if (this.#unwritable.has(id)) return false;
    this.#unreadable.delete(id);
    this.#unwritable.add(id);
    this.#untold = this.#untold.filter((one) => one.id !== id).concat({ id, isParked: false });
    return true;
  }

  #learning<T>(act: () => T, learn: () => boolean): T {
    try {
      return act();
    } catch (error) {
      if (isDamage(error)) this.#learn = learn;
      throw error;
    }
  }
}

/** @throws what is no damage */
function isSound(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}

/** In this direction from one that is, by steps that grow as long as they can: a page has few rows, but its numbers may be far apart. */
function lastThatIs(isMeant: (at: number) => boolean, from: number, direction: 1 | -1): number {
  let at = from;
  let step = 1;
  for (; step < STEPS_LIMIT && isMeant(at + direction * step); step *= 2) at += direction * step;
  for (; step >= 1; step /= 2) if (isMeant(at + direction * step)) at += direction * step;
  return at;
}
