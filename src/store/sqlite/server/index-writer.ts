/**
 * The index of words (mail_index), filled from the messages in the order of their ids: what is to be added follows from the
 * database alone, so a store that was killed goes on where it was. A body is added once, with the accounts that have it then, and
 * deleted with its last message: what was removed and can be restored stays in it. Where nothing was ever added, nothing here is
 * done for a message on its way in or out.
 */
import { ccOf } from '../../../message/summary.js';
import type { Connection, Statement } from '../database/database.js';
import { prepareEmptyIndex, prepareUnindexed, type MailSearch } from '../database/mail-search.js';
import { isIndexDamage } from '../database/sqlite-error.js';

/** `undecoded`: the next text waits for the decoder. */
export type Indexed = 'everything' | 'a part' | 'undecoded';

interface Statements {
  readonly lastMessage: Statement<[], number>;
  readonly position: Statement<[], number>;
  readonly setPosition: Statement<[message: number]>;
  readonly waiting: MailSearch['unindexed'];
  readonly next: Statement<[after: number], [message: number, body: number]>;
  readonly lastCopy: Statement<[message: number, body: number], number>;
  readonly isUndecoded: Statement<[body: number], number>;
  readonly isIndexed: Statement<[body: number], number>;
  readonly beginning: Statement<[body: number], Buffer>;
  readonly setCc: Statement<[cc: string, body: number]>;
  readonly addCopies: Statement<[first: number, last: number]>;
  readonly add: Statement<[body: number]>;
  readonly remove: Statement<[body: number]>;
  readonly removeCopies: Statement<[body: number]>;
  readonly empty: () => void;
  readonly merge: Statement<[pages: number]>;
  readonly changes: Statement<[], number>;
}

/** Of FTS5's own, into which a merge writes at most: some milliseconds, but for a word that is in very many messages. */
const MERGED_PAGES = 64;
/** Of rows that SQLite has changed: FTS5 counts one when there was nothing to merge. */
const CHANGES_OF_NO_MERGE = 2;

export class IndexWriter {
  readonly #do: Statements;
  /** Undefined until something was added. */
  #nextMessage: number | undefined;
  #isAsked = false;
  /** Something was added or removed since there was nothing to merge. */
  #isScattered = false;

