/**
 * An mbox, of any length, in memory of a few blocks. A message begins behind a `From ` line: one with a sender and a time, at the
 * beginning of the file or of any line. What belongs to it besides depends on the dialect:
 *
 * - `mboxrd`: a `>` is taken from lines that begin with `>From `, `>>From ` and so on.
 * - `mboxo`: it is taken from `>From ` alone.
 * - `mboxcl2`: nothing is quoted; Content-Length says where a message ends. Where it cannot be right, the next `From ` line does.
 *
 * The first two cannot be told apart by what they hold, and differ only in lines that begin with `>>From `.
 */
import { LF } from '../bytes/line-ends.js';
import type { FileOctets } from './file-octets.js';
import type { FoundMessage } from './found.js';
import { FromQuoting } from './from-quoting.js';
import { fromLineOf, FROM_LINE_LIMIT_BYTES, type FromLine } from './from-line.js';

export type MboxDialect = 'mboxrd' | 'mboxo' | 'mboxcl2';

const LINE_FROM = Buffer.from('\nFrom ');
const HEADER_LIMIT_BYTES = 64 * 1024;
/** So many messages in a row must end where their Content-Length says, or all there are. */
const PROOFS = 16;

interface Place {
  /** Where its From line begins. */
  readonly from: number;
  /** Where its first octet is. */
  readonly begin: number;
  readonly line: FromLine;
}

export class MboxReader {
  readonly #file: FileOctets;
  readonly #dialect: MboxDialect;

  constructor(file: FileOctets, dialect: MboxDialect) {
    this.#file = file;
    this.#dialect = dialect;
  }

  /** Whether it is one at all. */
  static begins(file: FileOctets): boolean {
    return placeAt(file, 0) !== undefined;
  }

  /** What its content says. */
  static dialectOf(file: FileOctets): MboxDialect {
    let at = placeAt(file, 0);
    for (let proofs = 0; at !== undefined && proofs < PROOFS; proofs++) {
      const end = endByLength(file, at.begin);
      if (end === undefined) return 'mboxrd';
      at = placeAt(file, end);
    }
    return 'mboxcl2';
  }

  *messages(): Generator<FoundMessage, void> {
    for (let place = placeAt(this.#file, 0); place !== undefined;) {
      const next = this.#next(place.begin);
      yield this.#message(place, next?.from ?? this.#file.bytes);
      place = next;
    }
  }

  #next(begin: number): Place | undefined {
    const end = this.#dialect === 'mboxcl2' ? endByLength(this.#file, begin) : undefined;
    if (end !== undefined) return placeAt(this.#file, end);
    return nextPlace(this.#file, begin);
  }

  #message({ from, begin, line }: Place, next: number): FoundMessage {
    const file = this.#file;
    const end = withoutEmptyLine(file, begin, next);
    const dialect = this.#dialect;
    return {
      place: `${file.path}, octet ${from}`,
      bytes: next - from,
      ...line,
      read: () => (dialect === 'mboxcl2' ? file.range(begin, end) : unquoted(file.range(begin, end), dialect)),
    };
  }
}

async function* unquoted(pieces: AsyncIterable<Buffer>, dialect: 'mboxrd' | 'mboxo'): AsyncGenerator<Buffer, void> {
  const quoting = new FromQuoting(dialect === 'mboxrd' ? 'unquote' : 'unquoteOne');
  for await (const piece of pieces) yield* quoting.pass(piece);
  yield quoting.end();
}

/** The From line that begins there. */
function placeAt(file: FileOctets, from: number): Place | undefined {
  const seen = file.at(from, FROM_LINE_LIMIT_BYTES);
  const end = seen.indexOf(LF);
  const line = fromLineOf(seen.toString('latin1', 0, end === -1 ? seen.length : end));
  return line === undefined || (end === -1 && from + seen.length < file.bytes)
    ? undefined
    : { from, begin: from + (end === -1 ? seen.length : end + 1), line };
}

/** The first behind this octet, which stands at the beginning of a line. */
function nextPlace(file: FileOctets, begin: number): Place | undefined {
  const first = placeAt(file, begin); // A message of no octets.
  if (first !== undefined) return first;
  for (let at = begin; ;) {
    const block = file.around(at);
    for (let found = block.indexOf(LINE_FROM); found !== -1; found = block.indexOf(LINE_FROM, found + 1)) {
      const place = placeAt(file, at + found + 1);
      if (place !== undefined) return place;
    }
    if (at + block.length >= file.bytes || block.length < LINE_FROM.length) return undefined;
    at += block.length - LINE_FROM.length + 1; // It may stand on the edge.
  }
}

/** Where the next From line or the file's end is, if Content-Length says so and it is true. */
function endByLength(file: FileOctets, begin: number): number | undefined {
  const seen = file.at(begin, HEADER_LIMIT_BYTES).toString('latin1');
  const header = /^[^]*?\r?\n(?=\r?\n)/.exec(seen)?.[0] ?? '';
  const empty = seen.startsWith('\r\n', header.length) ? 2 : 1;
  const length = /^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(header)?.[1];
  if (length === undefined) return undefined;
  const end = begin + header.length + empty + Number(length);
  const ends = [end, end + 1, end + 2].filter((one) => one <= file.bytes && isBlank(file, end, one));
  return ends.find((one) => one === file.bytes || placeAt(file, one) !== undefined);
}

/** Nothing but one end of a line. */
function isBlank(file: FileOctets, from: number, to: number): boolean {
  return ['', '\n', '\r\n'].includes(file.at(from, to - from).toString('latin1'));
}

/** What stands before the next From line, without the empty line that belongs to it. */
function withoutEmptyLine(file: FileOctets, begin: number, end: number): number {
  const last = file.at(Math.max(begin, end - 4), Math.min(4, end - begin)).toString('latin1');
  for (const empty of ['\r\n', '\n'])
    if (last === empty || last.endsWith(`\n${empty}`)) return end - empty.length; // prettier-ignore
  return end;
}
