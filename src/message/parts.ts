/**
 * What a message is made of (RFC 2046 §5.1), found while its octets pass: each part that has no others, with its header and where its
 * content stands. Holds no more than one line, the headers, and the beginning of what is text; looks at each octet once. What is
 * beyond a limit is left out, or is content of the part that it stands in.
 */
import { Buffer } from 'node:buffer';
import { CR, LF } from '../bytes/line-ends.js';
import { fieldsOf, type HeaderField } from './fields.js';

export interface Part {
  /** `1`, `2.1`: its place in each of the parts that it stands in. */
  readonly id: string;
  readonly fields: readonly HeaderField[];
  /** Where its content stands in the message: the first octet, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Of its content without the ends of lines. */
  readonly octetsInLines: number;
  /** The beginning of its content, where that is text. */
  readonly beginning: Buffer;
}

/** A message's own header, and its parts. */
export interface Structure {
  readonly fields: readonly HeaderField[];
  readonly parts: readonly Part[];
}

/** Of one header; the rest of it is left out. */
const HEADER_LIMIT_OCTETS = 64 * 1024;
/** Of the headers of all parts together; more parts than those are left out. */
const HEADERS_LIMIT_OCTETS = 256 * 1024;
const PARTS_LIMIT = 500;
/** Parts within parts; deeper they are content. */
const DEPTH_LIMIT = 16;
/** A longer line is taken in pieces. */
const LINE_LIMIT_OCTETS = 16 * 1024;
/** Of the text of all parts together. */
const TEXT_LIMIT_OCTETS = 1024 * 1024;
/** RFC 2046 §5.1.1 says 70; some senders write more. */
const DELIMITER_LIMIT_OCTETS = 256;

const MULTIPART = /^\s*multipart\//i;
const BOUNDARY = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i;
const TEXT = /^\s*text\/(?:plain|html)\b/i;
const BLANKS = ' \t\r\n';
const DASH = 45;
const NOTHING = Buffer.alloc(0);

interface Level {
  readonly delimiter: string;
  /** Of the part that it parts; empty for the message. */
  readonly id: string;
  count: number;
}

interface Header {
  readonly id: string;
  readonly lines: Buffer[];
  octets: number;
}

interface Leaf extends Pick<Part, 'id' | 'fields' | 'from'> {
  readonly isText: boolean;
  readonly kept: Buffer[];
  octetsInLines: number;
}

export class PartScanner {
  readonly #parts: Part[] = [];
  readonly #levels: Level[] = [];
  #fields: readonly HeaderField[] | undefined;
  /** What is read of, if anything: a header or a content. */
  #header: Header | undefined = { id: '', lines: [], octets: 0 };
  #leaf: Leaf | undefined;
  #headersLeft = HEADERS_LIMIT_OCTETS;
  #textLeft = TEXT_LIMIT_OCTETS;
  /** Octets of all lines so far, and of the end of the last. */
  #passed = 0;
  #lastEnd = 0;
  #isAtLineStart = true;
  #held: Buffer = NOTHING;

  write(piece: Buffer): void {
    const octets = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    let at = 0;
    for (let end = octets.indexOf(LF); end !== -1; end = octets.indexOf(LF, at)) {
      this.#line(octets.subarray(at, end + 1));
      at = end + 1;
    }
    const isLong = octets.length - at > LINE_LIMIT_OCTETS;
    if (isLong) this.#line(octets.subarray(at));
    this.#held = isLong ? NOTHING : Buffer.from(octets.subarray(at));
  }

