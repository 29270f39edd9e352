/** Lines that end with CRLF as files of Unix have them, with LF; pieces may be cut anywhere. A CR that no LF follows stays. */
import { Buffer } from 'node:buffer';
import { CR, LF } from './line-ends.js';

export class LineFeedEnds {
  #heldCr = false;

  pass(piece: Uint8Array): Uint8Array {
    const made = Buffer.allocUnsafe(piece.length + 1);
    let length = 0;
    let heldCr = this.#heldCr;
    for (const byte of piece) {
      if (heldCr && byte !== LF) made[length++] = CR;
      heldCr = byte === CR;
      if (!heldCr) made[length++] = byte;
    }
    this.#heldCr = heldCr;
    return made.subarray(0, length);
  }

  /** What is left at the end of a message. */
  end(): Uint8Array {
    const rest = Buffer.from(this.#heldCr ? [CR] : []);
    this.#heldCr = false;
    return rest;
  }
}
