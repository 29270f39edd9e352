/**
 * Requests that wait for their answer, by number: a ring, in which a number's place follows from itself. It grows when a
 * request is still open whose place is wanted again.
 *
 * Not a Map: V8 keeps the tables that a Map has outgrown linked from the older to the newer, so that the first that lives
 * long enough keeps every later entry alive until the next major collection. Under load these came five times a second.
 */

const FEWEST = 256;

export class OpenRequests<T> {
  #places: (T | undefined)[] = places(FEWEST);
  #numbers: number[] = [];
  /** No open request is older. */
  #oldest = 0;
  #count = 0;

  /** Numbers are given in order, and begin again at 1 after the last; each is open once at a time. */
  add(request: number, waiting: T): void {
    while (this.#places[this.#place(request)] !== undefined) this.#grow();
    if (this.#count === 0) this.#oldest = request;
    this.#put(request, waiting);
    this.#count += 1;
  }

  /** Undefined for one that is not open. */
  take(request: number): T | undefined {
    const place = this.#place(request);
    const waiting = this.#places[place];
    if (waiting === undefined || this.#numbers[place] !== request) return undefined;
    this.#places[place] = undefined;
    this.#count -= 1;
    return waiting;
  }

  takeAll(): readonly T[] {
    const all = this.#places.filter((waiting) => waiting !== undefined);
    this.#places = places(FEWEST);
    this.#count = 0;
    return all;
  }

  /** The one that was added first. */
  get oldest(): T | undefined {
    if (this.#count === 0) return undefined;
    while (this.#places[this.#place(this.#oldest)] === undefined) this.#oldest += 1;
    return this.#places[this.#place(this.#oldest)];
  }

  #place(request: number): number {
    return request & (this.#places.length - 1);
  }

  #put(request: number, waiting: T): void {
    this.#places[this.#place(request)] = waiting;
    this.#numbers[this.#place(request)] = request;
  }

  #grow(): void {
    const [before, numbers] = [this.#places, this.#numbers];
    this.#places = places(2 * before.length);
    this.#numbers = [];
    for (const [place, waiting] of before.entries())
      if (waiting !== undefined) this.#put(numbers[place] as number, waiting);
  }
}

/** So many places, a power of two. */
function places<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
