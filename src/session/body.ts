/**
 * Finds the end of a body and watches its line endings while the pieces pass through, without copying them. Of a buffer with
 * many stuffed dots the rest is moved together in place, so that the pieces are few whatever a stranger sends.
 * Only CRLF.CRLF ends dot-terminated data; a bare CR or LF is noted and never ends anything (RFC 5321 §4.1.1.4).
 */
import type { Buffer } from 'node:buffer';
import type { BodyEnd, Framing } from './command.js';
import { CR, DOT, LF } from '../bytes/line-ends.js';
import type { NewlineCheck } from '../bytes/newlines.js';

/** Where the last byte left us. A body begins at the start of a line. */
const At = { LineStart: 0, Text: 1, Cr: 2, Dot: 3, DotCr: 4 } as const;
type At = (typeof At)[keyof typeof At];

/** What one buffer held: slices of the body, and after its end the bytes that follow it. */
export interface BodyPieces {
  readonly pieces: readonly Buffer[];
  readonly rest: Buffer | undefined;
}

export interface BodyReader {
  /** The bytes may be changed. `rest` is defined, perhaps empty, when the body has ended; then `end` tells what was seen. */
  pass(bytes: Buffer): BodyPieces;
  readonly end: BodyEnd;
}

export function bodyReader(framing: Framing): BodyReader {
  return framing.until === 'dot' ? new DotReader() : new CountReader(framing);
}

/** A piece costs as much as some hundred bytes. */
const PIECES_LIMIT = 16;

/** Takes away the dot that was stuffed at a line's start (RFC 5321 §4.5.2, RFC 1939 §3). */
export class DotReader implements BodyReader {
  #at: At = At.LineStart;
  #octets = 0;
  #bareNewline = false;

  get end(): BodyEnd {
    return { octets: this.#octets, bareNewline: this.#bareNewline };
  }

  // Looks at each octet of each body: a call an octet would cost more than all the rest.
  /* eslint-disable max-lines-per-function, complexity, max-depth */
  pass(bytes: Buffer): BodyPieces {
    const pieces = new Pieces(bytes);
    let from = 0;
    let at = this.#at;
    const keep = (to: number): void => {
      if (to <= from) return;
      pieces.add(from, to);
      this.#octets += to - from;
    };
    for (let i = 0; i < bytes.length; i++) {
      if (at === At.Text) {
        const end = this.#endOfText(bytes, i);
        if (end === -1) break;
        i = end;
        at = At.Cr;
        continue;
      }
      const byte = bytes[i];
      if (at === At.LineStart) {
        if (byte === DOT) {
          keep(i);
          from = i + 1;
          at = At.Dot;
        } else if (byte === CR) at = At.Cr;
        else {
          if (byte === LF) this.#bareNewline = true;
          at = At.Text;
        }
      } else if (at === At.Cr) {
        if (byte === LF) at = At.LineStart;
        else {
          this.#bareNewline = true;
          if (byte !== CR) at = At.Text;
        }
      } else if (at === At.Dot) {
        if (byte === CR) {
          from = i + 1;
          at = At.DotCr;
        } else {
          if (byte === LF) this.#bareNewline = true;
          at = At.Text;
        }
      } else {
        if (byte === LF) {
          this.#at = At.LineStart;
          return { pieces: pieces.all(), rest: bytes.subarray(i + 1) };
        }
        // A dot and a bare CR: the CR that was held back is part of the body after all.
        this.#bareNewline = true;
        from = i;
        at = byte === CR ? At.Cr : At.Text;
      }
    }
    if (at !== At.Dot && at !== At.DotCr) keep(bytes.length);
    this.#at = at;
    return { pieces: pieces.all(), rest: undefined };
  }
  /* eslint-enable max-lines-per-function, complexity, max-depth */

  /** The next CR, or -1; an LF before it is bare. Nearly all octets are passed here, and so without looking at each. */
  #endOfText(bytes: Buffer, from: number): number {
    const cr = bytes.indexOf(CR, from);
    if (this.#bareNewline) return cr;
    const lf = bytes.indexOf(LF, from);
    if (lf !== -1 && (cr === -1 || lf < cr)) this.#bareNewline = true;
    return cr;
  }
}

/** What is kept of a buffer. */
class Pieces {
  readonly #bytes: Buffer;
  readonly #pieces: Buffer[] = [];
  /** Of the last piece, to which more may be moved. */
  #start = 0;
  #end = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  add(from: number, to: number): void {
    if (this.#pieces.length < PIECES_LIMIT) {
      this.#flush();
      this.#start = from;
      this.#end = to;
    } else {
      this.#bytes.copyWithin(this.#end, from, to);
      this.#end += to - from;
    }
  }

  all(): readonly Buffer[] {
    this.#flush();
    return this.#pieces;
  }

  #flush(): void {
    if (this.#end > this.#start) this.#pieces.push(this.#bytes.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

/** The next so many octets as they are (BDAT, RFC 3030 §2). */
export class CountReader implements BodyReader {
  readonly #octets: number;
  readonly #newlines: NewlineCheck;
  #left: number;

  constructor(framing: { readonly octets: number; readonly newlines: NewlineCheck }) {
    this.#octets = framing.octets;
    this.#left = framing.octets;
    this.#newlines = framing.newlines;
  }

  get end(): BodyEnd {
    return { octets: this.#octets, bareNewline: this.#newlines.bare };
  }

  pass(bytes: Buffer): BodyPieces {
    const piece = bytes.subarray(0, this.#left);
    this.#left -= piece.length;
    this.#newlines.look(piece);
    return {
      pieces: piece.length === 0 ? [] : [piece],
      rest: this.#left === 0 ? bytes.subarray(piece.length) : undefined,
    };
  }
}
