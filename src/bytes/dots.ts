/**
 * Byte-stuffing on the way out (RFC 1939 §3, RFC 5321 §4.5.2): a line that begins with a dot gets another.
 * Pieces may be cut anywhere, also inside a CRLF. Pieces without such a line pass through uncopied, those with a few as
 * slices; from then on the rest of a piece is copied into one buffer, whatever a stranger made of it.
 */
import { Buffer } from 'node:buffer';
import { CR, DOT, LF } from './line-ends.js';

const DOT_BYTES = Buffer.from('.');
const LINE_DOT = Buffer.from('\r\n.');
/** Dots inside lines are fewer than lines, in most mail; from so many dots on in a piece, lines are looked at instead. */
const LOOKS_LIMIT = 64;
/** A slice costs as much as some hundred bytes. */
const SLICES_LIMIT = 16;
/** What is copied at once: with what a session holds before it writes, no more than all of them write from (shared-writes.ts). */
const COPY_BYTES = 8 * 1024;
/** `\r\n.` becomes `\r\n..`. */
const GROWTH = 4 / 3;

export class DotStuffer {
  /** The last two bytes seen; a body begins at the start of a line. */
  #last = LF;
  #before = CR;

  /** The stuffed octets of the next piece, all at once. */
  pass(piece: Buffer): readonly Buffer[] {
    const slices: Buffer[] = [];
    const from = this.#slice(piece, slices);
    if (from < piece.length) slices.push(this.#copy(piece, from, piece.length));
    this.#passed(piece);
    return slices;
  }

  /** The same, with no more work than COPY_BYTES for each that is asked for; all have to be, before the next piece. */
  *passSlowly(piece: Buffer): Generator<Buffer, void> {
    const slices: Buffer[] = [];
    const end = this.#slice(piece, slices);
    yield* slices;
    for (let from = end; from < piece.length; from += COPY_BYTES)
      yield this.#copy(piece, from, Math.min(from + COPY_BYTES, piece.length));
    this.#passed(piece);
  }

  #passed(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#before = piece.length > 1 ? (piece[piece.length - 2] as number) : this.#last;
    this.#last = piece[piece.length - 1] as number;
  }

  /** As far as there are few dots; returns where what is not sliced begins, with what may be a line's first dot. */
  #slice(piece: Buffer, slices: Buffer[]): number {
    let from = 0;
    let dot = piece.indexOf(DOT);
    for (let looks = 0; dot !== -1 && slices.length < SLICES_LIMIT; looks++, dot = nextDot(piece, dot, looks)) {
      if (!this.#beginsLine(piece, dot)) continue;
      slices.push(piece.subarray(from, dot), DOT_BYTES);
      from = dot;
    }
    const end = dot === -1 ? piece.length : dot;
    if (end > from) slices.push(from === 0 && end === piece.length ? piece : piece.subarray(from, end));
    return end;
  }

  #copy(piece: Buffer, from: number, to: number): Buffer {
    const copy = Buffer.allocUnsafeSlow(Math.ceil((to - from) * GROWTH) + 1);
    let length = 0;
    let before = from > 1 ? piece[from - 2] : from === 1 ? this.#last : this.#before;
    let last = from > 0 ? piece[from - 1] : this.#last;
    for (let at = from; at < to; at++) {
      const byte = piece[at] as number;
      if (byte === DOT && last === LF && before === CR) copy[length++] = DOT;
      copy[length++] = byte;
      before = last;
      last = byte;
    }
    return copy.subarray(0, length);
  }

  /** Whether CRLF stands before it, counting what came before this piece. */
  #beginsLine(piece: Buffer, dot: number): boolean {
    const last = dot > 0 ? piece[dot - 1] : this.#last;
    if (last !== LF) return false;
    return (dot > 1 ? piece[dot - 2] : dot === 1 ? this.#last : this.#before) === CR;
  }
}

/** The next dot, or once many were looked at the next that begins a line; -1 when there is none. */
function nextDot(piece: Buffer, dot: number, looks: number): number {
  if (looks < LOOKS_LIMIT) return piece.indexOf(DOT, dot + 1);
  const at = piece.indexOf(LINE_DOT, dot - 1);
  return at === -1 ? -1 : at + 2;
}
