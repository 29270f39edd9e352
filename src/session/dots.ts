/**
 * Byte-stuffing on the way out (RFC 1939 §3, RFC 5321 §4.5.2): a line that begins with a dot gets another.
 * Pieces may be cut anywhere, also inside a CRLF. Pieces without such a line pass through uncopied.
 */
import { Buffer } from 'node:buffer';

const CR = 13;
const LF = 10;
const DOT = 46;
const DOT_BYTES = Buffer.from('.');
const LINE_DOT = Buffer.from('\r\n.');
/** Dots inside lines are fewer than lines, in most mail; from so many on in a piece, lines are looked at instead. */
const INNER_DOTS_LIMIT = 64;

export class DotStuffer {
  /** The last two bytes seen; a body begins at the start of a line. */
  #last = LF;
  #before = CR;
  /** Dots inside lines, of this piece. */
  #innerDots = 0;

  /** The stuffed octets of the next piece, as slices of it with dots between. */
  pass(piece: Buffer): readonly Buffer[] {
    if (piece.length === 0) return [];
    const slices: Buffer[] = [];
    let from = 0;
    this.#innerDots = 0;
    for (let dot = this.#firstDot(piece); dot !== -1; dot = this.#nextDot(piece, dot + 1)) {
      slices.push(piece.subarray(from, dot), DOT_BYTES);
      from = dot;
    }
    slices.push(from === 0 ? piece : piece.subarray(from));
    this.#before = piece.length > 1 ? (piece[piece.length - 2] as number) : this.#last;
    this.#last = piece[piece.length - 1] as number;
    return slices;
  }

  /** The first dot that begins a line, counting what came before this piece. */
  #firstDot(piece: Buffer): number {
    const afterCrlf = this.#last === LF && this.#before === CR;
    if (afterCrlf && piece[0] === DOT) return 0;
    if (this.#last === CR && piece[0] === LF && piece[1] === DOT) return 1;
    return this.#nextDot(piece, 0);
  }

  /** The next dot behind a CRLF of this piece, or -1. A line's end may be the byte right behind the dot. */
  #nextDot(piece: Buffer, from: number): number {
    let dot = piece.indexOf(DOT, from);
    for (; dot !== -1 && this.#innerDots < INNER_DOTS_LIMIT; dot = piece.indexOf(DOT, dot + 1)) {
      if (piece[dot - 1] === LF && piece[dot - 2] === CR) return dot;
      this.#innerDots += 1;
    }
    if (dot === -1) return -1;
    const at = piece.indexOf(LINE_DOT, Math.max(0, dot - 2));
    return at === -1 ? -1 : at + 2;
  }
}
