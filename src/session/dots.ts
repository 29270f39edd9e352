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

export class DotStuffer {
  /** The last two bytes seen; a body begins at the start of a line. */
  #last = LF;
  #before = CR;

  /** The stuffed octets of the next piece, as slices of it with dots between. */
  pass(piece: Buffer): readonly Buffer[] {
    if (piece.length === 0) return [];
    const slices: Buffer[] = [];
    let from = 0;
    for (let dot = this.#firstDot(piece); dot !== -1; dot = nextDot(piece, dot)) {
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
    return nextDot(piece, -1);
  }
}

/** The next dot behind CRLF after position `dot`, or -1. A line's end may be the byte right behind the dot. */
function nextDot(piece: Buffer, dot: number): number {
  const at = piece.indexOf(LINE_DOT, dot + 1);
  return at === -1 ? -1 : at + 2;
}
