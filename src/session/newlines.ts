/** A CR or LF that is not part of a CRLF, in a message that arrives in pieces: noticed, or made a CRLF. */
import { Buffer } from 'node:buffer';

const CR = 13;
const LF = 10;

export class NewlineCheck {
  #afterCr: boolean;
  #bare = false;

  /** `afterCr`: whether what came before ended with a CR. */
  constructor(afterCr = false) {
    this.#afterCr = afterCr;
  }

  look(piece: Uint8Array): void {
    let afterCr = this.#afterCr;
    let bare = this.#bare;
    // eslint-disable-next-line @typescript-eslint/prefer-for-of -- an iterator is slower, and this looks at every octet
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i];
      if ((byte === LF) !== afterCr) bare = true;
      afterCr = byte === CR;
    }
    this.#afterCr = afterCr;
    this.#bare = bare;
  }

  /** So far, without a CR at the very end. */
  get seen(): boolean {
    return this.#bare;
  }

  /** So far; a CR at the very end counts, since nothing follows it yet. */
  get bare(): boolean {
    return this.#bare || this.#afterCr;
  }
}

/** For senders that know no better, where the operator asked for it: each bare CR or LF becomes a CRLF. */
export class NewlineNormalizer {
  #afterCr = false;

  /** The piece itself when there is nothing to mend in it. */
  pass(piece: Uint8Array): Uint8Array {
    const check = new NewlineCheck(this.#afterCr);
    check.look(piece);
    const mended = check.seen ? this.#mend(piece) : piece;
    if (piece.length > 0) this.#afterCr = piece[piece.length - 1] === CR;
    return mended;
  }

  /** What is missing at the end. */
  end(): Uint8Array {
    return this.#afterCr ? Uint8Array.of(LF) : new Uint8Array();
  }

  #mend(piece: Uint8Array): Uint8Array {
    const mended = Buffer.allocUnsafe(2 * piece.length + 1);
    let afterCr = this.#afterCr;
    let to = 0;
    for (const byte of piece) {
      if (afterCr && byte !== LF) mended[to++] = LF;
      if (byte === LF && !afterCr) mended[to++] = CR;
      mended[to++] = byte;
      afterCr = byte === CR;
    }
    return mended.subarray(0, to);
  }
}
