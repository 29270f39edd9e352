/** A CR or LF that is not part of a CRLF, in a message that arrives in pieces: noticed, or made a CRLF. */

import { CR, CRLF, LF } from './line-ends.js';
import { viewOf } from './view.js';

/** Every byte may become two. */
const WIDEST = 2;

export class NewlineCheck {
  #afterCr = false;
  #bare = false;

  look(piece: Uint8Array): void {
    if (this.#bare || piece.length === 0) return;
    let from = 0;
    if (this.#afterCr) {
      this.#bare = piece[0] !== LF;
      from = 1;
    }
    this.#afterCr = piece[piece.length - 1] === CR;
    while (!this.#bare) {
      const cr = piece.indexOf(CR, from);
      const lf = piece.indexOf(LF, from);
      if (cr === -1 || cr === piece.length - 1) {
        this.#bare = lf !== -1;
        return;
      }
      this.#bare = lf !== cr + 1;
      from = cr + 2;
      while (piece[from] === CR && piece[from + 1] === LF) from += 2; // Empty lines: to look for each would cost far more.
    }
  }

  /** So far; a CR at the very end counts, since nothing follows it yet. */
  get bare(): boolean {
    return this.#bare || this.#afterCr;
  }
}

/**
 * Makes a CRLF of each bare CR or LF: for what is handed in on the command line, where a file ends its lines with LF,
 * and for old senders where the operator asked for it. A CRLF may be cut between two pieces.
 */
export class NewlineNormalizer {
  #afterCr = false;

  /** The piece itself when there is nothing to mend in it. */
  pass(piece: Uint8Array): Uint8Array {
    return this.#afterCr || hasBare(piece) ? this.#mend(piece) : piece;
  }

  /** A CR is ended at once; the LF that belongs to it is then dropped, also from the next piece. */
  #mend(piece: Uint8Array): Uint8Array {
    if (!this.#afterCr && !piece.includes(CR)) return withCrlf(piece);
    const mended = Buffer.allocUnsafe(WIDEST * piece.length);
    let length = 0;
    let afterCr = this.#afterCr;
    for (const byte of piece) {
      if (byte === CR || (byte === LF && !afterCr)) {
        mended[length++] = CR;
        mended[length++] = LF;
      } else if (byte !== LF) mended[length++] = byte;
      afterCr = byte === CR;
    }
    this.#afterCr = afterCr;
    return mended.subarray(0, length);
  }
}

/** Of what has no CR, as most files on a disk: as text, which takes a third of the time. */
function withCrlf(piece: Uint8Array): Buffer {
  return Buffer.from(viewOf(piece).toString('latin1').replaceAll('\n', CRLF), 'latin1');
}

function hasBare(piece: Uint8Array): boolean {
  const check = new NewlineCheck();
  check.look(piece);
  return check.bare;
}
