/** What of some octets goes on, and what is put between: slices of them, never a copy. */
import type { Buffer } from 'node:buffer';
import type { Next } from './stage.js';

/** As few slices as can be, since each costs memory until it is stored. */
export class Kept {
  #pieces: Uint8Array[] = [];
  #bytes: Buffer | undefined;
  #from = 0;
  #to = 0;

  slice(bytes: Buffer, from: number, to: number): void {
    if (bytes !== this.#bytes || from !== this.#to) {
      this.#cut();
      this.#bytes = bytes;
      this.#from = from;
    }
    this.#to = to;
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#cut();
    this.#pieces.push(bytes);
  }

  /** All since it last did. */
  handOn(next: Next): void {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = undefined;
    for (const piece of pieces) next(piece);
  }

  #cut(): void {
    if (this.#bytes !== undefined && this.#to > this.#from)
      this.#pieces.push(this.#bytes.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
