/**
 * What views do not show (`hidden`): messages are hidden here, as ranges of uids; methods run inside a transaction, as those of the
 * writer do (writer.ts). Ranges between which there is no message become one, so that a client which takes away all that comes has
 * one row, however much that is. A message that was removed and is not purged parts them too: restored, it is seen again.
 */
import type { ViewId } from '../../maildrops.js';
import type { AccountId } from '../../shapes.js';
import type { Connection, Statement } from '../database/database.js';
import type { RangeRow } from '../database/reads.js';

/** Whose view it is. */
export interface View {
  readonly account: AccountId;
  readonly view: ViewId;
}

interface Statements {
  /** The range that holds a uid, or that ends before it. */
  readonly before: Statement<[account: number, view: number, uid: number], RangeRow>;
  readonly behind: Statement<[account: number, view: number, uid: number], RangeRow>;
  /** Whether a message is between two uids. */
  readonly isBetween: Statement<[account: number, above: number, below: number], number>;
  readonly add: Statement<[account: number, view: number, first: number, last: number]>;
  readonly drop: Statement<[account: number, view: number, first: number]>;
  readonly hasAny: Statement<[account: number], number>;
}

export class HiddenMail {
  readonly #do: Statements;

  constructor(connection: Connection) {
    this.#do = prepareHidden(connection);
  }

  /** Hides what is there of a range. */
  hide({ account, view }: View, [first, last]: readonly [first: number, last: number]): void {
    let [from, to] = [first, last];
    const before = this.#do.before.get(account, view, first);
    if (before !== undefined && this.#touch(account, before[1], from)) {
      this.#do.drop.run(account, view, before[0]);
      [from, to] = [before[0], Math.max(to, before[1])];
    }
    for (;;) {
      const behind = this.#do.behind.get(account, view, from);
      if (behind === undefined || !this.#touch(account, to, behind[0])) break;
      this.#do.drop.run(account, view, behind[0]);
      to = Math.max(to, behind[1]);
    }
    this.#do.add.run(account, view, from, to);
  }

  hasAny(account: AccountId): boolean {
    return this.#do.hasAny.get(account) !== undefined;
  }

  /** Whether nothing is between the end of a range and the beginning of another. */
  #touch(account: AccountId, end: number, begin: number): boolean {
    return begin <= end + 1 || this.#do.isBetween.get(account, end, begin) === undefined;
  }
}

export function prepareHidden(connection: Connection): Statements {
  return {
    before: connection
      .prepare<[number, number, number], RangeRow>(
        'select first, last from hidden where account = ? and view = ? and first <= ? order by first desc limit 1',
      )
      .raw(),
    behind: connection
      .prepare<[number, number, number], RangeRow>(
        'select first, last from hidden where account = ? and view = ? and first > ? order by first limit 1',
      )
      .raw(),
    isBetween: connection
      .prepare<[number, number, number], number>(
        'select 1 from message where account = ? and uid > ? and uid < ? limit 1',
      )
      .pluck(),
    add: connection.prepare('insert into hidden (account, view, first, last) values (?, ?, ?, ?)'),
    drop: connection.prepare('delete from hidden where account = ? and view = ? and first = ?'),
    hasAny: connection.prepare<[number], number>('select 1 from hidden where account = ? limit 1').pluck(),
  };
}
