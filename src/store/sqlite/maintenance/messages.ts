/**
 * Each message against its body: that there is one, and that RETR sends as many octets as the message says. They are listed by
 * their index, account by account, so that one whose row cannot be read is still known by its account and uid.
 */
import type { ReadingConnection, ReadStatement } from '../database/reading-connection.js';
import type { Bodies } from './bodies.js';
import { readable, type Found, type MessagePlace } from './found.js';
import { CRLF_OCTETS, LF } from '../../../bytes/line-ends.js';

const PAGE = 500;

type Listed = [id: number, uid: number];
type MessageRow = [body: number, octets: number, traceOctets: number, bodyOctets: number | null];

interface Statements {
  readonly nextAccount: ReadStatement<[after: number], number | null>;
  readonly page: ReadStatement<[account: number, after: number, limit: number], Listed>;
  readonly row: ReadStatement<[id: number], MessageRow>;
  readonly lastByte: ReadStatement<[body: number], Buffer>;
}

export class Messages {
  count = 0;
  /** Where messages point to bodies that are damaged. */
  readonly #places: MessagePlace[] = [];
  readonly #connection: ReadingConnection;
  readonly #bodies: Bodies;
  readonly #read: Statements;

  constructor(connection: ReadingConnection, bodies: Bodies) {
    this.#connection = connection;
    this.#bodies = bodies;
    this.#read = prepare(connection);
  }

  get damaged(): readonly MessagePlace[] {
    return this.#places;
  }

  *each(): Generator<readonly Found[]> {
    for (let account = -1; ;) {
      const next = readable(() => this.#read.nextAccount.get(account));
      if ('refused' in next) yield [cannotList('of all accounts', next.refused)];
      if ('refused' in next) return;
      if (typeof next.value !== 'number') return;
      account = next.value;
      yield* this.#of(account);
    }
  }

  *#of(account: number): Generator<readonly Found[]> {
    for (let after = -1; ;) {
      const page = readable(() => this.#connection.inOneMoment(() => this.#page(account, after)));
      if ('refused' in page) yield [cannotList(`of account ${account}`, page.refused)];
      if ('refused' in page) return;
      if (page.value.last === undefined) return;
      after = page.value.last;
      yield page.value.found;
    }
  }

  #page(account: number, after: number): { readonly last: number | undefined; readonly found: readonly Found[] } {
    const listed = this.#read.page.all(account, after, PAGE);
    const found = listed.flatMap(([id, uid]) => this.#look(id, account, uid));
    return { last: listed.at(-1)?.[1], found };
  }

  #look(id: number, account: number, uid: number): readonly Found[] {
    this.count += 1;
    const row = readable(() => this.#read.row.get(id));
    if ('refused' in row)
      return [wrong(`the row of a message cannot be read: ${row.refused}`, { account, uid, body: undefined })];
    if (row.value === undefined)
      return [wrong('a message is listed, and its row is not there', { account, uid, body: undefined })];
    const [body, octets, traceOctets, bodyOctets] = row.value;
    const place: MessagePlace = { account, uid, body };
    if (bodyOctets === null) return [{ ...wrong('the body of a message is gone', place), mendable: true }];
    if (this.#bodies.damaged.has(body)) {
      this.#places.push(place);
      return [];
    }
    const more = octets - traceOctets - bodyOctets;
    if (more === this.#added(body)) return [];
    return more === this.#addedAfterALook(body)
      ? []
      : [wrong(`a message should have ${octets} octets, and has ${traceOctets + bodyOctets}`, place)];
  }

  /** What RETR adds to it. */
  #added(body: number): number {
    return this.#bodies.unterminated.has(body) ? CRLF_OCTETS.length : 0;
  }

  /** Of one that came while others were looked at. */
  #addedAfterALook(body: number): number {
    const last = readable(() => this.#read.lastByte.get(body));
    return 'value' in last && last.value !== undefined && last.value.at(0) !== LF ? CRLF_OCTETS.length : 0;
  }
}

function wrong(what: string, message: MessagePlace): Found {
  return { what, mendable: false, message };
}

function cannotList(which: string, why: string): Found {
  return { what: `the messages ${which} cannot be listed: ${why}`, mendable: false };
}

function prepare(connection: ReadingConnection): Statements {
  return {
    nextAccount: connection
      .prepare<[number], number | null>('select min(account) from message where account > ?')
      .pluck(),
    page: connection
      .prepare<[number, number, number], Listed>(
        'select id, uid from message where account = ? and uid > ? order by uid limit ?',
      )
      .raw(),
    row: connection
      .prepare<[number], MessageRow>(
        `select body, message.octets, length(trace), body.octets
         from message left join body on body.id = message.body where message.id = ?`,
      )
      .raw(),
    lastByte: connection
      .prepare<[number], Buffer>('select substr(data, -1) from chunk where body = ? order by seq desc limit 1')
      .pluck(),
  };
}
