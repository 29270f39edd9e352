/**
 * Long work in slices: whoever has more to do than fits into a moment waits here for its next slice, and one slice runs in
 * a turn of the event loop, whoever waits. So a hundred long tasks hold the others up no longer than one.
 */

/** What one slice may take. */
const SLICE_MS = 2;

export class Slices {
  readonly #waiting: (() => void)[] = [];

  /** Resolves in a later turn, when it is the caller's, with the moment at which its slice ends. */
  next(): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(performance.now() + SLICE_MS));
      if (this.#waiting.length === 1) setImmediate(() => this.#run());
    });
  }

  #run(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(() => this.#run());
  }
}

/** What `make` makes of each: at once where that is soon done, otherwise in slices. */
export async function madeInSlices<T, U>(all: readonly T[], make: (one: T) => U): Promise<readonly U[]> {
  const slices = new Slices();
  const made: U[] = [];
  let untilMs = performance.now() + SLICE_MS;
  for (const one of all) {
    if (performance.now() >= untilMs) untilMs = await slices.next();
    made.push(make(one));
  }
  return made;
}
