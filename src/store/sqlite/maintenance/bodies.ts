/**
 * Each body against what was acknowledged: as many octets, and their hash. Each is read in a transaction of its own, a chunk at a
 * time, so that neither the WAL nor the memory grows with what is stored. What cannot be read is a finding, and the next follows.
 */
import { createHash } from 'node:crypto';
import { LF } from '../../../bytes/line-ends.js';
import type { ReadingConnection, ReadStatement } from '../database/reading-connection.js';
import { readable, type Found } from './found.js';

const PAGE = 100;

type BodyRow = [octets: number, chunks: number, hash: Uint8Array | null];

interface Statements {
  readonly last: ReadStatement<[], number | null>;
  readonly page: ReadStatement<[after: number, limit: number], number>;
  readonly pageByChunks: ReadStatement<[after: number, limit: number], number>;
  readonly row: ReadStatement<[body: number], BodyRow>;
  readonly chunk: ReadStatement<[body: number, seq: number], Buffer>;
}

/** What was found of one that is there. */
export interface BodyContent {
  readonly octets: number;
  readonly hash: Buffer;
  readonly lastByte: number;
}

export class Bodies {
  /** Their octets are not what they were, or cannot be read. */
  readonly damaged = new Set<number>();
  /** RETR adds a CRLF to them. */
  readonly unterminated = new Set<number>();
  readonly hasHashes: boolean;
  count = 0;
  octets = 0;
  withoutHash = 0;
  readonly #connection: ReadingConnection;
  readonly #read: Statements;

  constructor(connection: ReadingConnection) {
    this.#connection = connection;
    this.hasHashes =
      connection.prepare("select 1 from pragma_table_info('body') where name = 'hash'").get() !== undefined;
    this.#read = prepare(connection, this.hasHashes);
  }

  /** A part at a time: what was found in it, and where it is among how many. */
  *each(): Generator<{ readonly found: readonly Found[]; readonly at: number; readonly of: number }> {
    const last = readable(() => this.#read.last.get());
    const of = 'value' in last ? (last.value ?? 0) : 0;
    for (let after = 0; ;) {
      const page = this.#page(after);
      if ('refused' in page) {
        yield {
          found: [{ what: `the bodies behind number ${after} cannot be listed: ${page.refused}`, mendable: false }],
          at: of,
          of,
        };
        return;
      }
      const at = page.value.at(-1);
      if (at === undefined) return;
      yield { found: page.value.flatMap((body) => this.#look(body)), at, of: Math.max(of, at) };
      after = at;
    }
  }

  /** What is stored of one; undefined when a piece is missing, or it has gone. @throws StoreError */
  content(body: number): BodyContent | undefined {
    const [octets, chunks] = this.#read.row.get(body) ?? [];
    const found = chunks === undefined ? undefined : this.#pieces(body, chunks);
    return found?.octets === octets ? found : undefined;
  }

  /** Where the table cannot be read, its chunks still name them. */
  #page(after: number) {
    const page = readable(() => this.#read.page.all(after, PAGE));
    return 'value' in page ? page : readable(() => this.#read.pageByChunks.all(after, PAGE));
  }

  #look(body: number): readonly Found[] {
    const wrong = readable(() => this.#connection.inOneMoment(() => this.#wrong(body)));
    const what = 'refused' in wrong ? `it cannot be read: ${wrong.refused}` : wrong.value;
    if (what === undefined) return [];
    this.damaged.add(body);
    return [{ what: `body ${body}: ${what}`, mendable: false, body }];
  }

  #wrong(body: number): string | undefined {
    const row = this.#read.row.get(body);
    if (row === undefined) return undefined; // Removed meanwhile.
    const [octets, chunks, hash] = row;
    const found = this.#pieces(body, chunks);
    if (found === undefined) return 'a piece of it is missing';
    if (found.octets !== octets) return `${found.octets} octets are stored of the ${octets} that were acknowledged`;
    this.count += 1;
    this.octets += octets;
    if (hash === null) this.withoutHash += 1;
    else if (!found.hash.equals(hash)) return 'its octets are not those that were acknowledged';
    if (found.lastByte !== LF) this.unterminated.add(body);
    return undefined;
  }

  #pieces(body: number, chunks: number): BodyContent | undefined {
    const hash = createHash('sha256');
    let octets = 0;
    let lastByte = LF;
    for (let seq = 0; seq < chunks; seq++) {
      const piece = this.#read.chunk.get(body, seq);
      if (piece === undefined) return undefined;
      hash.update(piece);
      octets += piece.length;
      lastByte = piece.at(-1) ?? lastByte;
    }
    return { octets, hash: hash.digest(), lastByte };
  }
}

function prepare(connection: ReadingConnection, hasHashes: boolean): Statements {
  return {
    last: connection.prepare<[], number | null>('select max(id) from body').pluck(),
    page: connection
      .prepare<[number, number], number>('select id from body where id > ? and refs > 0 order by id limit ?')
      .pluck(),
    pageByChunks: connection
      .prepare<[number, number], number>('select distinct body from chunk where body > ? order by body limit ?')
      .pluck(),
    row: (hasHashes
      ? connection.prepare<[number], BodyRow>(
          `select octets, (select count(*) from chunk where chunk.body = body.id), hash
           from body where id = ? and refs > 0`,
        )
      : connection.prepare<[number], BodyRow>(
          `select octets, (select count(*) from chunk where chunk.body = body.id), null
           from body where id = ? and refs > 0`,
        )
    ).raw(),
    chunk: connection.prepare<[number, number], Buffer>('select data from chunk where body = ? and seq = ?').pluck(),
  };
}
