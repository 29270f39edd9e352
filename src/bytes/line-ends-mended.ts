/**
 * Ends lines with CRLF for a client that does not: an LF ends one, with a CR before it or two, as text mode makes of a CRLF. A CR alone ends
 * none, and stays where it is: whoever takes it for an end would find a dot on a line of its own where the client sent none.
 */
import { CR, CRLF_OCTETS, LF } from './line-ends.js';
import { NewlineCheck } from './newlines.js';

/** Every octet may become two. */
const WIDEST = 2;
/** Of those before it, more belong to no line's end. */
const CRS_LIMIT = 2;

export class LineEndMender {
  readonly #mended: () => void;
  /** CRs that wait for what follows them. */
  #crs = 0;
  #isInLine = false;

  /** `mended` is told of each piece in which a line ended in another way. */
  constructor(mended: () => void) {
    this.#mended = mended;
  }

  /** The piece itself when there is nothing to mend in it. */
  pass(piece: Uint8Array): Uint8Array {
    if (piece.length === 0 || this.#crs > 0 || isBare(piece)) return this.#mend(piece);
    this.#isInLine = piece[piece.length - 1] !== LF;
    return piece;
  }

  /** Nothing follows: the end of a line that has none. */
  end(): Uint8Array {
    const isOpen = this.#isInLine || this.#crs > 0;
    this.#crs = 0;
    this.#isInLine = false;
    if (!isOpen) return new Uint8Array();
    this.#mended();
    return CRLF_OCTETS;
  }

  #mend(piece: Uint8Array): Uint8Array {
    const mended = new Uint8Array(this.#crs + WIDEST * piece.length);
    let length = 0;
    let isMended = false;
    for (const byte of piece) {
      if (byte === CR) {
        if (this.#crs < CRS_LIMIT) this.#crs += 1;
        else mended[length++] = CR;
        continue;
      }
      if (byte === LF) {
        isMended ||= this.#crs !== 1;
        mended[length++] = CR;
      } else for (let crs = this.#crs; crs > 0; crs--) mended[length++] = CR;
      mended[length++] = byte;
      this.#crs = 0;
    }
    if (length > 0) this.#isInLine = mended[length - 1] !== LF;
    if (isMended) this.#mended();
    return mended.subarray(0, length);
  }
}

/** Also when a CR is the last: what follows decides. */
function isBare(piece: Uint8Array): boolean {
  const check = new NewlineCheck();
  check.look(piece);
  return check.bare;
}
