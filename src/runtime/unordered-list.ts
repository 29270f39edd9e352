/**
 * Who is there, in no order. Not a Set: V8 keeps the tables that a Set has outgrown linked from the older to the newer, so
 * that under many short sessions everything of theirs would wait for a major collection (open-requests.ts).
 */
export interface Entry<T> {
  readonly member: T;
  place: number;
}

export class UnorderedList<T> {
  readonly #entries: Entry<T>[] = [];

  get count(): number {
    return this.#entries.length;
  }

  add(member: T): Entry<T> {
    const entry = { member, place: this.#entries.length };
    this.#entries.push(entry);
    return entry;
  }

  /** Once for each `add`. */
  remove({ place }: Entry<T>): void {
    const last = this.#entries.pop() as Entry<T>;
    if (place === this.#entries.length) return;
    this.#entries[place] = last;
    last.place = place;
  }

  /** As they are now: members may leave meanwhile. */
  all(): readonly T[] {
    return this.#entries.map(({ member }) => member);
  }
}
