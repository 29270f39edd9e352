/**
 * Buffers of one size that are used in turn: new memory of the size of a chunk costs the kernel more than filling it costs us,
 * and V8 collects garbage once much of it was asked for, however soon it was let go.
 */
import { Buffer } from 'node:buffer';

/** A quiet process keeps no more of them. */
const SPARE_LIMIT = 8;

export class ChunkMemory {
  readonly #bytes: number;
  readonly #spare: Buffer[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  lend(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** Any slice of one that nobody reads any more; what was not lent here is left alone. */
  takeBack({ buffer }: Buffer): void {
    if (buffer.byteLength === this.#bytes && this.#spare.length < SPARE_LIMIT) this.#spare.push(Buffer.from(buffer));
  }
}
