/**
 * Buffers of a few sizes that are used in turn: new memory costs the kernel more than filling it costs us, and V8 collects
 * garbage once much of it was asked for, however soon it was freed.
 */
import { Buffer } from 'node:buffer';

/** A quiet process keeps no more of each size. */
const SPARE_LIMIT_BYTES = 2 * 1024 * 1024;

export class BufferPool {
  readonly #free: ReadonlyMap<number, Buffer[]>;
  readonly #ours = new WeakSet<ArrayBufferLike>();

  constructor(sizes: readonly number[]) {
    this.#free = new Map(sizes.map((bytes) => [bytes, []]));
  }

  /** One of these sizes. What is in it is anybody's. */
  lend(bytes: number): Buffer {
    return this.#free.get(bytes)?.pop() ?? this.#make(bytes);
  }

  /** Any slice of one that nobody reads any more; what was not lent here is left alone. */
  takeBack({ buffer }: Buffer): void {
    const free = this.#free.get(buffer.byteLength);
    if (free !== undefined && this.#ours.has(buffer) && free.length * buffer.byteLength < SPARE_LIMIT_BYTES)
      free.push(Buffer.from(buffer));
  }

  #make(bytes: number): Buffer {
    const made = Buffer.allocUnsafeSlow(bytes);
    this.#ours.add(made.buffer);
    return made;
  }
}
