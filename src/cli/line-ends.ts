/**
 * Makes CRLF of every line end of a message that arrives in pieces: a file from a Unix editor ends its lines with LF.
 * Only for messages handed in on the command line; what comes by SMTP must have CRLF and is never repaired.
 */
const CR = 13;
const LF = 10;
const WIDEST = 2;

export class LineEnds {
  #afterCr = false;

  /** CRLF stays, and may be cut between two pieces; a LF or CR that stands alone becomes CRLF. */
  convert(piece: Uint8Array): Uint8Array {
    const out = new Uint8Array(piece.length * WIDEST);
    let length = 0;
    for (const byte of piece) {
      const ends = byte === CR || (byte === LF && !this.#afterCr);
      if (ends) {
        out[length++] = CR;
        out[length++] = LF;
      } else if (byte !== LF) out[length++] = byte;
      this.#afterCr = byte === CR;
    }
    return out.subarray(0, length);
  }
}
