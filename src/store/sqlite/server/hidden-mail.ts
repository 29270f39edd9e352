/**
 * What views do not show (`hidden`): messages are hidden here, as ranges of uids; methods run inside a transaction, as those of the
 * writer do (writer.ts). Ranges between which there is no message become one, so that a client which takes away all that comes has
 * one row, however much that is. A message that was removed and is not purged parts them too: restored, it is seen again. When it
 * is deleted, they become one.
 */
import type { ViewId } from '../../maildrops.js';
import type { AccountId } from '../../shapes.js';
import type { Connection, Statement } from '../database/database.js';
import type { RangeRow } from '../database/reads.js';

/** Ranges of a view that become one in one step: a millisecond. */
const JOINED_AT_ONCE = 50;

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
  readonly extend: Statement<[last: number, account: number, view: number, first: number]>;
  readonly nextView: Statement<[account: number, after: number], number>;
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

  /** What stood in a range was deleted, and parts nothing any more: takes one step; false when nothing is left to join. */
  join(account: AccountId, range: RangeRow): boolean {
    let left = JOINED_AT_ONCE;
    const next = (after: ViewId): ViewId | undefined => this.#do.nextView.get(account, after);
    for (let view = next(-1); view !== undefined; view = next(view))
      while (this.#joinIn({ account, view }, range)) if (--left === 0) return true;
    return false;
  }

  hasAny(account: AccountId): boolean {
    return this.#do.hasAny.get(account) !== undefined;
  }

  /** Two that this range has parted, or that stand within it. */
  #joinIn(whose: View, [first, last]: RangeRow): boolean {
    const { account, view } = whose;
    const within = this.#do.behind.get(account, view, first);
    const ones = [
      this.#do.before.get(account, view, first),
      within !== undefined && within[0] <= last ? within : undefined,
    ];
    return ones.some((one) => one !== undefined && this.#joinWithNext(whose, one));
  }

  #joinWithNext({ account, view }: View, [first, last]: RangeRow): boolean {
    const next = this.#do.behind.get(account, view, first);
    if (next === undefined || !this.#touch(account, last, next[0])) return false;
    this.#do.drop.run(account, view, next[0]);
    this.#do.extend.run(next[1], account, view, first);
    return true;
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
    extend: connection.prepare('update hidden set last = ? where account = ? and view = ? and first = ?'),
    nextView: connection
      .prepare<[number, number], number>('select view from hidden where account = ? and view > ? order by view limit 1')
      .pluck(),
    hasAny: connection.prepare<[number], number>('select 1 from hidden where account = ? limit 1').pluck(),
  };
}
