/** What a store gives a piece at a time: the octets of a message, the pages of a list. */
import type { MaybePromise } from './shapes.js';

/**
 * Pieces in order, each got when it is asked for. A piece that is there already costs no promise; one that is waited for has to
 * come, or fail, before the next is asked for.
 */
export interface Source<T = Uint8Array> {
  /** Undefined behind the last. Throws, or rejects with, a StoreError. */
  next(): MaybePromise<T | undefined>;
  /** Nobody asks for more. May be called at any time, and more than once. */
  close(): void;
}

/** Pieces that are all there. */
export class ArraySource<T = Uint8Array> implements Source<T> {
  readonly pieces: readonly T[];
  #at = 0;

  constructor(pieces: readonly T[]) {
    this.pieces = pieces;
  }

  next(): T | undefined {
    return this.pieces[this.#at++];
  }

  close(): void {
    this.#at = this.pieces.length;
  }
}

/** For whoever may wait: all pieces in order. */
export async function* each<T>(source: Source<T>): AsyncGenerator<T, void> {
  try {
    for (let piece = await source.next(); piece !== undefined; piece = await source.next()) yield piece;
  } finally {
    source.close();
  }
}
