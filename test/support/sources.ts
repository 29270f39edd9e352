/** Sources as tests make them and look at them. */
import type { MaybePromise } from '../../src/store/shapes.js';
import { each, type Source } from '../../src/store/source.js';

/** Of pieces that are made when they are asked for; what a generator throws, its source throws. */
export function sourceOf<T>(pieces: Iterable<MaybePromise<T>>): Source<T> {
  const iterator = pieces[Symbol.iterator]();
  return {
    next: () => {
      const next = iterator.next();
      return next.done === true ? undefined : next.value;
    },
    close: () => void iterator.return?.(),
  };
}

/** Of a source that has them at once. */
export function piecesAtOnce<T>(source: Source<T>): T[] {
  const pieces: T[] = [];
  for (;;) {
    const piece = source.next();
    if (piece instanceof Promise) throw new Error('this source was to answer at once');
    if (piece === undefined) return pieces;
    pieces.push(piece);
  }
}

export async function allPieces<T>(source: MaybePromise<Source<T>>): Promise<T[]> {
  const pieces: T[] = [];
  for await (const piece of each(await source)) pieces.push(piece);
  return pieces;
}
