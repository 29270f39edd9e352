/**
 * Counts the Received fields of a message while it passes (RFC 5321 §6.3): a message that has been through
 * too many servers is going round in a circle. Looks at the header section only, and keeps no more than a line's beginning.
 */
import { Buffer } from 'node:buffer';

const NAME = 'received:';
const LF = 10;
const CR = 13;
/** Stands for the beginning of a line that cannot be the field. */
const OTHER = '-'.repeat(NAME.length);

export class HopCount {
  #received = 0;
  #begun = '';
  #inHeader = true;

  get received(): number {
    return this.#received;
  }

  look(piece: Uint8Array): void {
    if (!this.#inHeader) return;
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let from = 0;
    while (from < bytes.length) {
      const end = bytes.indexOf(LF, from);
      this.#begin(bytes, from, end === -1 ? bytes.length : end);
      if (end === -1) return;
      this.#inHeader = this.#endLine();
      if (!this.#inHeader) return;
      from = end + 1;
    }
  }

  /** Adds to what is known of the line's beginning. */
  #begin(bytes: Buffer, from: number, to: number): void {
    if (this.#begun === '' && from < to && !mayBegin(bytes[from] as number)) this.#begun = OTHER;
    const missing = NAME.length - this.#begun.length;
    if (missing > 0) this.#begun += bytes.toString('latin1', from, Math.min(to, from + missing));
  }

  /** Whether the header section goes on. */
  #endLine(): boolean {
    const begun = this.#begun;
    this.#begun = '';
    if (begun.toLowerCase() === NAME) this.#received += 1;
    return begun !== '' && begun.charCodeAt(0) !== CR;
  }
}

/** The field, or the empty line. */
function mayBegin(byte: number): boolean {
  return byte === CR || (byte | 0x20) === NAME.charCodeAt(0);
}
