/**
 * Buffers of a few sizes that are used in turn: new memory costs the kernel more than filling it costs us, and V8 collects
 * garbage once much of it was asked for, however soon it was let go.
 */
import { Buffer } from 'node:buffer';

/** A quiet process keeps no more of each size. */
const SPARE_LIMIT_BYTES = 2 * 1024 * 1024;

export class SpareMemory {
  readonly #spare: ReadonlyMap<number, Buffer[]>;
  readonly #ours = new WeakSet<ArrayBufferLike>();

  constructor(sizes: readonly number[]) {
    this.#spare = new Map(sizes.map((bytes) => [bytes, []]));
  }

  /** One of these sizes. What is in it is anybody's. */
  lend(bytes: number): Buffer {
    return this.#spare.get(bytes)?.pop() ?? this.#make(bytes);
  }

  /** Any slice of one that nobody reads any more; what was not lent here is left alone. */
  takeBack({ buffer }: Buffer): void {
    const spare = this.#spare.get(buffer.byteLength);
    if (spare !== undefined && this.#ours.has(buffer) && spare.length * buffer.byteLength < SPARE_LIMIT_BYTES)
      spare.push(Buffer.from(buffer));
  }

  #make(bytes: number): Buffer {
    const made = Buffer.allocUnsafeSlow(bytes);
    this.#ours.add(made.buffer);
    return made;
  }
}
