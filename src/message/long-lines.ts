/**
 * Breaks lines that are longer than RFC 5321 §4.5.3.1.6 allows, which servers behind us may refuse or cut: by a CRLF and a space, as
 * Postfix does. A header field is folded by that, and what was encoded stays what it was; in other text there is a space more. Lines
 * end with CRLF here. Never holds a piece back.
 */
import { Buffer } from 'node:buffer';
import { CR, LF } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';
import { Kept } from './kept.js';
import type { Next, Stage } from './stage.js';

/** Without the CRLF. */
export const LINE_LIMIT_OCTETS = 998;
const BREAK = Buffer.from('\r\n ');
const BREAK_OCTETS = 1;
/** Of a character in UTF-8, behind its first octet. */
const UTF8_REST_LIMIT = 3;

export class LongLines implements Stage<never> {
  readonly #broken: () => void;
  readonly #kept = new Kept();
  /** Octets of the line that is going on. */
  #octets = 0;

  /** `broken` is told of each line that was too long. */
  constructor(broken: () => void) {
    this.#broken = broken;
  }

  write(piece: Uint8Array, next: Next): undefined {
    const bytes = viewOf(piece);
    for (let at = 0; at < bytes.length;) at = this.#passShort(bytes, at) ?? this.#passLine(bytes, at);
    this.#kept.handOn(next);
  }

  /** As many lines as are not too long even together: all that begin here and end so soon. Returns where the next begins. */
  #passShort(bytes: Buffer, from: number): number | undefined {
    const lf = bytes.lastIndexOf(LF, from + LINE_LIMIT_OCTETS - this.#octets + 1);
    if (lf < from) return undefined;
    this.#kept.slice(bytes, from, lf + 1);
    this.#octets = 0;
    return lf + 1;
  }

  /** Returns where the next line begins, or the piece ends. */
  #passLine(bytes: Buffer, from: number): number {
    const lf = bytes.indexOf(LF, from);
    const end = lf === -1 ? bytes.length : lf + 1;
    const text = endOfText(bytes, from, end);
    let at = from;
    while (this.#octets + text - at > LINE_LIMIT_OCTETS) {
      const to = cutAt(bytes, at, at + LINE_LIMIT_OCTETS - this.#octets);
      this.#kept.slice(bytes, at, to);
      this.#kept.add(BREAK);
      this.#octets = BREAK_OCTETS;
      this.#broken();
      at = to;
    }
    this.#kept.slice(bytes, at, end);
    this.#octets = lf === -1 ? this.#octets + text - at : 0;
    return end;
  }
}

/** Without the line's CRLF, or the CR of it that has come. */
function endOfText(bytes: Buffer, from: number, end: number): number {
  let to = end;
  if (to > from && bytes[to - 1] === LF) to -= 1;
  if (to > from && bytes[to - 1] === CR) to -= 1;
  return to;
}

/** Before a character rather than inside it. */
function cutAt(bytes: Buffer, from: number, to: number): number {
  const isRest = (at: number): boolean => ((bytes[at] as number) & 0xc0) === 0x80;
  for (let back = 0; back <= UTF8_REST_LIMIT && to - back > from; back++) if (!isRest(to - back)) return to - back;
  return to;
}