  constructor(connection: Connection) {
    this.#do = prepare(connection);
    this.#isScattered = (this.#do.position.get() ?? 0) > 0;
    if (this.#isScattered) this.#use();
  }

  /** The id of a message to come: never one again that the index has passed, though its row is gone. Null: any will do. */
  nextMessage(): number | null {
    return this.#nextMessage === undefined ? null : this.#nextMessage++;
  }

  /** How many messages are not in the index, or a few more. */
  get waiting(): number {
    return this.#do.waiting.get() ?? 0;
  }

  /** Whether `merge` may find something to do. */
  get isScattered(): boolean {
    return this.#isScattered;
  }

  /** Each step that adds or removes leaves a part that every search looks into: makes one of several, a little at a time. */
  merge(): void {
    const before = this.#do.changes.get() ?? 0;
    this.#do.merge.run(MERGED_PAGES);
    this.#isScattered = (this.#do.changes.get() ?? 0) - before >= CHANGES_OF_NO_MERGE;
  }

  /** Adds what comes next. Ends after so many milliseconds, or one text later. */
  add(ms: number): Indexed {
    const untilMs = performance.now() + ms;
    const before = this.#do.position.get() ?? 0;
    let position = before;
    let outcome: Indexed = 'a part';
    do {
      const next = this.#addNext(position);
      if (typeof next === 'number') position = next;
      else outcome = next;
    } while (outcome === 'a part' && performance.now() < untilMs);
    if (position !== before) this.#pass(position);
    return outcome;
  }

  /** Leaves out what comes next: what cannot be added must not hold back what follows. The body, when there is one. */
  skip(): number | undefined {
    const [message, body] = this.#do.next.get(this.#do.position.get() ?? 0) ?? [];
    if (message === undefined || body === undefined) return undefined;
    this.#pass(this.#lastCopy(message, body));
    return body;
  }

  has(body: number): boolean {
    return this.#nextMessage !== undefined && this.#do.isIndexed.get(body) !== undefined;
  }

  /** Before anything of the body goes. Whether it was there. */
  remove(body: number): boolean {
    if (!this.has(body)) return false;
    try {
      this.#do.remove.run(body);
    } catch (error) {
      if (!isIndexDamage(error)) throw error; // What a damaged index still has of it leads to nothing.
    }
    this.#do.removeCopies.run(body);
    this.#isScattered = true;
    return true;
  }

  /** What is not in the index yet is to be added, whether or not that is done by itself; with `anew`, everything. */
  request(anew: boolean): void {
    this.#isAsked = true;
    if (anew) this.#do.empty();
  }

  /** Whether that was asked since this was last called. */
  takeRequest(): boolean {
    const isAsked = this.#isAsked;
    this.#isAsked = false;
    return isAsked;
  }

  /** The last message that the index is behind now, or why it is not. */
  #addNext(position: number): number | Exclude<Indexed, 'a part'> {
    const [message, body] = this.#do.next.get(position) ?? [];
    if (message === undefined || body === undefined) return 'everything';
    if (this.#do.isUndecoded.get(body) !== undefined) return 'undecoded';
    const last = this.#lastCopy(message, body);
    if (this.has(body))
      this.#do.remove.run(body); // With the accounts that have it now, it is added again.
    else this.#readCc(body);
    this.#do.addCopies.run(message, last);
    this.#do.add.run(body);
    this.#isScattered = true;
    return last;
  }

  /** A message that nobody has searched for yet has not been read for it. */
  #readCc(body: number): void {
    const first = this.#do.beginning.get(body);
    const cc = first === undefined ? undefined : ccOf(first);
    if (cc !== undefined) this.#do.setCc.run(cc, body);
  }

  #pass(message: number): void {
    if (this.#nextMessage === undefined) this.#use();
    this.#do.setPosition.run(message);
  }

  #use(): void {
    this.#nextMessage = (this.#do.lastMessage.get() ?? 0) + 1;
  }

  /** The copies of a body stand behind each other, since they came in one transaction. */
  #lastCopy(message: number, body: number): number {
    return this.#do.lastCopy.get(message, body) ?? message;
  }
}

function prepare(connection: Connection): Statements {
  const number = (sql: string) => connection.prepare<unknown[], number>(sql).pluck();
  return {
    lastMessage: number('select max(coalesce((select max(id) from message), 0), message) from indexing'),
    position: number('select message from indexing'),
    setPosition: connection.prepare('update indexing set message = ?'),
    waiting: prepareUnindexed(connection),
    next: connection
      .prepare<[number], [number, number]>('select id, body from message where id > ? order by id limit 1')
      .raw(),
    lastCopy: number(`
      select coalesce((select id from message where id > ? and body <> ? order by id limit 1) - 1,
                      (select max(id) from message))`),
    isUndecoded: number('select 1 from body where id = ? and text_state in (1, 4)'),
    isIndexed: number('select 1 from indexed where body = ? limit 1'),
    beginning: connection
      .prepare<[number], Buffer>(
        `select substr(chunk.data, 1, body.header_octets + 16384) from body
         join chunk on chunk.body = body.id and chunk.seq = 0 where body.id = ?`,
      )
      .pluck(),
    setCc: connection.prepare('update body set cc_text = ? where id = ?'),
    addCopies: connection.prepare(
      'insert or ignore into indexed select body, account, id from message where id between ? and ?',
    ),
    add: connection.prepare(`
      insert into mail_index (rowid, text, subject, "from", "to", cc, has, account)
      select id, text, subject, "from", "to", cc, has, account from index_content where id = ?`),
    remove: connection.prepare('delete from mail_index where rowid = ?'),
    removeCopies: connection.prepare('delete from indexed where body = ?'),
    empty: prepareEmptyIndex(connection),
    merge: connection.prepare("insert into mail_index (mail_index, rank) values ('merge', ?)"),
    changes: number('select total_changes()'),
  };
}
