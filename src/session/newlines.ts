/** Notices a CR or LF that is not part of a CRLF, in a message that arrives in pieces. */

const CR = 13;
const LF = 10;

export class NewlineCheck {
  #afterCr = false;
  #bare = false;

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

  /** So far; a CR at the very end counts, since nothing follows it yet. */
  get bare(): boolean {
    return this.#bare || this.#afterCr;
  }
}