  end(): Structure {
    if (this.#held.length > 0) this.#line(this.#held);
    this.#endHeader();
    this.#endLeaf(this.#passed);
    return { fields: this.#fields ?? [], parts: this.#parts };
  }

  /** A line with its end, or a piece of a long one. */
  #line(line: Buffer): void {
    const isWholeStart = this.#isAtLineStart;
    if (!isWholeStart || line[0] !== DASH || line[1] !== DASH || !this.#delimits(line)) this.#take(line, isWholeStart);
    this.#passed += line.length;
    this.#lastEnd = endOf(line);
    this.#isAtLineStart = this.#lastEnd > 0;
    if (this.#header !== undefined && isWholeStart && this.#lastEnd === line.length) this.#endHeader();
  }

  #take(line: Buffer, isStart: boolean): void {
    if (this.#header !== undefined) this.#takeHeader(this.#header, line, isStart);
    else if (this.#leaf !== undefined) this.#takeContent(this.#leaf, line);
  }

  #takeHeader(header: Header, line: Buffer, isStart: boolean): void {
    if (header.octets + line.length > HEADER_LIMIT_OCTETS && !(isStart && endOf(line) === line.length)) return;
    header.octets += line.length;
    header.lines.push(Buffer.from(line));
  }

  #takeContent(leaf: Leaf, line: Buffer): void {
    leaf.octetsInLines += line.length - endOf(line);
    if (!leaf.isText || this.#textLeft <= 0) return;
    const kept = line.subarray(0, this.#textLeft);
    this.#textLeft -= kept.length;
    leaf.kept.push(Buffer.from(kept));
  }

  /** Whether the line is a delimiter of what is open. */
  #delimits(line: Buffer): boolean {
    if (this.#levels.length === 0 || line.length > DELIMITER_LIMIT_OCTETS) return false;
    const text = withoutBlanks(line.toString('latin1'));
    const at = this.#levels.findLastIndex(({ delimiter }) => text === delimiter || text === `${delimiter}--`);
    const level = this.#levels[at];
    if (level === undefined) return false;
    this.#endHeader();
    this.#endLeaf(this.#passed - this.#lastEnd); // RFC 2046 §5.1.1: the end of the line before belongs to the delimiter.
    const isLast = text !== level.delimiter;
    this.#levels.length = isLast ? at : at + 1;
    if (!isLast) this.#beginPart(level);
    return true;
  }

  #beginPart(level: Level): void {
    level.count += 1;
    if (this.#parts.length >= PARTS_LIMIT || this.#headersLeft <= 0) return;
    this.#header = { id: level.id === '' ? `${level.count}` : `${level.id}.${level.count}`, lines: [], octets: 0 };
  }

  #endHeader(): void {
    if (this.#header === undefined) return;
    const { id, lines, octets } = this.#header;
    this.#header = undefined;
    if (this.#fields !== undefined) this.#headersLeft -= octets;
    const fields = fieldsOf(Buffer.concat(lines));
    this.#fields ??= fields;
    const type = fields.find(({ name }) => name.toLowerCase() === 'content-type')?.value ?? 'text/plain';
    const boundary = MULTIPART.test(type) ? boundaryOf(type) : undefined;
    if (boundary !== undefined && this.#levels.length < DEPTH_LIMIT)
      this.#levels.push({ delimiter: `--${boundary}`, id, count: 0 });
    else this.#beginLeaf({ id: id === '' ? '1' : id, fields, isText: TEXT.test(type) });
  }

  #beginLeaf(leaf: Pick<Leaf, 'id' | 'fields' | 'isText'>): void {
    this.#leaf = { ...leaf, from: this.#passed, kept: [], octetsInLines: 0 };
  }

  #endLeaf(to: number): void {
    if (this.#leaf === undefined) return;
    const { id, fields, from, kept, octetsInLines } = this.#leaf;
    this.#leaf = undefined;
    const end = Math.max(from, to);
    this.#parts.push({
      id,
      fields,
      from,
      to: end,
      octetsInLines,
      beginning: Buffer.concat(kept).subarray(0, end - from),
    });
  }
}

/** Octets of the end of the line; 0 for a piece without one. */
function endOf(line: Buffer): number {
  if (line.at(-1) !== LF) return 0;
  return line.at(-2) === CR ? 2 : 1;
}

function boundaryOf(type: string): string | undefined {
  const [, quoted, bare] = BOUNDARY.exec(type) ?? [];
  const boundary = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
  return boundary === '' ? undefined : boundary;
}

/** At its end; a pattern for that is not linear. */
function withoutBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && BLANKS.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
