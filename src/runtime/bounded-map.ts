/**
 * A map that strangers fill: it holds no more than so many entries, and forgets the oldest. What is set again keeps its place;
 * what is renewed counts as new.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override set(key: K, value: V): this {
    super.set(key, value);
    if (this.size > this.#limit) this.#forgetOldest();
    return this;
  }

  renew(key: K, value: V): void {
    this.delete(key);
    this.set(key, value);
  }

  #forgetOldest(): void {
    for (const oldest of this.keys()) {
      this.delete(oldest);
      return;
    }
  }
}
