/** What of some bytes goes on, and what is put between: slices of them, never a copy. */
import type { Buffer } from 'node:buffer';

/** As few slices as can be, since each costs memory until it is stored. */
export class Kept {
  readonly #bytes: Buffer;
  readonly #pieces: Uint8Array[] = [];
  #from = 0;
  #to = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  slice(from: number, to: number): number {
    if (from !== this.#to) {
      this.#cut();
      this.#from = from;
    }
    this.#to = to;
    return to;
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#cut();
    this.#pieces.push(bytes);
  }

  get pieces(): readonly Uint8Array[] {
    this.#cut();
    return this.#pieces;
  }

  #cut(): void {
    if (this.#to > this.#from) this.#pieces.push(this.#bytes.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
